"""Links, and the other checks."""

from dataclasses import replace

import pytest

from pillarbox.checks import links
from pillarbox.checks.report import Setting, check
from pillarbox.mail.parse import parse

INNER = "opens only on this machine or in this network"
GOOD = Setting(
    author_domain="mail.shop.example",
    signing_domain="shop.example",
    return_path_host="bounces.shop.example",
    is_known=True,
    is_verified=True,
    is_broadcast=False,
    unsubscribes=False,
)


def a_mail(html: str | None, text: str | None, head: str = "") -> bytes:
    parts = [("plain", text), ("html", html)]
    body = "".join(
        f"--b\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{part}\r\n"
        for kind, part in parts
        if part is not None
    )
    mime = "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    return f"From: a@shop.example\r\n{head}{mime}{body}--b--\r\n".encode()


def tones(html: str | None, text: str | None, head: str = "", **changes) -> dict[str, str]:
    report = check(parse(a_mail(html, text, head)), replace(GOOD, **changes))
    return {one.title: one.tone for one in report.checks}


@pytest.mark.parametrize(
    ("html", "problems"),
    [
        ("<a href='https://a.example/'>Go</a>", []),
        ("<a href='http://a.example/'>Go</a>", ["not encrypted (http)"]),
        ("<a href='https://www.a.example/x'>a.example/x</a>", []),
        ("<a href='https://a.example/'>https://shop.a.example</a>", []),
        (
            "<a href='https://evil.example/'><b>https://bank</b>.example</a>",
            [],  # two words: a reader sees no address
        ),
        (
            "<a href='https://evil.example/'>bank.example</a>",
            ["the text names bank.example, the link goes to evil.example"],
        ),
        ("<a href=''>Go</a>", ["goes nowhere"]),
        ("<a href='#'>Go</a>", ["goes nowhere"]),
        ("<a href='#top'>Go</a>", []),
        ("<a href='/x'>Go</a>", ["goes nowhere in a mail: it has no host"]),
        ("<a href='https://[x'>Go</a>", ["no valid address"]),
        ("<a href='http://'>Go</a>", ["no valid address"]),
        ("<a href='http://localhost:3000/x'>Go</a>", [INNER]),
        ("<a href='https://192.168.1.5/'>Go</a>", [INNER]),
        ("<a href='https://[::1]/'>Go</a>", [INNER]),
        ("<a href='https://printer.local/'>Go</a>", [INNER]),
        ("<a href='https://8.8.8.8/'>Go</a>", []),
        ("<a href='https://a.example/{{ id }}'>Go</a>", ["a placeholder that was not filled in"]),
        ("<a href='javascript:alert(1)'>Go</a>", ["clients do not follow javascript:"]),
        ("<a href='mailto:a@b.example'>Go</a>", []),
        ("<a href='{{{ pm:unsubscribe }}}'>Go</a>", []),
        ("<a href='https://a.example/'><img src=x></a>", ["nothing to read"]),
        ("<a href='https://a.example/'><img src=x alt=Shop></a>", []),
    ],
)
def test_links(html: str, problems: list[str]) -> None:
    [link] = links.of_html(html)
    assert link.problems == problems


def test_links_are_counted_up_to_a_limit() -> None:
    assert len(links.of_html("<a href=x>y</a>" * 1000)) == links.MAX_LINKS
    assert [one.url for one in links.of_text("See https://a.example/x. Or http://b.example")] == [
        "https://a.example/x",
        "http://b.example",
    ]


def test_a_message_that_is_in_order() -> None:
    found = tones("<p>Hello dear reader of our shop</p>", "Hello dear reader of our shop")
    assert set(found.values()) <= {"good", "mute"}


def test_authentication() -> None:
    assert tones("", "x")["DKIM"] == "good"
    assert tones("", "x", signing_domain="")["DKIM"] == "bad"
    foreign = tones("", "x", signing_domain="other.example", return_path_host="other.example")
    assert (foreign["DKIM"], foreign["Return-Path"]) == ("warn", "warn")
    assert tones("", "x", return_path_host="other.example")["Return-Path"] == "mute"
    assert tones("", "x", is_known=False, is_verified=False)["Domain"] == "warn"


def test_unsubscribing() -> None:
    link = "List-Unsubscribe: <https://a.example/u>\r\n"
    click = link + "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    name = "List-Unsubscribe"
    assert tones("", "x")[name] == "mute"
    assert tones("", "x", is_broadcast=True)[name] == "bad"
    assert tones("", "x", link, is_broadcast=True)[name] == "warn"
    assert tones("", "x", click, is_broadcast=True)[name] == "good"
    assert tones("", "x", unsubscribes=True)[name] == "good"


def test_size_text_images_and_active_content() -> None:
    assert tones("x" * 110_000, "x")["Size"] == "bad"
    assert tones("x" * 100_000, "x")["Size"] == "warn"
    assert tones("<p>One two three", "Nothing alike")["Text part"] == "warn"
    assert tones("<p>One", None)["Text part"] == "warn"
    assert tones(None, "One")["Text part"] == "good"
    assert tones("<img src=x>", "x")["Images"] == "warn"
    assert tones("<img src=x alt=''>", "x")["Images"] == "good"
    assert tones("<script>x</script>", "x")["Active content"] == "warn"


def test_only_the_beginning_of_very_long_html_is_checked() -> None:
    report = check(parse(a_mail("x" * 600_000, "x")), GOOD)
    assert report.is_cut


def test_without_bodies_there_is_a_report() -> None:
    report = check(parse(b""), GOOD)
    assert report.support is None
    assert report.links == []
