"""Paths: which are legal, and how one is read. Source: spec templates 6.2."""

import re

from pillarbox.mustachio.model import Path

_UP = "../"

# The patterns of Postmark's engine, to the letter.
_fault = re.compile(r"[.]{3,}|[^\w./_]+|(?<!\.\.)/|[.]{2,}($|[^/])").search
_elements = re.compile(r"\.\.[\\/]|[^.]+").findall


def path_of(text: str) -> Path | None:
    """Read a path; None if the text is none. The empty text is one: it means the current context."""
    if text.isascii() and text.isidentifier():
        return Path(text, 0, (text,))
    if _fault(text):
        return None
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
