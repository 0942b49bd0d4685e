"""Handing files out so that no browser shows or runs them. Source: RFC 6266, RFC 8187. Pure."""

import re
from urllib.parse import quote

_media_type = re.compile(r"[A-Za-z0-9!#$&^_.+\-]{1,127}/[A-Za-z0-9!#$&^_.+\-]{1,127}").fullmatch
_LONGEST = 150
_RESERVED = frozenset('/\\:*?"<>|')
_UNSEEN = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


def headers(name: str) -> dict[str, str]:
    """The headers of a file that is to be saved under a name, which may be anything a stranger wrote."""
    name = safe_name(name)
    plain = "".join(c if " " <= c < "\x7f" and c not in '%;"\\' else "_" for c in name)
    exact = quote(name, safe="!#$&+-.^_`|~", errors="replace")
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }


def safe_name(name: str) -> str:
    """A file name without path, control and direction characters, not hidden and not too long."""
    name = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(
        "_" if c in _RESERVED or c in _UNSEEN or not c.isprintable() else c for c in name
    )
    kept = kept.strip(" .") or "attachment"
    if len(kept) > _LONGEST:
        stem, dot, extension = kept.rpartition(".")
        keep = dot + extension if dot and len(extension) <= 10 else ""
        kept = (stem if keep else kept)[: _LONGEST - len(keep)] + keep
    return kept


def media_type(declared: str) -> str:
    """The declared type without parameters, or the one that says nothing when it is malformed."""
    plain = declared.partition(";")[0].strip().lower()
    return plain if _media_type(plain) else "application/octet-stream"
