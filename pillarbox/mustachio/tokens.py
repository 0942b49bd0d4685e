"""Cutting a text into tokens and saying what each of them is. Source: spec templates 6.1, 6.9."""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

# A token holds no brace, so nothing is gained by giving characters back: each is looked at three times at most.
_token = re.compile(r"\{\{[^{}]++\}\}|\{\{\{[^{}]++\}\}\}")


class Kind(Enum):
    """What a token is. LITERAL is also a placeholder that a later step of sending fills in."""

    LITERAL = auto()
    VALUE = auto()
    RAW_VALUE = auto()
    SECTION = auto()
    INVERTED = auto()
    END = auto()
    LOOP = auto()
    LOOP_WITHOUT_PATH = auto()
    LOOP_END = auto()
    MISSPELT_LOOP_END = auto()
    CONTENT = auto()
    COMMENT = auto()


class Token(NamedTuple):
    """A piece of a template. content: literal text or the text of a path. at: index of its first character."""

    kind: Kind
    content: str
    at: int


def tokens_of(text: str) -> Iterator[Token]:
    """All of a text, in its order, in pieces that are not empty."""
    end = 0
    for match in _token.finditer(text):
        at = match.start()
        if at > end:
            yield Token(Kind.LITERAL, text[end:at], end)
        kind, content = _classify(match[0])
        yield Token(kind, content, at)
        end = match.end()
    if end < len(text):
        yield Token(Kind.LITERAL, text[end:], end)


def _classify(token: str) -> tuple[Kind, str]:
    inside = token.strip("{}")
    match token[2]:
        case "{":
            return _unescaped(token, inside.strip())
        case "#":
            return _loop(inside) if inside.startswith("#each") else (Kind.SECTION, _path(inside))
        case "^":
            return Kind.INVERTED, _path(inside)
        case "/":
            return _loop_end(inside) if inside.startswith("/each") else (Kind.END, _path(inside))
        case "!":
            return Kind.COMMENT, ""
        case "&":
            return Kind.RAW_VALUE, inside.lstrip("&").strip()
    content = inside.strip()
    return (Kind.LITERAL, token) if content.startswith("pm:") else (Kind.VALUE, content)


def _unescaped(token: str, content: str) -> tuple[Kind, str]:
    if content == "@content":
        return Kind.CONTENT, ""
    if content.startswith("pm:"):
        return Kind.LITERAL, token
    return Kind.RAW_VALUE, content.lstrip("&").strip()


def _path(inside: str) -> str:
    return inside[1:].strip()


def _loop(inside: str) -> tuple[Kind, str]:
    rest = inside.removeprefix("#each")
    path = rest.strip()
    if rest.startswith(" ") and path:
        return Kind.LOOP, path
    return Kind.LOOP_WITHOUT_PATH, _path(inside)


def _loop_end(inside: str) -> tuple[Kind, str]:
    return (Kind.LOOP_END if inside == "/each" else Kind.MISSPELT_LOOP_END), ""
