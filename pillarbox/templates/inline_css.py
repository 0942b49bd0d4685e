"""Moving the rules of `<style>` elements into `style` attributes. Pure; nothing is ever fetched.

What the library cannot do within bounds stays as it is: a message that looks plain beats one that never leaves.
Source: spec sending 6.4.
"""

import re
import threading
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from css_inline import CSSInliner

MAX_BYTES = 5 * 1024 * 1024
MAX_TAGS = 8000
MAX_WORK = 50_000_000
"""Bytes of style sheets times elements, at worst some 60 ns each."""
MAX_COPIES = 2_000_000
"""Unclosed inline elements times all elements: the HTML parser opens them again in every block."""

_QUICK_TAGS, _QUICK_WORK, _QUICK_COPIES = 200, 10_000, 2_000
"""Bounds as above for what takes less than a millisecond."""
_SHALLOW_TAGS = 1000
_DEEP_STACK = 64 * 1024 * 1024

_start = re.compile(r"<[A-Za-z]")
_inline_start = re.compile(
    r"<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?![A-Za-z0-9-])", re.IGNORECASE
)
_style_sheet = re.compile(r"<style\b.*?(?:</style|\Z)", re.IGNORECASE | re.DOTALL)
_empty_style = re.compile(r"<style(?: [^<>]*)?></style>")
_stack_lock = threading.Lock()


def inline_css(html: str) -> str:
    """The HTML with its style sheets inlined, as a whole document even if it was a fragment.

    Rules that cannot be attributes stay: media queries, `:hover`, what matches nothing. HTML that is too large,
    too costly or too broken is returned as it is.
    """
    tags = sum(1 for _ in _start.finditer(html))
    if not _is_bounded(html, tags):
        return html
    inlined = _inline(html) if tags <= _SHALLOW_TAGS else _inline_deep(html)
    return html if inlined is None else _empty_style.sub("", inlined)


def is_quick(html: str) -> bool:
    """Whether `inline_css` is done with this, of a few thousand characters, in less than a millisecond."""
    if not _inliner.cache_info().currsize:
        return False  # importing the library alone takes longer
    tags = sum(1 for _ in _start.finditer(html))
    return tags <= _QUICK_TAGS and _costs_at_most(html, tags, _QUICK_WORK, _QUICK_COPIES)


def _is_bounded(html: str, tags: int) -> bool:
    if tags > MAX_TAGS or len(html) > MAX_BYTES:
        return False
    return _costs_at_most(html, tags, MAX_WORK, MAX_COPIES)


def _costs_at_most(html: str, tags: int, work: int, copies: int) -> bool:
    sheets = sum(len(sheet[0]) for sheet in _style_sheet.finditer(html))
    inline_tags = sum(1 for _ in _inline_start.finditer(html))
    return sheets * tags <= work and inline_tags * tags <= copies


def _inline(html: str) -> str | None:
    try:
        return _inliner().inline(html)
    except BaseException as problem:
        # A panic of the library is no Exception, but it is its failure, not ours.
        if isinstance(problem, Exception) or type(problem).__name__ == "PanicException":
            return None
        raise


def _inline_deep(html: str) -> str | None:
    """The same with room for elements that nest deeply: the library recurses, on the stack of its thread."""
    result: list[str | None] = []
    thread = threading.Thread(target=lambda: result.append(_inline(html)), name="inline-css")
    with _stack_lock:
        before = threading.stack_size(_DEEP_STACK)
        try:
            thread.start()
        finally:
            threading.stack_size(before)
    thread.join()
    return result[0] if result else None


@cache
def _inliner() -> "CSSInliner":
    """The library, imported by the first message that needs it (decision 0015)."""
    from css_inline import CSSInliner

    return CSSInliner(
        load_remote_stylesheets=False,
        keep_link_tags=True,
        keep_style_tags=True,
        keep_at_rules=True,
        remove_inlined_selectors=True,
    )
