"""Reading header values with parameters: Content-Type and Content-Disposition (RFC 2045, 2183, 2231).

Total: what cannot be read is left out. Writing is `headers.parameter`.
"""

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from pillarbox.mail import charsets, words

_MOST = 200
_SHORT = 64

_parameter = re.compile(
    r';\s*+([^\s=;"]++)\s*+=\s*+(?:"([^"\\]*+(?:\\.[^"\\]*+)*)(?:"|\Z|\\\Z)|([^;]*+))', re.DOTALL
)
_escape = re.compile(r"\\(.)", re.DOTALL)
_extended = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*)?)?").fullmatch

_Segments = dict[int, tuple[bool, str]]


def split(value: str) -> tuple[str, dict[str, str]]:
    """The main value, lower case, and the parameters by lower-case name.

    RFC 2231 values are put together and decoded, and win over plain ones; encoded words in plain
    ones, which RFC 2047 forbids and many send, are decoded. Of equal names the first counts.
    """
    if len(value) > _SHORT:
        return _split(value)
    main, found = _split_short(value)
    return main, found.copy()


@lru_cache(256)
def _split_short(value: str) -> tuple[str, dict[str, str]]:
    """What is short, like `text/plain; charset=utf-8`, is the same in one message after the other."""
    return _split(value)


def _split(value: str) -> tuple[str, dict[str, str]]:
    main, semicolon, _ = value.partition(";")
    plain: dict[str, str] = {}
    if not semicolon:
        return main.strip().lower(), plain
    extended: dict[str, _Segments] = {}
    for count, found in enumerate(_parameter.finditer(value, len(main))):
        if count >= _MOST:
            break
        name, quoted, bare = found.groups()
        text = bare.strip() if quoted is None else _escape.sub(r"\1", quoted)
        _keep(name.lower(), text, plain, extended)
    for name, segments in extended.items():
        plain[name] = _joined(segments)
    return main.strip().lower(), plain


def _keep(name: str, text: str, plain: dict[str, str], extended: dict[str, _Segments]) -> None:
    if "*" in name and (parts := _extended(name)):
        base, index, star = parts.groups()
        segments = extended.setdefault(base, {})
        segments.setdefault(int(index or 0), (index is None or star is not None, text))
    else:
        plain.setdefault(name, words.decode(text))


def _joined(segments: _Segments) -> str:
    """Segments up to a missing one, decoded by the charset the first one names; some count from 1."""
    is_encoded, text = segments.get(0, (False, ""))
    charset = ""
    if is_encoded and text.count("'") >= 2:
        charset, _, text = text.split("'", 2)
    data = _octets(text, is_encoded=is_encoded)
    found = [data]
    index = 1
    while index in segments:
        is_encoded, text = segments[index]
        found.append(_octets(text, is_encoded=is_encoded))
        index += 1
    return charsets.decode(b"".join(found), charset)


def _octets(text: str, *, is_encoded: bool) -> bytes:
    return unquote_to_bytes(text) if is_encoded else text.encode("utf-8", "replace")
