"""Taking HTML apart into tags, texts and comments, with where each stands.

Tags and attributes are told apart as the HTML standard does it. Linear, whatever comes: no alternative of a
pattern is tried twice from one place, and what never ends swallows the rest (CVE-2025-6069 is the quadratic way).
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from html import unescape

MAX_CHECKED = 512 * 1024
"""Characters of a body that are looked at: five times what Gmail shows."""
_VALUE = r"""\s*+=\s*+(?:"[^"]*+"|'[^']*+'|(?!["'])[^\s>]++|(?=>))"""
_ATTRIBUTE = rf"[^\s/>][^\s/>=]*+(?:{_VALUE}|(?!\s*+=))"
_token = re.compile(
    rf"""<(?:
      !--(?:-?>|(?P<comment>(?:[^-]++|-(?!->))*)-->)
    | !doctype(?P<doctype>[^>]*+)>
    | (?P<slash>/?)(?P<name>[a-z][^\s/>]*+)(?P<attributes>(?:[\s/]*+(?:{_ATTRIBUTE}))*)[\s/]*+>
    | (?P<endless>!--|!doctype|/?[a-z])
    )""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_attribute = re.compile(
    r"""[\s/]*+(?P<name>[^\s/>][^\s/>=]*+)
    (?:\s*+=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?!["'])(?P<bare>[^\s>]++)|(?=>|\Z)))?""",
    re.ASCII | re.VERBOSE,
)
_RAW = frozenset({"style", "script", "title", "textarea", "xmp", "iframe", "noembed", "noframes"})
_raw_ends = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.ASCII | re.IGNORECASE) for name in sorted(_RAW)
}


class Kind(Enum):
    """What a piece is."""

    START = "start"
    END = "end"
    TEXT = "text"
    COMMENT = "comment"
    DOCTYPE = "doctype"


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a document. `text` of a style or script is told by its `name`, other texts have none."""

    kind: Kind
    at: int
    name: str = ""
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def pieces(html: str) -> Iterator[Piece]:
    """The pieces of a document in order; names are lower-case, attributes' values without references."""
    position = 0
    while found := _token.search(html, position):
        if found.start() > position:
            yield Piece(Kind.TEXT, position, text=html[position : found.start()])
        if found["endless"]:
            return
        position = found.end()
        piece = _piece(found)
        yield piece
        if piece.kind is Kind.START and piece.name in _RAW:
            end = _raw_ends[piece.name].search(html, position)
            until = end.start() if end else len(html)
            yield Piece(Kind.TEXT, position, piece.name, html[position:until])
            position = until
    if position < len(html):
        yield Piece(Kind.TEXT, position, text=html[position:])


def _piece(found: re.Match[str]) -> Piece:
    if found["name"] is None:
        is_doctype = found["doctype"] is not None
        text = found["doctype"] if is_doctype else found["comment"] or ""
        return Piece(Kind.DOCTYPE if is_doctype else Kind.COMMENT, found.start(), text=text)
    name = found["name"].lower()
    if found["slash"]:
        return Piece(Kind.END, found.start(), name)
    attributes: dict[str, str] = {}
    for one in _attribute.finditer(found["attributes"]):
        value = one["double"] or one["single"] or one["bare"] or ""
        attributes.setdefault(one["name"].lower(), unescape(value) if "&" in value else value)
    return Piece(Kind.START, found.start(), name, attributes=attributes)


class Lines:
    """Which line of a text an offset stands on."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer(r"\r\n?|\n", text))]

    def of(self, at: int) -> int:
        """The number of the line, from 1."""
        return bisect_right(self._starts, at)
