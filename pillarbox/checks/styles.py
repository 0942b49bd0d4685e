"""What a style sheet makes use of: properties, values, selectors, at-rules, as keys of the support table.

The keys are those that `scripts/caniemail.py` gives to the features of the table:

    p:margin   d:display:flex   f:calc   u:rem   w:!important   i:png      of declarations
    @:media    m:hover          s:child  :hover  ::before                  of rules
    css-comment, css-nesting

Tolerant and linear, as browsers are: what makes no sense says nothing.
"""

import re
from collections.abc import Iterator
from posixpath import splitext
from urllib.parse import urlsplit

Use = tuple[str, int]
"""A key, and where in the text it is used."""

_token = re.compile(
    r"""(?P<comment>/\*(?:[^*]++|\*(?!/))*(?:\*/|\Z))
    | (?P<string>"(?:[^"\\\n]++|\\.)*"?+|'(?:[^'\\\n]++|\\.)*'?+)
    | (?P<url>url\([^)"']{0,1000}+\))
    | (?P<mark>[{};])
    | (?P<other>[^/"'{};u]++|.)""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_name = re.compile(r"-{0,2}[a-z][a-z0-9-]{0,60}").fullmatch
_function = re.compile(r"(?<![\w-])([a-z][a-z-]{1,40})\(")
_unit = re.compile(r"(?<![\w#.-])[+-]?(?:\d++(?:\.\d++)?|\.\d++)(%|[a-z]{1,5})(?![\w-])")
_word = re.compile(r"(?:!|(?<![\w!-]))[a-z][a-z-]{2,30}(?![\w(-])")
_url = re.compile(r"url\(\s{0,9}[\"']?([^)\"']{1,2000})", re.IGNORECASE)
_media = re.compile(r"\(\s{0,9}([a-z-]{3,60})")
_pseudo = re.compile(r"::?[a-z][a-z-]{1,40}")
_quoted = re.compile(r"\[[^\]]{0,500}\]")
_SELECTORS = (
    ("s:grouping", re.compile(r",")),
    ("s:child", re.compile(r">")),
    ("s:adjacent", re.compile(r"\+")),
    ("s:sibling", re.compile(r"~")),
    ("s:universal", re.compile(r"\*")),
    ("s:attribute", re.compile(r"\[")),
    ("s:id", re.compile(r"#[\w-]")),
    ("s:class", re.compile(r"\.[\w-]")),
    ("s:chaining", re.compile(r"\.[\w-]{1,100}\.[\w-]")),
    ("s:type", re.compile(r"(?:^|[\s>+~,(])[a-z]")),
    ("s:descendant", re.compile(r"[\w\])*]\s++[\w.#\[:*]")),
)
_LEGACY = frozenset({":before", ":after", ":first-letter", ":first-line"})
_LONGEST = 4000
_HOLDS_RULES = frozenset({"media", "supports", "document", "layer", "container", "scope"})
_MIME_ENDINGS = {"svg+xml": "svg", "vnd.microsoft.icon": "ico", "x-icon": "ico", "jpeg": "jpg"}


def of_sheet(css: str) -> Iterator[Use]:
    """What a style sheet makes use of."""
    return _walk(css, [])


def of_attribute(css: str) -> Iterator[Use]:
    """What the value of a style attribute makes use of."""
    return _walk(css, ["rule"])


def of_image(url: str) -> list[str]:
    """The keys of the format that the URL of an image speaks of."""
    if url[:5].lower() == "data:":
        kind = url[5:60].partition(",")[0].partition(";")[0].lower().removeprefix("image/")
        return ["i:base64", f"i:{_MIME_ENDINGS.get(kind, kind)}"]
    try:
        ending = splitext(urlsplit(url[:_LONGEST]).path)[1].lower()
    except ValueError:
        return []
    return [f"i:{ending[1:]}"] if ending else []


def _walk(css: str, blocks: list[str]) -> Iterator[Use]:
    """Go through a text; `blocks` are the kinds of blocks around: rule, group or frames."""
    text: list[str] = []
    start = 0
    for found in _token.finditer(css):
        if found["comment"] is not None:
            yield "css-comment", found.start()
        elif found["mark"] is None:
            if not text:
                start = found.start()
            text.append(found[0])
        else:
            words = "".join(text).strip()
            text = []
            if found["mark"] == "{":
                yield from _opened(words, start, blocks)
            else:
                yield from _ended(words, start, blocks)
                if found["mark"] == "}" and blocks:
                    blocks.pop()
    yield from _ended("".join(text).strip(), start, blocks)


def _opened(words: str, at: int, blocks: list[str]) -> Iterator[Use]:
    """A block begins after these words."""
    around = blocks[-1] if blocks else "group"
    if words.startswith("@"):
        name = re.split(r"[\s(]", words[1:100], maxsplit=1)[0].lower()
        yield f"@:{name.removeprefix('-webkit-')}", at
        if name == "media":
            yield from ((f"m:{one}", at) for one in _media.findall(words[:_LONGEST].lower()))
        is_frames = name.endswith("keyframes")
        blocks.append("frames" if is_frames else "group" if name in _HOLDS_RULES else "rule")
        return
    if around == "rule":
        yield "css-nesting", at
    if around != "frames":
        yield from ((key, at) for key in _selectors(words[:_LONGEST].lower()))
    blocks.append("rule")


def _selectors(words: str) -> Iterator[str]:
    plain = _quoted.sub("[]", words)
    yield from (key for key, pattern in _SELECTORS if pattern.search(plain))
    for pseudo in _pseudo.findall(plain):
        yield f":{pseudo}" if pseudo in _LEGACY else pseudo


def _ended(words: str, at: int, blocks: list[str]) -> Iterator[Use]:
    """A declaration, or a rule without a block, ends."""
    if words.startswith("@"):
        name = re.split(r"\s", words[1:100], maxsplit=1)[0].lower()
        yield f"@:{name}", at
    elif blocks and blocks[-1] == "rule" and ":" in words:
        yield from ((key, at) for key in _declaration(words))


def _declaration(words: str) -> Iterator[str]:
    name, _, value = words[:_LONGEST].partition(":")
    name, value = name.strip().lower(), value.strip()
    if not _name(name):
        return
    for url in _url.findall(value):
        yield from of_image(url)
    value = _url.sub("", value).lower()
    if name.startswith("--"):
        yield "f:var"
        return
    yield f"p:{name}"
    words_used = _word.findall(value)
    if words_used:
        yield f"d:{name}:{words_used[0]}"
    yield from (f"w:{one}" for one in words_used)
    yield from (f"f:{one}" for one in _function.findall(value))
    yield from (f"u:{one}" for one in _unit.findall(value))
