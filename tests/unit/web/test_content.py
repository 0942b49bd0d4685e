"""The tabs of a message's content: what each shows, and how much at most."""

import time

import pytest

from pillarbox.web.messages import content, mail_html
from pillarbox.web.messages.content import Wish, show
from pillarbox.web.messages.structure import parts

HEAD = b"From: a@one.example\r\nMIME-Version: 1.0\r\n"
BOTH = (
    HEAD + b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n"
    b"--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>a\r\n<p>b\r\n--b--\r\n"
)


def a_mixed(count: int) -> bytes:
    one = (
        b"--b\r\nContent-Type: text/csv; name=a.csv\r\nContent-Disposition: attachment\r\n\r\nx\r\n"
    )
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + one * count + b"--b--\r\n"


def tabs(raw: bytes) -> list[str]:
    return [tab.name for tab in show(raw, Wish())["tabs"]]  # type: ignore[attr-defined]


def test_there_is_a_tab_for_what_there_is() -> None:
    assert tabs(BOTH) == ["html", "text", "headers", "source", "code", "parts", "checks"]
    assert tabs(b"") == ["text", "headers", "source", "parts", "checks"]
    assert "files" in tabs(a_mixed(1))


@pytest.mark.parametrize("asked", ["nonsense", "files", "../code", "__class__"])
def test_a_tab_that_is_not_there_is_the_first(asked: str) -> None:
    assert show(BOTH, Wish(tab=asked))["tab"].name == "html"  # type: ignore[attr-defined]


def test_the_source_of_the_html_has_lines() -> None:
    assert show(BOTH, Wish(tab="code"))["lines"] == ["<p>a", "<p>b"]


@pytest.mark.parametrize("tab", ["html", "text", "headers", "source", "code", "parts", "files"])
def test_a_very_large_message_makes_a_page_of_bounded_size(tab: str) -> None:
    raw = HEAD + b"X-Long: " + b"a" * 100_000 + b"\r\nContent-Type: text/html\r\n\r\n"
    raw += b"<br>\n" * 2_000_000
    started = time.process_time()
    values = show(raw, Wish(tab=tab))
    assert time.process_time() - started < 10
    shown = [values.get(name) for name in ("text", "source", "lines", "headers", "files", "parts")]
    assert len(str(shown)) < 1_000_000


def test_hundreds_of_attachments_are_listed_in_part() -> None:
    values = show(a_mixed(content.MAX_FILES + 100), Wish(tab="files"))
    assert len(values["files"]) == content.MAX_FILES  # type: ignore[arg-type]
    assert values["left_out"] == "100 more attachments"
    many = show(a_mixed(900), Wish(tab="parts"))
    assert many["left_out"] == f"{901 - content.MAX_PARTS} more parts"


def test_parts_are_numbered_and_described() -> None:
    found, total = parts(BOTH, most=10)
    assert total == 3
    assert [(part.number, part.depth, part.content_type) for part in found] == [
        ("whole", 0, "multipart/alternative"),
        ("1", 1, "text/plain"),
        ("2", 1, "text/html"),
    ]
    assert (found[2].encoding, found[1].charset) == ("8bit", "utf-8")


def test_deep_nesting_has_an_end() -> None:
    raw = HEAD
    for depth in range(200):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth)
    found, total = parts(raw, most=300)
    assert total == len(found) < 60
    assert len(found[-1].number) <= 21


def test_a_very_large_html_is_shown_in_part_unless_all_is_asked_for() -> None:
    html = "<p>a</p>" * (mail_html.MAX_FRAMED // 4)
    assert len(mail_html.framed(html, [])) < len(html) * 0.6
    assert mail_html.framed(html, [], is_whole=True).endswith(html)
    raw = HEAD + b"Content-Type: text/html\r\n\r\n" + html.encode()
    assert show(raw, Wish())["is_cut"] is True
    assert show(raw, Wish(is_whole=True))["is_cut"] is False
    assert "whole=1" in Wish(is_whole=True).query(dark=True)


def test_pictures_inside_of_the_html_do_not_count() -> None:
    picture = f"<img src='data:image/png;base64,{'A' * mail_html.MAX_FRAMED}'>"
    assert mail_html.beginning(picture * 2 + "<p>after") == picture * 2 + "<p>after"
    words = "w" * mail_html.MAX_FRAMED
    assert mail_html.beginning(words + picture) == words
    assert mail_html.beginning("<p>" + picture + words).endswith(
        "'>" + words[: -len("<p><img src=''>")]
    )


def test_dark_answers_the_questions_of_style_sheets_alone() -> None:
    html = (
        "<!doctype html><p>prefers-color-scheme: dark</p>"
        "<style>@media (prefers-color-scheme: dark) {a{}} @media (prefers-color-scheme:light) {b{}}</style>"
    )
    dark = mail_html.framed(html, [], is_dark=True)
    assert dark.startswith(
        '<!doctype html><base target="_blank"><meta name="color-scheme" content="dark">'
    )
    assert "<p>prefers-color-scheme: dark</p>" in dark
    assert "@media (min-width: 0) {a{}} @media (max-width: 0) {b{}}" in dark
    assert "(max-width: 0) {a{}}" in mail_html.framed(html, [])


@pytest.mark.parametrize("html", ["<style " * 300_000, "<style></style " * 200_000])
def test_dark_is_linear(html: str) -> None:
    started = time.process_time()
    mail_html.framed(html, [], is_dark=True)
    assert time.process_time() - started < 5
