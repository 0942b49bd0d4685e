"""All that is wrong is found, and told as one or as several."""

import pytest

from pillarbox.bulk.check import (
    MOST_FINDINGS,
    Findings,
    check_content,
    check_entry,
    choose_stream,
)
from pillarbox.bulk.model import Content, Entry
from pillarbox.errors import Problem, Refused, RefusedSeverally
from pillarbox.servers.model import StreamType
from tests.factories import a_server, a_stream


def a_content(**changes) -> Content:
    return Content(**{"sender": "a@b.example", "subject": "s", "text": "t"} | changes)


def test_nothing_found_raises_nothing():
    findings = Findings()
    assert check_content(a_content(), findings) is not None
    check_entry(a_content(), Entry(to="a@b.example"), findings)
    findings.settle()


def test_one_finding_is_itself():
    findings = Findings()
    check_content(a_content(tag="t" * 1001), findings)
    with pytest.raises(Refused) as caught:
        findings.settle()
    assert caught.value.problem is Problem.FIELD_TOO_LONG


def test_several_findings_are_told_by_field():
    findings = Findings()
    assert check_content(a_content(sender="x", subject=""), findings) is None
    check_entry(a_content(), Entry(to="x", cc="y"), findings)
    with pytest.raises(RefusedSeverally) as caught:
        findings.settle()
    assert caught.value.problem is Problem.BULK_SEVERAL_PROBLEMS
    assert {field: len(found) for field, found in caught.value.by_field.items()} == {
        "From": 1,
        "Subject": 1,
        "To": 1,
        "Cc": 1,
    }


def test_two_findings_in_one_field_are_several():
    findings = Findings()
    for _ in range(2):
        check_entry(a_content(), Entry(to="x"), findings)
    with pytest.raises(RefusedSeverally):
        findings.settle()


def test_there_is_an_end_to_looking_for_more():
    findings = Findings()
    for _ in range(MOST_FINDINGS - 1):
        check_entry(a_content(), Entry(to="x"), findings)
    with pytest.raises(RefusedSeverally):
        check_entry(a_content(), Entry(to="x"), findings)


@pytest.mark.parametrize(
    ("slug", "problem"),
    [
        ("nowhere", Problem.STREAM_NOT_FOUND),
        ("outbound", Problem.SEND_STREAM_INBOUND),
        ("inbound", Problem.SEND_STREAM_INBOUND),
        (None, Problem.STREAM_NOT_FOUND),
    ],
)
def test_a_stream_that_is_no_broadcast(slug, problem):
    with pytest.raises(Refused) as caught:
        choose_stream(a_server(), slug)
    assert caught.value.problem is problem


def test_the_default_stream():
    news = a_stream(slug="broadcast", type=StreamType.BROADCASTS)
    server = a_server(streams={"broadcast": news})
    assert choose_stream(server, None) is news
    assert choose_stream(server, "Broadcast") is news
