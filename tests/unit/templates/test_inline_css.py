"""Inlining: what moves, what stays, and what is left alone."""

import pytest

from pillarbox.templates.inline_css import MAX_TAGS, inline_css


def document(body: str, head: str = "") -> str:
    return f"<html><head>{head}</head><body>{body}</body></html>"


@pytest.mark.parametrize(
    ("html", "inlined"),
    [
        ("", document("")),
        ("plain", document("plain")),
        ("<p>Hi", document("<p>Hi</p>")),
        (
            "<style>p { color: red }</style><p>Hi</p>",
            document('<p style="color: red;">Hi</p>'),
        ),
        (
            "<style type='text/css'>.a{color:red}</style><p class=a style='margin:0'>x</p>",
            document('<p class="a" style="color: red;margin: 0">x</p>'),
        ),
        (
            "<style>p{color:red}@media print{p{color:blue}}a:hover{top:0}</style><p>x</p>",
            document(
                '<p style="color: red;">x</p>',
                "<style>@media print{p{color:blue}}\na:hover { top: 0; }</style>",
            ),
        ),
        (
            '<a href="{{{ pm:unsubscribe }}}">{{{ pm:unsubscribe label="no" }}}</a>',
            document('<a href="{{{ pm:unsubscribe }}}">{{{ pm:unsubscribe label="no" }}}</a>'),
        ),
        (
            "<!DOCTYPE html><!--[if mso]><p>x</p><![endif]--><p>é &#233; &amp; 日本</p>",
            "<!DOCTYPE html><!--[if mso]><p>x</p><![endif]-->" + document("<p>é é &amp; 日本</p>"),
        ),
    ],
)
def test_what_moves(html, inlined):
    assert inline_css(html) == inlined


def test_nothing_is_fetched(tmp_path):
    sheet = tmp_path / "a.css"
    sheet.write_text("p{color:red}")
    for address in (sheet, sheet.as_uri(), "http://127.0.0.1:9/a.css"):
        link = f'<link rel="stylesheet" href="{address}">'
        assert inline_css(f"{link}<p>x</p>") == document("<p>x</p>", link)
        sheets = f"<style>@import url({address});</style>"
        assert "color" not in inline_css(f"{sheets}<p>x</p>")


@pytest.mark.parametrize(
    "html",
    [
        "<i>" * (MAX_TAGS + 1),
        "<b x>" * 4000 + "<p>x</p>" * 4000,
        "<style>" + "p{color:red}" * 10_000 + "</style>" + "<p>x</p>" * 1000,
    ],
)
def test_what_costs_too_much_stays_as_it_is(html):
    assert inline_css(html) == html


@pytest.mark.parametrize("tag", ["<div>", "<table><td>"])
def test_elements_may_nest_deeply(tag):
    html = tag * (4000 // tag.count("<"))
    assert inline_css(html).count("</") > 4000
