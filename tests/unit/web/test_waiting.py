"""Why a copy waits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pillarbox.ids import MessageKey
from pillarbox.mail.address import Address
from pillarbox.outbound.model import Message, MessageStatus, Recipients, RecipientState
from pillarbox.outbound.store.attempts import Attempt
from pillarbox.outbound.store.overview import Copy, Crowd
from pillarbox.outbound.store.suspensions import Suspension
from pillarbox.servers.model import TrackLinks
from pillarbox.web.messages import timeline
from pillarbox.web.messages.story import Facts
from pillarbox.web.messages.waiting import waits

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def a_message() -> Message:
    return Message(
        key=MessageKey(1),
        message_id="0199c0de-0000-7001-8000-000000000000",
        server_id=1001,
        stream_key=1,
        stream="outbound",
        received_at=NOW - timedelta(minutes=5),
        sender=Address("shop@sender.example"),
        recipients=Recipients(to=[Address("ann@one.example")], cc=[], bcc=[]),
        subject="Hello",
        tag=None,
        metadata={},
        attachments=[],
        track_opens=False,
        track_links=TrackLinks.NONE,
        status=MessageStatus.QUEUED,
        is_sandboxed=False,
        body_form=0,
        size_bytes=100,
    )


def a_copy(**changes: Any) -> Copy:
    values: dict[str, Any] = {
        "position": 0,
        "email": "ann@one.example",
        "lane": "one.example",
        "state": RecipientState.QUEUED,
        "due_at": NOW + timedelta(minutes=2),
        "is_in_hand": False,
        "attempts": 2,
        "last_reply": "450 4.2.0 Try later",
    }
    return Copy(**values | changes)


def facts(copy: Copy, **changes: Any) -> Facts:
    values: dict[str, Any] = {
        "message": a_message(),
        "copies": [copy],
        "attempts": [],
        "events": [],
        "now": NOW,
    }
    return Facts(**values | changes)


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        ("450 4.2.0 <ann>: Recipient address rejected: Greylisted", "Greylisting"),
        ("451 4.7.1 Gray-listed, please retry", "Greylisting"),
        ("451 4.4.3 DNS lookup failed", "DNS failure"),
        ("451 4.4.1 no answer from host: mx1.one.example", "No answer"),
        ("451 4.4.2 timed out: mx1.one.example", "No answer"),
        ("454 4.7.0 TLS not available: no STARTTLS", "No encryption"),
        ("421 4.7.28 Our system has detected an unusual rate", "Asked to slow down"),
        ("452 4.2.2 The mailbox is over its quota", "Mailbox full"),
        ("450 Later {host}", "Deferred"),
        ("", "Its time has not come"),
    ],
)
def test_the_last_reply_names_the_rule(reply: str, rule: str) -> None:
    [wait] = waits(facts(a_copy(last_reply=reply)))
    assert wait.rule == rule
    assert wait.next_at == NOW + timedelta(minutes=2)
    assert wait.can_be_hurried


def test_the_host_of_the_last_attempt_is_named() -> None:
    tried = Attempt(
        message_key=1,
        position=0,
        at=NOW,
        duration_ms=1,
        outcome="deferred",
        host="mx{0}.one.example",
        ip="192.0.2.1",
        tls="",
        phase="rcpt",
        reply="450 later",
        transcript=[],
    )
    [wait] = waits(facts(a_copy(), attempts=[tried]))
    assert wait.why == "mx{0}.one.example refused it for now."


def test_the_schedule_is_told() -> None:
    assert "About 2 min after 2 attempts, then twice as long" in waits(facts(a_copy()))[0].schedule
    assert waits(facts(a_copy(attempts=12)))[0].schedule == "About 1 h after 12 attempts"


def test_what_is_due_waits_for_a_place() -> None:
    due = a_copy(due_at=NOW - timedelta(seconds=2), attempts=0, last_reply=None)
    crowd = {"one.example": Crowd(in_hand=1000, due=1)}
    [wait] = waits(facts(due, crowds=crowd))
    assert wait.rule == "The destination’s limit"
    assert "1,000 or more copies to one.example" in wait.why
    assert not wait.can_be_hurried


def test_what_nobody_takes_up_says_so() -> None:
    [wait] = waits(facts(a_copy(due_at=NOW - timedelta(minutes=2))))
    assert wait.rule == "Nothing delivers"
    [fresh] = waits(facts(a_copy(due_at=NOW)))
    assert fresh.rule == "Its turn"


def test_what_is_in_hand_or_done_needs_no_rule() -> None:
    assert waits(facts(a_copy(is_in_hand=True)))[0].why == "It is being delivered now."
    assert waits(facts(a_copy(state=RecipientState.DELIVERED))) == []


def test_what_waits_for_a_suspended_destination_says_so() -> None:
    held = Suspension(domain="one.example", at=NOW, by="Ann", reason="they asked us to")
    known = facts(a_copy(), suspensions={"one.example": held})
    [wait] = waits(known)
    assert wait.rule == "Its destination is suspended"
    assert wait.why.endswith("until it is resumed: they asked us to")
    assert not wait.can_be_hurried
    assert timeline.summary(known) == "Its destination one.example is suspended."
    assert timeline.tell(known)[-1].text == "one.example is suspended."
