"""Paths: which are legal, and how one is read. Source: spec templates 6.2."""

import re

from pillarbox.mustachio.model import Path

_UP = "../"

# The patterns of Postmark's engine, to the letter.
_fault = re.compile(r"[.]{3,}|[^\w./_]+|(?<!\.\.)/|[.]{2,}($|[^/])").search
_elements = re.compile(r"\.\.[\\/]|[^.]+").findall
_is_name = re.compile(r"\w+").fullmatch


def is_legal(text: str) -> bool:
    """Whether a text may stand for a path. The empty text may: it means the current context."""
    return _fault(text) is None


def path_of(text: str) -> Path:
    """Read a legal path."""
    if _is_name(text):
        return Path(text, 0, (text,))
    ups = 0
    names: list[str] = []
    for element in _elements(text):
        if element != _UP:
            names.append(element)
        elif names:
            names.pop()  # down and up again is where we were
        else:
            ups += 1
    return Path(text, ups, tuple(names))
