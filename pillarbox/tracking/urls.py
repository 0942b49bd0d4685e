"""Which texts are URLs that may be tracked, and where they stand in plain text.

Source: spec tracking-and-unsubscribe 2.2; RFC 3986 appendix A.
"""

import re
from collections.abc import Iterator

LONGEST_URL = 2048
_CHARACTERS = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]++|%[0-9A-Fa-f]{2})*"
_well_formed = re.compile(
    rf"""https?://
    (?:(?:[A-Za-z0-9\-._~!$&'()*+,;=:]++|%[0-9A-Fa-f]{{2}})*@)?
    (?P<host>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?|\[[0-9A-Fa-f:.]+\])
    (?::(?P<port>[0-9]{{0,5}}))?
    (?:[/?]{_CHARACTERS})?
    (?:\#{_CHARACTERS})?""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_in_text = re.compile(
    r"(?<![A-Za-z0-9+.\-])https?://[A-Za-z0-9\-._~!$&'()*+,;=:@/?#%\[\]]++(?![^\x00-\x7f]|[{|}\\^`])",
    re.ASCII | re.IGNORECASE,
)
_BRACKETS = {")": "(", "]": "["}


def may_be_tracked(url: str, own_hosts: frozenset[str]) -> bool:
    """Whether a URL is well-formed, absolute, of http or https, not too long, and leads elsewhere.

    `own_hosts` are host, or host:port, of our own links, lower-case.
    """
    if len(url) > LONGEST_URL:
        return False
    found = _well_formed.fullmatch(url)
    if found is None:
        return False
    host, port = found["host"].lower(), found["port"]
    return (f"{host}:{port}" if port else host) not in own_hosts


def in_text(text: str) -> Iterator[tuple[int, int]]:
    """Where URLs stand in a text: without the punctuation behind them, unless it closes a bracket of their own."""
    for found in _in_text.finditer(text):
        start, end = found.span()
        yield start, start + _length(text[start : min(end, start + LONGEST_URL + 64)])


def _length(run: str) -> int:
    open_before = {closing: run.count(opening) for closing, opening in _BRACKETS.items()}
    closed = {closing: run.count(closing) for closing in _BRACKETS}
    end = len(run)
    while end:
        last = run[end - 1]
        if last in _BRACKETS:
            if closed[last] <= open_before[last]:
                break
            closed[last] -= 1
        elif last not in ".,;:!?>'\"":
            break
        end -= 1
    return end
