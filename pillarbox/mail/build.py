"""Putting a message together: MIME structure, encodings, boundaries. Source: spec sending 6.3, RFC 2045 to 2049.

Header text of others is written by headers.py; here stand only the lines that describe the body. The
bodies can be read back exactly as given: see `body_forms`.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import quote

from pillarbox.mail import headers, parameters, transfer

_OCTET_STREAM = "application/octet-stream"
_LONGEST_TYPE = 255
# How a body was changed to be written, so that reading can undo it: flags, plain numbers for speed.
LF = 1  # line ends were LF; they are written CRLF
OPEN = 2  # the last line had no line end; it may have got one
VERBATIM = 4  # nothing was changed: the line ends were mixed
_HTML_SHIFT = 3
_FORM_MASK = 7

_plain_type = re.compile(r"[A-Za-z0-9!#$&^_.+\-]{1,127}/[A-Za-z0-9!#$&^_.+\-]{1,127}").fullmatch
_not_in_id = re.compile(r"[^!-;=?-~ ]")
_whole_type = ("multipart/", "message/")


@dataclass(slots=True, kw_only=True)
class Part:
    """An attachment; with a content id an inline one, which the HTML refers to as `cid:`."""

    name: str
    content_type: str
    content: bytes
    content_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Content:
    """What a message is made of. `headers` are complete lines, without those that describe the body.

    `seed` makes boundaries: equal seeds and bodies give equal messages. `forms` is what `body_forms`
    says of text and HTML, when that is known already.
    """

    headers: list[bytes]
    text: str | None = None
    html: str | None = None
    parts: list[Part] = field(default_factory=list)
    seed: str = ""
    forms: int | None = None


_Entity = list[bytes]
"""The pieces of one MIME entity, its Content- headers first; joined they are the entity."""


def body_form(text: str) -> int:
    """How this body will be changed when it is written: LF, OPEN, VERBATIM."""
    form = 0 if text.endswith("\n") else OPEN
    lines = text.count("\n")
    if "\r" in text:
        pairs = text.count("\r\n")
        return form if lines == pairs == text.count("\r") else VERBATIM
    return form | LF if lines else form


def body_forms(text: str | None, html: str | None) -> int:
    """The forms of both bodies of a message in one number, for `restore_bodies`."""
    forms = body_form(text) if text is not None else 0
    return forms | body_form(html) << _HTML_SHIFT if html is not None else forms


def restore(text: str, form: int) -> str:
    """The body as it was given, from the body as the built message holds it."""
    if form & VERBATIM:
        return text
    if form & OPEN:
        text = text.removesuffix("\r\n")
    return text.replace("\r\n", "\n") if form & LF else text


def restore_bodies(text: str | None, html: str | None, forms: int) -> tuple[str | None, str | None]:
    """Both bodies as they were given, from those the built message holds."""
    return (
        None if text is None else restore(text, forms & _FORM_MASK),
        None if html is None else restore(html, forms >> _HTML_SHIFT & _FORM_MASK),
    )


def build(content: Content) -> bytes:
    """The complete message: 7 bit, every line end CRLF, no line over 998 octets.

    Text and HTML become an alternative, inline parts are related to the HTML, other parts stand
    beside them in a mixed. Without HTML an inline part is an attachment like the others.
    """
    forms = content.forms
    if forms is None:
        forms = body_forms(content.text, content.html)
    text = html = None
    if content.text is not None:
        text = _text_entity(b"plain", content.text, forms & _FORM_MASK)
    if content.html is not None:
        html = _text_entity(b"html", content.html, forms >> _HTML_SHIFT)
    inline = [part for part in content.parts if part.content_id and html]
    others = [part for part in content.parts if not (part.content_id and html)]
    leaves = [_part_entity(part, is_inline=True) for part in inline]
    attached = [_part_entity(part, is_inline=False) for part in others]
    boundary = _boundary(
        content.seed, [entity for entity in (text, html, *leaves, *attached) if entity]
    )
    if html and leaves:
        html = _multipart(b"related", [html, *leaves], boundary + b"3")
    bodies = [entity for entity in (text, html) if entity]
    if len(bodies) > 1:
        bodies = [_multipart(b"alternative", bodies, boundary + b"2")]
    if attached:
        bodies = [_multipart(b"mixed", [*bodies, *attached], boundary + b"1")]
    entity = bodies[0] if bodies else _text_entity(b"plain", "", 0)
    end = () if entity[-1].endswith(b"\r\n") else (b"\r\n",)
    return b"".join((*content.headers, b"MIME-Version: 1.0\r\n", *entity, *end))


def _text_entity(subtype: bytes, text: str, form: int) -> _Entity:
    encoding, body = _encoded_text(text, form)
    return [
        b"Content-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: %b\r\n\r\n"
        % (subtype, encoding),
        body,
    ]


def _encoded_text(text: str, form: int) -> tuple[bytes, bytes]:
    data = text.encode("utf-8", "replace")
    if form & VERBATIM:
        return b"base64", transfer.encode_base64(data)
    if form & LF:
        data = data.replace(b"\n", b"\r\n")
    if transfer.is_seven_bit(data):
        return b"7bit", data
    return transfer.encode_text(data)


def _part_entity(part: Part, *, is_inline: bool) -> _Entity:
    content_type = clean_type(part.content_type)
    encoding, body = b"base64", b""
    if content_type.startswith(_whole_type):
        # RFC 2046 section 5.2.1: no encoding but the identity for messages.
        if transfer.is_seven_bit(part.content) and transfer.has_even_line_ends(part.content):
            encoding, body = b"7bit", part.content
        else:
            content_type = _OCTET_STREAM
    if encoding == b"base64":
        body = transfer.encode_base64(part.content)
    disposition = "inline" if is_inline else "attachment"
    lines = [
        headers.line("Content-Type", content_type + _name("name", part.name)),
        b"Content-Transfer-Encoding: %b\r\n" % encoding,
        headers.line("Content-Disposition", disposition + _name("filename", part.name)),
    ]
    if part.content_id:
        lines.append(headers.line("Content-ID", f"<{_clean_id(part.content_id)}>"))
    return [b"".join(lines) + b"\r\n", body]


def _name(parameter: str, name: str) -> str:
    return f"; {headers.parameter(parameter, name, has_fallback=False)}" if name else ""


def _multipart(subtype: bytes, entities: list[_Entity], boundary: bytes) -> _Entity:
    delimiter = b"--%b\r\n" % boundary
    pieces = [
        b'Content-Type: multipart/%b;\r\n boundary="%b"\r\n\r\n' % (subtype, boundary),
        delimiter,
        *entities[0],
    ]
    delimiter = b"\r\n" + delimiter
    for entity in entities[1:]:
        pieces.append(delimiter)
        pieces += entity
    pieces.append(b"\r\n--%b--" % boundary)
    return pieces


def _boundary(seed: str, entities: list[_Entity]) -> bytes:
    """A boundary (but for its last character) that stands in none of these entities.

    Base64 and quoted-printable cannot hold `=_`.
    """
    attempt = 0
    while True:
        words = f"{seed} {attempt}" if attempt else seed
        digest = blake2b(words.encode("utf-8", "replace"), digest_size=12).hexdigest()
        boundary = f"=_{digest}-".encode("ascii")
        if not _stands_in(boundary, entities):
            return boundary
        attempt += 1


def _stands_in(boundary: bytes, entities: list[_Entity]) -> bool:
    for entity in entities:
        for piece in entity:
            if boundary in piece:
                return True
    return False


def clean_type(content_type: str) -> str:
    """A media type with its parameters, safe to be written; `application/octet-stream` for a bad one.

    Type and subtype come back in lower case; the parameters `name` and `boundary` and all that are
    no tokens are left out. A multipart cannot be a single part, so it is a bad one too.
    """
    return _clean_type(content_type) if len(content_type) <= _LONGEST_TYPE else _OCTET_STREAM


@lru_cache(maxsize=256)
def _clean_type(content_type: str) -> str:
    main, found = parameters.split(content_type)
    if not _plain_type(main) or main.startswith("multipart/"):
        return _OCTET_STREAM
    pieces = [main]
    for name, value in found.items():
        if name in ("name", "boundary") or not headers.is_token(name) or "*" in name:
            continue
        is_plain = value.isascii() and value and headers.is_token(value)
        pieces.append(f"{name}={value}" if is_plain else headers.parameter(name, value))
    return "; ".join(pieces)


def _clean_id(content_id: str) -> str:
    """A content id between angle brackets; octets outside ASCII as in the `cid:` URL of RFC 2392."""
    return _not_in_id.sub(lambda found: quote(found.group(), errors="replace"), content_id)
