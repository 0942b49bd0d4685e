import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail.dsn_text import LONGEST, Told, body_of, read
from pillarbox.mail.parse import parse


def one(text: str) -> Told:
    (found,) = read(text)
    return found


@pytest.mark.parametrize(
    "line",
    [
        "<ann@one.example>:",
        "  ann@one.example",
        "    <ann@one.example>",
        "<Ann@One.example>: ",
        "ann@one.example on 3/4/2026 9:15 AM",
        "ann@one.example<mailto:ann@one.example>",
        "ann@one.example (generated from x@two.example)",
        "Failed address: ann@one.example",
        "Destinataire : ann@one.example",
        "* ann@one.example",
        "'ann@one.example'",
    ],
)
def test_lines_that_name_the_recipient(line: str):
    found = one(f"Sorry.\n\n{line}\n    550 no\n")
    assert (found.recipient, found.reply) == ("ann@one.example", "550 no")


@pytest.mark.parametrize(
    "line",
    [
        "Please write to postmaster@one.example for help.",
        "a@b",
        "@",
        "x@y@z w",
        "From: a@b.example",
    ],
)
def test_other_lines_name_nobody_or_are_harmless(line: str):
    assert len(read(f"{line}\n550 no\n")) == 1
    assert read(f"{line}\n550 no\n")[0].reply == "550 no"


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("550 5.1.1 User unknown", "550 5.1.1 User unknown"),
        (
            "host mx said: 550 5.1.1 <a@b.example>:\n    unknown\n    user\n\nmore",
            "550 5.1.1 <a@b.example>: unknown user",
        ),
        ("Remote host said: 552 full\nGiving up on 192.0.2.1.", "552 full"),
        ("<<< 550-one\n<<< 550 two\n>>> QUIT", "550-one 550 two"),
        (
            "Sorry, no mailbox here by that name. (#5.1.1)",
            "Sorry, no mailbox here by that name. (#5.1.1)",
        ),
        ("<mx.one.example #5.1.1>", "mx.one.example #5.1.1"),
        ("after 450 hours, 500 KB and 550 messages", ""),
        ("connect to 192.0.2.55 [192.0.2.4]:25", ""),
        ("version 4.5.6.7 of 2026-03-04", ""),
        ("250 2.0.0 Ok", ""),
        ("", ""),
    ],
)
def test_the_first_answer_that_is_quoted(text: str, reply: str):
    assert one(text).reply == reply


def test_each_recipient_has_its_own_answer():
    found = read(
        "<a@one.example>:\n550 no\n\n<b@one.example>:\nnothing\n\n<a@one.example>:\nmore\n"
    )
    assert [(told.recipient, told.reply) for told in found] == [
        ("a@one.example", "550 no"),
        ("b@one.example", ""),
    ]
    assert [told.context for told in found] == ["", ""]


def test_the_copy_of_the_message_is_not_looked_at():
    text = "a\nb\nc\n--- Below this line is a copy of the message.\n\n550 5.1.1 x\n"
    assert one(text).reply == ""
    assert one("a\nb\nc\nReturn-Path: <x@y.example>\n550 5.1.1 x\n").reply == ""


def test_html_is_read_as_text():
    raw = b"Content-Type: text/html\r\n\r\n<style>p { top: 550 }</style><p>a &amp; b</p>550&nbsp;no"
    assert body_of(parse(raw)).split() == ["a", "&", "b", "550", "no"]


@given(st.text())
def test_any_text_is_read(text: str):
    found = read(text)
    assert found
    assert all(len(told.reply) <= LONGEST for told in found)
