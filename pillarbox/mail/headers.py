"""The one header writer: every header line that leaves this house with text of others in it is made here.

It refuses what could start a second header, folds, and encodes text outside ASCII (RFC 5322, 2047, 2231).
`decode` is the way back.
"""

import re
from collections.abc import Sequence
from urllib.parse import quote

from pillarbox.mail import charsets, words
from pillarbox.mail.address import Address, quoted

_FOLD = 78
_LIMIT = 998
_LONGEST_NAME = 76
_LEAST_ROOM = 30  # a first encoded word shorter than this starts on a line of its own
_SEGMENT = 60  # characters of a parameter's value on one line

_token = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]++").fullmatch
_breaking = re.compile(r"[\r\n\0]")
_chunk = re.compile(r"[ \t]*+[^ \t]++|[ \t]++\Z")
_plain_phrase = re.compile(
    r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]++(?: [A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]++)*"
)
_mailbox = re.compile(r"[!#-'*+\-./0-9=?A-Z^-~]++@[!#-'*+\-./0-9:=?A-Z\[\]^-~]++").fullmatch
_folding = re.compile(r"\r?\n(?=[ \t])")
_controls = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_not_ascii = re.compile(r"[^ -~]")

_BREAKS = {ord(character): " " for character in "\r\n\0"}
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F))) + "\t"
_ATTRIBUTE = "!#$&+-.^_`|~"  # RFC 2231 section 7 beside letters and digits, as RFC 8187 has it


class HeaderError(ValueError):
    """This text cannot stand in a header."""


def is_token(name: str) -> bool:
    """Whether a header may have this name: 1 to 76 token characters of RFC 9110 section 5.6.2."""
    return len(name) <= _LONGEST_NAME and _token(name) is not None


def line(name: str, value: str) -> bytes:
    """One complete header, folded, with CRLF.

    A value in ASCII is only folded, at blanks; unfolding gives it back unchanged, encoded words that
    stand in it included. Text outside ASCII (or control characters) is encoded by RFC 2047, from the
    first word that needs it to the last. Lines have at most 78 octets where blanks allow, 998 always.

    Raises HeaderError: name is no token; CR, LF or NUL in the value.
    """
    if not is_token(name):
        raise HeaderError(f"not a header name: {name[:80]!r}")
    if len(name) + len(value) <= _FOLD - 2 and value.isascii() and value.isprintable():
        return f"{name}: {value}\r\n".encode("ascii")
    if _breaking.search(value):
        raise HeaderError(f"line break or NUL in {name}")
    prefix = f"{name}: "
    if not value.strip(_PRINTABLE):
        folded = _fill(prefix, _chunk.findall(value))
    else:
        folded = _fill(prefix, _encoded_chunks(prefix, value))
    # A word, or a run of blanks, that no fold can shorten: encoded words can.
    return folded or _fill(prefix, _spaced(_words(prefix, value))) or b""


def _fill(prefix: str, chunks: Sequence[str]) -> bytes | None:
    """Chunks on as few lines as possible; None if one would be too long.

    Every chunk but the first starts with a blank, where a line may be broken. A chunk of nothing but
    blanks is never a line: some receivers take such a line for the end of the headers.
    """
    lines = [prefix]
    column = len(prefix)
    for chunk in chunks:
        size = len(chunk)
        if column + size > _FOLD and len(lines) > 1 and chunk[0] in " \t" and chunk.strip():
            lines.append("\r\n")
            column = 0
        lines.append(chunk)
        column += size
        if column > _LIMIT:
            return None
    lines.append("\r\n")
    return "".join(lines).encode("ascii")


def _encoded_chunks(prefix: str, value: str) -> list[str]:
    """Chunks of a value in which one run of words must be encoded."""
    if "=?" in value:
        return _spaced(_words(prefix, value))
    first = len(value) - len(value.lstrip(_PRINTABLE))
    last = len(value.rstrip(_PRINTABLE))
    start = value.rfind(" ", 0, first) + 1
    end = value.find(" ", last)
    if end < 0:
        end = len(value)
    head = value[:start].rstrip(" ")
    if start and not head:
        return _spaced(_words(prefix, value))
    gap = value[len(head) : start]
    chunks = _chunk.findall(head)
    encoded = _spaced(_words(_last_line(prefix, chunks) + gap, value[start:end]))
    encoded[0] = gap + encoded[0]
    return chunks + encoded + _chunk.findall(value[end:])


def _last_line(prefix: str, chunks: Sequence[str]) -> str:
    """What stands on the last line once these chunks are written."""
    written = _fill(prefix, chunks)
    return written[written[:-2].rfind(b"\n") + 1 : -2].decode("ascii") if written else ""


def _words(before: str, text: str) -> list[str]:
    room = _FOLD - 2 - len(before)
    return words.encode(text, first=min(room, 75) if room >= _LEAST_ROOM else 75)


def _spaced(encoded: list[str]) -> list[str]:
    return [encoded[0], *(f" {word}" for word in encoded[1:])]


def address_line(name: str, addresses: Sequence[Address]) -> bytes:
    """One complete header of addresses, folded between them where possible, with CRLF.

    Display names are quoted where they must be and encoded by RFC 2047 outside ASCII.

    Raises HeaderError: name is no token; no address at all; CR, LF or NUL in a display name; an
    address that is not one bare word of printable ASCII with an @.
    """
    if not is_token(name):
        raise HeaderError(f"not a header name: {name[:80]!r}")
    if not addresses:
        raise HeaderError(f"no address for {name}")
    items = [_mailbox_text(address) for address in addresses]
    if len(items) == 1 and len(name) + len(items[0]) <= _FOLD - 2:
        return f"{name}: {items[0]}\r\n".encode("ascii")
    chunks: list[str] = []
    for index, item in enumerate(items):
        text = f"{' ' if index else ''}{item}{',' if index + 1 < len(items) else ''}"
        if len(text) < _FOLD:
            chunks.append(text)
        else:
            chunks += _chunk.findall(text)
    return _fill(f"{name}: ", chunks) or b""


def _mailbox_text(address: Address) -> str:
    email, name = address.email, address.name
    if len(email) > 320 or not _mailbox(email):
        raise HeaderError(f"not an address: {email[:80]!r}")
    if not name:
        return email
    if _breaking.search(name):
        raise HeaderError("line break or NUL in a display name")
    return f"{_phrase(name)} <{email}>"


def _phrase(name: str) -> str:
    """A display name as RFC 5322 and 2047 write it."""
    if "=?" in name or not name.isascii() or not name.isprintable():
        return " ".join(words.encode(name))
    if _plain_phrase.fullmatch(name) and len(name) <= _FOLD:
        return name
    if max(map(len, name.split(" "))) > 200:
        return " ".join(words.encode(name))
    return quoted(name)


def parameter(name: str, value: str, *, has_fallback: bool = True) -> str:
    """One header parameter, `filename="report.pdf"`; no value can end it early or break the line.

    Outside ASCII, and when long, the value is written by RFC 2231 (RFC 8187), in continued pieces if
    one line does not hold it. With `has_fallback` a plain ASCII likeness goes first for old readers;
    without, readers that prefer the plain form see the real value. Control characters become `_`.

    Raises HeaderError: name is no token.
    """
    if not is_token(name):
        raise HeaderError(f"not a parameter name: {name[:80]!r}")
    value = _controls.sub("_", value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    if value.isascii() and len(escaped) <= 2 * _SEGMENT and "=?" not in value:
        return f'{name}="{escaped}"'
    extended = _extended(name, quote(value, safe=_ATTRIBUTE))
    if not has_fallback:
        return extended
    likeness = _not_ascii.sub("_", value[: 2 * _SEGMENT]).replace("\\", "_").replace('"', "_")
    return f'{name}="{likeness}"; {extended}'


def _extended(name: str, encoded: str) -> str:
    """RFC 2231 sections 3 and 4: percent-encoded UTF-8, cut between octets."""
    if len(encoded) <= _SEGMENT:
        return f"{name}*=UTF-8''{encoded}"
    pieces = re.findall(rf".{{1,{_SEGMENT - 2}}}(?:(?<=%)..|(?<=%.).)?", encoded)
    pieces[0] = f"UTF-8''{pieces[0]}"
    return "; ".join([f"{name}*{index}*={piece}" for index, piece in enumerate(pieces)])


def unfold(value: str) -> str:
    """A header value on one line: line ends go, the blanks after them stay (RFC 5322 section 2.2.3).

    What is left of CR, LF and NUL becomes a blank.
    """
    if "\n" in value or "\r" in value or "\0" in value:
        return _folding.sub("", value).translate(_BREAKS)
    return value


def decode(value: str | bytes) -> str:
    """A header value as text: unfolded, encoded words decoded. Never raises.

    Octets that are not UTF-8 are read as Latin-1. The result holds no CR, LF or NUL, whatever the
    encoded words held.
    """
    if isinstance(value, bytes):
        value = charsets.decode(value)
    return words.decode(unfold(value))
