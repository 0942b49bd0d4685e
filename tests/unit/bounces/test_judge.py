"""What mail that came back means, by the corpus; and that no mail whatever breaks the judging."""

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pillarbox.bounces.judge import LONGEST_DETAILS, Judgement, judge
from pillarbox.bounces.model import BounceType
from pillarbox.mail import arf
from pillarbox.mail.parse import parse
from tests.unit.bounces.corpus import RETURN_PATH, mails, raws


def judged(raw: bytes, expected: dict[str, Any], *, is_complaint: bool = False) -> Judgement | None:
    return judge(
        parse(raw),
        sent_to=expected.get("sent_to", "ann@one.example"),
        is_from_nobody=expected.get("from_nobody", not is_complaint),
        is_complaint=is_complaint,
    )


def check(found: Judgement | None, expected: dict[str, Any]) -> None:
    kind = "" if found is None else found.verdict.type
    assert kind == expected["type"], found
    if found is not None and "details" in expected:
        assert found.details == expected["details"]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("raw", "expected"), mails("dsn"))
def test_mail_to_a_return_path(raw: bytes, expected: dict[str, Any], line_end: bytes):
    check(judged(raw.replace(b"\n", line_end), expected), expected)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("raw", "expected"), mails("arf"))
def test_mail_to_the_address_for_complaints(raw: bytes, expected: dict[str, Any], line_end: bytes):
    raw = raw.replace(b"\n", line_end)
    check(judged(raw, expected, is_complaint=True), expected)
    feedback = arf.read(parse(raw)) or arf.forwarded(parse(raw))
    assert any(RETURN_PATH in value for value in feedback.trail) == expected["signed"]


def test_the_corpus_is_large_enough():
    assert len(mails("dsn")) >= 70
    assert len(mails("arf")) >= 15


def test_only_what_did_not_arrive_is_final():
    final = {
        str(param.id): found.is_final
        for param in mails("dsn")
        if (found := judged(param.values[0], param.values[1])) is not None
    }
    assert final["postfix-user-unknown"]
    assert final["qmail"]
    assert not final["postfix-delayed"]
    assert not final["exim-warning"]
    assert not final["outlook-out-of-office"]


def test_a_report_on_other_recipients_only_is_about_the_copy_it_came_back_for():
    raw = (
        b"Content-Type: message/delivery-status\r\n\r\n"
        b"Final-Recipient: rfc822; somebody@else.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    )
    found = judge(parse(raw), sent_to="ann@one.example")
    assert found is not None
    assert found.verdict.type is BounceType.HARD_BOUNCE


def test_a_vacation_notice_from_nobody_is_no_failure():
    raw = b"From: ann@one.example\r\nSubject: Hello\r\nAuto-Submitted: auto-replied\r\n\r\n550 5.1.1 x"
    found = judge(parse(raw), sent_to="ann@one.example", is_from_nobody=True)
    assert found is not None
    assert found.verdict.type is BounceType.AUTO_RESPONDER


def test_an_automatic_header_does_not_hide_a_report():
    raw = (
        b"From: MAILER-DAEMON@one.example\r\nSubject: failure notice\r\n"
        b"Auto-Submitted: auto-replied\r\n\r\n<ann@one.example>:\r\n550 5.1.1 User unknown\r\n"
    )
    found = judge(parse(raw), sent_to="ann@one.example")
    assert found is not None
    assert found.verdict.type is BounceType.HARD_BOUNCE


def test_details_are_cut():
    raw = (
        b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; ann@one.example\r\n"
        b"Status: 5.0.0\r\nDiagnostic-Code: smtp; 550 " + b"x" * 3000
    )
    found = judge(parse(raw), sent_to="ann@one.example")
    assert found is not None
    assert len(found.details) == LONGEST_DETAILS


# Total and bounded


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_damaged_report_breaks_it(data: st.DataObject):
    raw = bytearray(data.draw(st.sampled_from(raws())))
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(raw)))
        width = data.draw(st.integers(0, 40))
        raw[at : at + width] = data.draw(st.binary(max_size=20))
    for is_complaint in (False, True):
        found = judge(
            parse(bytes(raw)),
            sent_to="ann@one.example",
            is_from_nobody=data.draw(st.booleans()),
            is_complaint=is_complaint,
        )
        assert found is None or len(found.details) <= LONGEST_DETAILS


HEAD = b"From: mailer-daemon@one.example\r\nSubject: failure notice\r\n"
STATUS = b"Content-Type: message/delivery-status\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        STATUS + b"Final-Recipient: rfc822; a@b.example\r\nStatus: 5.1.1\r\n\r\n" * 50_000,
        STATUS + b"Diagnostic-Code: smtp; 550 x\r\n" + b" more and more\r\n" * 200_000,
        STATUS + b"Status" * 500_000,
        STATUS + b"Final-Recipient: utf-8; " + b"\\x{41}" * 500_000,
        HEAD + b"\r\n" + b"<a@b.example>:\r\n" * 200_000,
        HEAD + b"\r\n" + b"".join(b"<a%d@b.example>: 550 no\r\n" % n for n in range(100_000)),
        HEAD + b"\r\n" + b"-" * 3_000_000,
        HEAD + b"\r\n" + b"550 " * 700_000,
        HEAD + b"\r\n" + b"a@" * 1_000_000,
        HEAD + b"\r\n" + b"to: " * 700_000,
        HEAD + b"\r\n" + b"* " * 30 + b"(" * 1_000_000,
        HEAD + b"Content-Type: text/html\r\n\r\n" + b"<style" * 500_000,
        HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 3_000_000,
        HEAD + b"Content-Type: text/html\r\n\r\n" + b"&amp" * 700_000,
        b"Subject: " + b"re: " * 500_000 + b"\r\n\r\nx",
        b"Subject: " + b"warning: " * 300_000 + b"\r\n\r\nx",
        b"Content-Type: multipart/report; report-type=" + b"a" * 1_000_000 + b"\r\n\r\nx",
        b"X: y\r\n" * 300_000 + b"\r\nx",
    ],
    ids=range(18),
)
def test_hostile_mail_takes_bounded_time(raw: bytes):
    message = parse(raw)
    started = time.process_time()
    judge(message, sent_to="a@b.example", is_from_nobody=True)
    judge(message, sent_to="a@b.example", is_complaint=True)
    assert time.process_time() - started < 10
