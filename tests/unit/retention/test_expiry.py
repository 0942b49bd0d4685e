"""What has been kept long enough goes, step by step, and nothing else."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from pillarbox.bounces import orphans
from pillarbox.bounces import store as bounces
from pillarbox.bounces.model import BounceSearch, BounceType, NewBounce
from pillarbox.bounces.orphans import Orphan, Why
from pillarbox.bounces.record import record
from pillarbox.bulk import store as bulk
from pillarbox.bulk.expand import Expansion
from pillarbox.bulk.model import Request
from pillarbox.chores import Chores
from pillarbox.domains.directory import Domains
from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.ids import message_id
from pillarbox.inbound.model import Correspondent, InboundContent, InboundMessage, InboundStatus
from pillarbox.inbound.store import messages as inbound
from pillarbox.outbound.accept import accept
from pillarbox.outbound.store import queue
from pillarbox.outbound.submit import Submission
from pillarbox.outbound.suppress import suppress_addresses
from pillarbox.retention import expiry
from pillarbox.roles import all_chores
from pillarbox.servers.directory import Directory
from pillarbox.storage.schema import metadata
from pillarbox.tracking import store as tracking
from pillarbox.tracking.model import Hit, HitKind, Platform, Product
from pillarbox.tracking.token import Tokens
from tests.factories import a_prepared

KEPT = timedelta(days=45)
GOES = {
    "bulk_requests",
    "contents",
    "events",
    "hit_facets",
    "hits",
    "inbound_contents",
    "inbound_messages",
    "message_metadata",
    "messages",
    "orphan_reports",
    "recipients",
}
"""What `fill` leaves in a table that is empty when the time has come."""

GOES_WITH_OTHERS = {"attempts", "bulk_contents", "bulk_parts", "inbound_tries", "subject_blocks"}
STAYS = {
    "account": "settings",
    "account_tokens": "settings",
    "audit_log": "retention/tidy sees to it",
    "bounce_totals": "statistics",
    "bounces": "for ever, without their reports",
    "chores": "one row each",
    "daily_counts": "statistics",
    "daily_sent": "statistics",
    "data_removals": "proof that they were done; nobody's address",
    "dkim_keys": "settings",
    "domains": "settings",
    "erased_suppressions": "for ever",
    "inbound_rules": "settings",
    "nodes": "one row each",
    "received_contents": "until processed",
    "received_mail": "until processed",
    "removed_streams": "until purged",
    "sender_ids": "numbers",
    "server_tokens": "settings",
    "servers": "settings",
    "sessions": "retention/tidy sees to them",
    "signatures": "settings",
    "smtp_tokens": "settings",
    "streams": "settings",
    "subscribers": "so that unsubscribe links outlive their messages",
    "suppressions": "for ever",
    "suspended_destinations": "settings",
    "tag_triggers": "settings",
    "templates": "settings",
    "users": "settings",
    "webhook_attempts": "webhook_delivery/forget sees to them",
    "webhook_calls": "webhook_delivery/forget sees to them",
    "webhook_marks": "one row",
    "webhook_minutes": "statistics of a day",
    "webhook_payloads": "webhook_delivery/forget sees to them",
    "webhook_triggers": "settings",
    "webhooks": "settings",
}


def test_every_table_has_been_thought_of():
    """A new table whose rows pile up needs a line in expiry.PARTS, and here."""
    assert set(metadata.tables) == GOES | GOES_WITH_OTHERS | set(STAYS)


def counts(app) -> dict[str, int]:
    with app.db.transaction() as tx:
        found = {
            table.name: tx.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
        }
    return {name: count for name, count in found.items() if count}


def fill(app, server, number: int = 3) -> list[Any]:
    """Everything that can be kept of some messages, and a customer's own suppression."""
    stream = server.streams["outbound"]
    sent = [
        a_prepared(app, server, to=f"a{n}@one.example", metadata={"Order": str(n)}, tag="t")
        for n in range(number)
    ]
    with app.db.transaction() as tx:
        accept(tx, sent)
        queue.drop(tx, None)
        for message in sent:
            place = {"server_id": server.id, "stream_key": stream.key, "message_key": message.key}
            to = message.recipients.to[0].email
            hit = Hit(
                kind=HitKind.OPEN,
                message_id=message.message_id,
                recipient=to,
                tag="t",
                at=tx.now,
                platform=Platform.DESKTOP,
                client=Product("Client 1", "Maker", "Client"),
                **place,
            )
            assert tracking.insert_hit(tx, hit)
            bounce = NewBounce(
                type=BounceType.HARD_BOUNCE,
                rule="test",
                message_id=message.message_id,
                email=to,
                sender="a@sender.example",
                subject="s",
                tag="t",
                details="",
                at=tx.now,
                content="report",
                **place,
            )
            assert record(tx, bounce) is not None
        suppress_addresses(tx, stream, ["ann@one.example"])
    fill_others(app, server, app.clock.now())
    return sent


def fill_others(app, server, now: datetime) -> None:
    with app.db.transaction() as tx:
        for status in (InboundStatus.PROCESSED, InboundStatus.BLOCKED):
            key = app.keys.next()
            mail = InboundMessage(
                key=key,
                message_id=message_id(key),
                server_id=server.id,
                stream_key=server.streams["inbound"].key,
                stream="inbound",
                received_at=now,
                status=status,
                original_recipient="x@in.example",
                sender=Correspondent("y@else.example"),
                subject="s",
            )
            inbound.insert_message(tx, mail, InboundContent(raw=b"raw"))
        key = app.keys.next()
        request = Request(
            key=key, id=message_id(key), server_id=server.id, submitted_at=now, subject="s", total=1
        )
        bulk.keep(tx, request, b"", [(0, b"")])
        bulk.move_mark(tx, request, released=1, failed=0)
        orphans.insert_orphan(
            tx,
            Orphan(
                why=Why.UNSIGNED,
                type=None,
                recipient="x@y.example",
                sender="",
                subject="",
                details="",
                at=now,
                content="",
            ),
        )


async def test_nothing_goes_before_its_time(app, server, clock):
    fill(app, server)
    before = counts(app)
    await expiry.expire(app)
    clock.advance(timedelta(days=9))
    await expiry.expire(app)
    assert counts(app) == before
    assert before.keys() >= GOES


async def test_everything_goes_at_its_time_and_what_is_for_ever_stays(app, server, clock):
    sent = fill(app, server)
    before = counts(app)
    clock.advance(KEPT + timedelta(milliseconds=1))
    await expiry.expire(app)
    after = counts(app)
    assert after.keys() & (GOES | GOES_WITH_OTHERS) == set()
    assert after == {name: count for name, count in before.items() if name in STAYS}
    with app.db.transaction() as tx:
        (bounce, *_) = bounces.search(tx, BounceSearch(server_id=server.id), count=9, offset=0)[1]
        found = bounces.get(tx, server.id, bounce.id)
    assert (found.message_id, found.has_dump, found.inactive) == (sent[-1].message_id, False, True)


async def test_blocked_mail_goes_after_ten_days_and_dumps_after_thirty(app, server, clock):
    fill(app, server)

    def left() -> tuple[int, int, int]:
        numbers = counts(app)
        with app.db.transaction() as tx:
            reports = tx.scalar(text("SELECT count(*) FROM bounces WHERE content IS NOT NULL"))
        return numbers["inbound_messages"], reports, numbers.get("orphan_reports", 0)

    clock.advance(timedelta(days=10, milliseconds=1))
    await expiry.expire(app)
    assert left() == (1, 3, 1)
    clock.advance(timedelta(days=20))
    await expiry.expire(app)
    assert left() == (1, 0, 0)
    assert counts(app)["messages"] == 3


async def test_the_setting_decides(settings, clock, server, app):
    fill(app, server)
    clock.advance(timedelta(days=8))
    object.__setattr__(app.config, "retention_days", 7)
    await expiry.expire(app)
    assert counts(app).keys() & {"messages", "contents", "hits"} == set()


async def test_mail_that_still_waits_is_not_forgotten(app, server, clock):
    fill(app, server)
    waiting = a_prepared(app, server, to="bo@one.example")
    with app.db.transaction() as tx:
        accept(tx, [waiting])
    clock.advance(KEPT * 2)
    await expiry.expire(app)
    assert counts(app)["messages"] == 1
    with app.db.transaction() as tx:
        queue.drop(tx, None)
    await expiry.expire(app)
    assert "messages" not in counts(app)


async def test_an_unfinished_bulk_request_is_not_forgotten(app, server, clock):
    key = app.keys.next()
    request = Request(
        key=key,
        id=message_id(key),
        server_id=server.id,
        submitted_at=clock.now(),
        subject="",
        total=2,
    )
    with app.db.transaction() as tx:
        bulk.keep(tx, request, b"", [(0, b"")])
    clock.advance(KEPT * 2)
    await expiry.expire(app)
    assert counts(app)["bulk_requests"] == 1


async def test_an_event_of_a_message_that_was_gone_before_goes_too(app, server, clock):
    def tell(at: datetime) -> None:
        with app.db.transaction() as tx:
            event = Event(
                server_id=server.id,
                stream_key=server.streams["outbound"].key,
                message_key=12345,
                recipient="ann@one.example",
                type=EventType.SUBSCRIPTION_CHANGED,
                at=at,
                details={},
            )
            events.append(tx, [event])

    tell(clock.now())
    clock.advance(KEPT)
    tell(clock.now())
    clock.advance(timedelta(microseconds=1))
    await expiry.expire(app)
    assert counts(app)["events"] == 1


@pytest.mark.parametrize("step", [1, 2, 1000])
async def test_as_many_steps_as_are_needed(app, server, clock, monkeypatch, step):
    monkeypatch.setattr(expiry, "STEP", step)
    monkeypatch.setattr(expiry, "LEAST_PAUSE_S", 0)
    fill(app, server, number=5)
    clock.advance(KEPT * 2)
    await expiry.expire(app)
    assert counts(app).keys() & (GOES | GOES_WITH_OTHERS) == set()


async def test_large_messages_go_few_at_a_time(app, server, clock):
    fill(app, server, number=3)
    with app.db.transaction() as tx:
        tx.run(text("UPDATE messages SET size_bytes = 10000000"))
        tx.run(text("UPDATE inbound_messages SET size_bytes = 10000000, status = 'Processed'"))
    clock.advance(KEPT * 2)
    limits = expiry.Limits(everything=clock.now() - KEPT, blocked=clock.now(), tokens=Tokens(b""))
    with app.db.transaction() as tx:
        assert expiry._messages(tx, limits, 100) == 1
        assert expiry._inbound(tx, limits, 100) == 1


async def test_it_is_a_chore(app, server, clock):
    fill(app, server)
    clock.advance(KEPT * 2)
    directory = Directory(app.db, monotonic=app.monotonic)
    submission = Submission(app, Domains(app.db, monotonic=app.monotonic))
    chores = all_chores(app, Expansion(app, directory, submission))
    (chore,) = [one for one in chores if one.name == "expiry"]
    assert await Chores(app, chores).run_once(chore)
    assert "messages" not in counts(app)
