"""Taking HTML apart."""

import time

import pytest

from pillarbox.checks import links, support
from pillarbox.checks.markup import MAX_CHECKED, Kind, Lines, pieces


def told(html: str) -> list[tuple[str, str, str]]:
    return [(piece.kind.value, piece.name, piece.text) for piece in pieces(html)]


def test_tags_texts_and_comments() -> None:
    assert told("<!doctype html><P>a<!-- b --></p>c") == [
        ("doctype", "", " html"),
        ("start", "p", ""),
        ("text", "", "a"),
        ("comment", "", " b "),
        ("end", "p", ""),
        ("text", "", "c"),
    ]


def test_raw_text_is_not_taken_apart() -> None:
    assert told("<style>a > b{}</x></STYLE ><title><b>x") == [
        ("start", "style", ""),
        ("text", "style", "a > b{}</x>"),
        ("end", "style", ""),
        ("start", "title", ""),
        ("text", "title", "<b>x"),
    ]


def test_attributes_in_every_writing() -> None:
    [piece] = pieces("<a HREF = 'x&amp;y' b=\"1 > 2\" c=3 d href=second>")
    assert piece.kind is Kind.START
    assert piece.attributes == {"href": "x&y", "b": "1 > 2", "c": "3", "d": ""}


@pytest.mark.parametrize("html", ["<a", "<!--", "<a b='", "<!doctype", "</", "<"])
def test_what_never_ends_ends(html: str) -> None:
    assert all(piece.kind is not Kind.START for piece in pieces(html))


def test_lines_end_in_three_ways() -> None:
    lines = Lines("a\r\nb\rc\nd")
    assert [lines.of(at) for at in (0, 3, 5, 7)] == [1, 2, 3, 4]


HOSTILE = (
    "<a ",
    "<a b='",
    "<a b=\"'>",
    "<!--",
    "<x>",
    "<style ",
    "<a href=x>",
    "&lt",
    "<style></style",
    "<style>url(",
    "<style>a{b:",
    "<style>/*",
    "<style>[x",
    "<style>a::b ",
    "<p style='url(",
    "<p style='a:1.",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_html_takes_linear_time(piece: str) -> None:
    """CVE-2025-6069, CVE-2026-15308: quadratic HTML parsing."""
    first, _, rest = piece.partition(">")
    html = f"{first}>" + rest * MAX_CHECKED if rest else piece * MAX_CHECKED
    html = html[:MAX_CHECKED]
    started = time.process_time()
    support.check(html)
    links.of_html(html)
    assert time.process_time() - started < 10
