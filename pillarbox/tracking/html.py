"""Finding the links of an HTML body without taking it apart: everything but the values found keeps its bytes.

Tags and attributes are told apart as the HTML standard does it. Linear, whatever comes: no alternative of the
pattern is tried twice from one place, and what never ends swallows the rest. Texts are any one-octet-a-character
reading of the body, so that its charset does not matter. Source: spec tracking-and-unsubscribe 2.2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5

_VALUE = r"""\s*+=\s*+(?:"[^"]*+"|'[^']*+'|(?!["'])[^\s>]++|(?=>))"""
_ATTRIBUTE = rf"[^\s/>][^\s/>=]*+(?:{_VALUE}|(?!\s*+=))"
_ATTRIBUTES = rf"(?:[\s/]*+(?:{_ATTRIBUTE}))*[\s/]*+>"


def _tokens(others: str) -> re.Pattern[str]:
    return re.compile(
        rf"""<(?:
          !--(?:-?>|(?:[^-]++|-(?!->))*-->)
        | a(?=[\s/>])(?P<anchor>(?:[\s/]*+(?:{_ATTRIBUTE}))*)[\s/]*+>
        | (?P<raw>script|style|textarea|title|xmp|iframe|noembed|noframes)(?=[\s/>]){_ATTRIBUTES}
        {others}
        )""",
        re.ASCII | re.IGNORECASE | re.VERBOSE,
    )


_every_token = _tokens(rf"| /?[a-z][^\s/>]*+{_ATTRIBUTES} | (?P<endless>!--|/?[a-z])")
_token = _tokens(r"| (?P<endless>!--|a(?=[\s/>]))")
# While no quoted value holds a "<", tags other than links can be passed over: five times as fast.
_hides_tags = re.compile(r"""=\s*+(?:"[^"<]*+<|'[^'<]*+<)""", re.ASCII)
_attribute = re.compile(
    r"""[\s/]*+(?P<name>[^\s/>][^\s/>=]*+)
    (?:\s*+=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?!["'])(?P<bare>[^\s>]++)|(?=>|\Z)))?""",
    re.ASCII | re.VERBOSE,
)
_entity = re.compile(r"&(?:#(?:[0-9]{1,7}|[xX][0-9a-fA-F]{1,6});?|([A-Za-z][A-Za-z0-9]{0,31};?))")
_body_end = re.compile(r"</body\s*+>", re.ASCII | re.IGNORECASE)
NO_TRACK = "data-pm-no-track"
_BLANKS = " \t\r\n\f"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The `href` of a link: its meaning, and where its value stands; where the wish not to be tracked stands."""

    url: str
    start: int
    end: int
    no_track: tuple[int, int] | None


def anchors(html: str) -> Iterator[Anchor]:
    """Every `<a href>` in order; none in comments, scripts, or the values of other attributes."""
    position = 0
    token = _every_token if _hides_tags.search(html) else _token
    while found := token.search(html, position):
        position = found.end()
        if found["endless"]:
            return
        if name := found["raw"]:
            end = re.compile(rf"</{name}(?=[\s/>])", re.ASCII | re.IGNORECASE).search(
                html, position
            )
            if end is None:
                return
            position = end.start()
        elif found["anchor"]:
            anchor = _anchor(html, *found.span("anchor"))
            if anchor is not None:
                yield anchor


def _anchor(html: str, start: int, end: int) -> Anchor | None:
    href: tuple[int, int] | None = None
    no_track: tuple[int, int] | None = None
    for found in _attribute.finditer(html, start, end):
        name = found["name"].lower()
        if name == "href" and href is None and found.lastgroup != "name":
            href = found.span(found.lastgroup or "name")
        elif name == NO_TRACK and no_track is None:
            no_track = found.span()
    if href is None:
        return None
    return Anchor(unescape(html[slice(*href)]).strip(_BLANKS), *href, no_track)


def unescape(value: str) -> str:
    """An attribute's value with its character references resolved.

    Without a semicolon a name counts only when no letter, digit or `=` follows: `&copy=1` is a parameter.
    Source: HTML standard 13.2.5.73.
    """
    return _entity.sub(_character, value) if "&" in value else value


def _character(found: re.Match[str]) -> str:
    name = found[1]
    if name is None:
        digits = found[0][2:].rstrip(";")
        number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    if not name.endswith(";") and found.string[found.end() : found.end() + 1] == "=":
        return found[0]
    return html5.get(name, found[0])


def end_of_body(html: str) -> int:
    """Where something is put to stand last: before the last `</body>`, or at the end."""
    at = len(html)
    for found in _body_end.finditer(html):
        at = found.start()
    return at
