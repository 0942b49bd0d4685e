import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail.arf import forwarded, read
from pillarbox.mail.parse import parse

HEAD = b"Content-Type: message/feedback-report\r\n\r\n"


def test_the_fields_of_a_report():
    found = read(
        parse(
            HEAD + b"feedback-type: Abuse (sure)\r\nUSER-AGENT: X/1\r\nSource-IP: 192.0.2.1\r\n"
            b"Original-Mail-From: <a@b.example>\r\nOriginal-Rcpt-To: <c@d.example>\r\n"
            b"Feedback-Type: fraud\r\n"
        )
    )
    assert found is not None
    assert (found.kind, found.user_agent, found.source_ip) == ("abuse", "X/1", "192.0.2.1")
    assert (found.original_mail_from, found.original_recipient) == (
        "<a@b.example>",
        "<c@d.example>",
    )
    assert found.trail == ["<a@b.example>"]


@pytest.mark.parametrize(
    ("head", "is_report"),
    [
        (b"From: staff@hotmail.com\r\nSubject: complaint about message from 192.0.2.1", True),
        (b"From: x@y.example\r\nSubject: complaint about message from 192.0.2.1", False),
        (b"From: staff@hotmail.com\r\nSubject: Hello", False),
        (b"From: scomp@aol.example\r\nSubject: Email Feedback Report for IP 192.0.2.1", True),
        (b"Content-Type: multipart/report; report-type=feedback-report", True),
        (b"Content-Type: multipart/report; report-type=delivery-status", False),
        (b"", False),
    ],
)
def test_what_is_a_report(head: bytes, is_report: bool):
    assert (read(parse(head + b"\r\n\r\nx")) is not None) == is_report


def test_the_return_path_comes_first_in_the_trail():
    raw = b"Content-Type: message/rfc822\r\n\r\nTo: a\r\nReturn-Path: <b>\r\n\r\nx"
    assert forwarded(parse(raw)).trail == ["", "<b>", "a"]


def test_the_trail_is_bounded():
    raw = b"Content-Type: message/rfc822\r\n\r\nX: " + b"y" * 9000 + b"\r\n" + b"X: y\r\n" * 9000
    trail = forwarded(parse(raw)).trail
    assert len(trail) <= 400
    assert max(map(len, trail)) <= 4000


@given(st.binary())
def test_any_report_is_read(octets: bytes):
    found = read(parse(HEAD + octets))
    assert found is not None
    assert len(found.trail) <= 400
