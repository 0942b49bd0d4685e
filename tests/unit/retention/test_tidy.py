"""What piles up is put together or forgotten, and reads as before."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from pillarbox.retention import tidy
from pillarbox.stats import record, store
from pillarbox.stats.model import Kind, Place, Range, Sending
from pillarbox.storage import dialect
from pillarbox.storage.tx import Tx
from pillarbox.webhooks.model import Attempt, AttemptOutcome, Trigger, TriggerState, Webhook
from pillarbox.webhooks.store import webhooks


def count(tx: Tx, server, tag: str) -> None:
    stream_key = server.streams["outbound"].key
    record.sent(tx, [Sending(server.id, stream_key, tag, 3, True, False, 2)])
    place = Place(server_id=server.id, stream_key=stream_key, tag=tag)
    record.bounced(tx, place, tx.now, "HardBounce")
    record.bounced(tx, place, tx.now, "SoftBounce")


def answers(db, server) -> list[object]:
    with db.transaction() as tx:
        return [
            answer
            for tag in (None, "a", "b")
            for wanted in (Range(server_id=server.id, tag=tag),)
            for answer in (
                store.list_sent(tx, wanted),
                store.list_counts(tx, wanted, Kind.BOUNCES),
                store.total_counts(tx, wanted),
            )
        ]


def rows(db) -> list[int]:
    with db.transaction() as tx:
        return [
            tx.scalar(select(func.count()).select_from(table))
            for table in (store.daily_sent, store.daily_counts)
        ]


async def test_counters_of_past_days_are_folded(app, server, clock, monkeypatch):
    db = app.db
    if db.is_sqlite:
        pytest.skip("it has one writer, and so one counter")
    monkeypatch.setattr(tidy, "STEP", 3)
    for _ in range(4):
        with db.transaction() as one, db.transaction() as two:
            for tx in (one, two):
                count(tx, server, "a")
            count(one, server, "b")
        clock.advance(timedelta(days=1))
    before = answers(db, server)
    assert rows(db) == [20, 40]
    await tidy.tidy(app)
    assert answers(db, server) == before
    # Of four days two are past: three rows each instead of five.
    assert rows(db) == [16, 32]
    await tidy.tidy(app)
    assert rows(db) == [16, 32]
    clock.advance(timedelta(days=2))
    await tidy.tidy(app)
    assert rows(db) == [12, 24]
    assert answers(db, server) == before


async def test_late_hits_are_folded_too(app, server, clock):
    with app.db.transaction() as tx:
        count(tx, server, "a")
        late = tx.now
    clock.advance(timedelta(days=9))
    await tidy.tidy(app)
    stream_key = server.streams["outbound"].key
    with app.db.transaction() as tx:
        place = Place(server_id=server.id, stream_key=stream_key, tag="a")
        record.bounced(tx, place, late, "HardBounce")
    await tidy.tidy(app)
    assert rows(app.db) == [2, 4]
    with app.db.transaction() as tx:
        (counts,) = store.list_counts(tx, Range(server_id=server.id), Kind.BOUNCES).values()
    assert counts == {"HardBounce": 2, "SoftBounce": 1}


async def test_nothing_waits_for_a_counter_in_use(app, server, clock):
    if app.db.is_sqlite:
        pytest.skip("it has one writer, and so one counter")
    with app.db.transaction() as tx:
        count(tx, server, "a")
        then = tx.now
    clock.advance(timedelta(days=9))
    with app.db.transaction() as tx:
        place = Place(server_id=server.id, stream_key=server.streams["outbound"].key, tag=None)
        record.bounced(tx, place, then, "HardBounce")
        before = rows(app.db)
        await tidy.tidy(app)
        assert rows(app.db) == before
    await tidy.tidy(app)
    with app.db.transaction() as tx:
        counters = set(tx.rows(select(store.daily_counts.c.counter)))
    assert counters == {(store.FOLDED,)}


async def test_connections_have_small_numbers_of_their_own(app):
    if app.db.is_sqlite:
        pytest.skip("it has one writer")
    with app.db.transaction() as one, app.db.transaction() as two:
        numbers = {dialect.own_counter(tx.connection) for tx in (one, two)}
        again = {dialect.own_counter(tx.connection) for tx in (one, two)}
    assert len(numbers) == 2
    assert again == numbers
    assert max(numbers) < 20


async def test_minutes_of_webhooks_are_forgotten(app, server, clock):
    off = {trigger: TriggerState(is_enabled=False) for trigger in Trigger}
    new = Webhook(
        id=0,
        server_id=server.id,
        stream_key=server.streams["outbound"].key,
        stream="outbound",
        url="https://hooks.example/",
        triggers=off,
    )
    with app.db.transaction() as tx:
        made = webhooks.insert_webhook(tx, new)
        webhooks.count_attempts(
            tx,
            [
                Attempt(
                    webhook_id=made.id,
                    trigger=Trigger.DELIVERY,
                    at=tx.now - timedelta(minutes=ago),
                    outcome=AttemptOutcome.SUCCESS,
                    duration_ms=5,
                )
                for ago in (0, 60 * 47, 60 * 49, 60 * 500)
            ],
        )
    await tidy.tidy(app)
    with app.db.transaction() as tx:
        assert tx.scalar(select(func.count()).select_from(webhooks.webhook_minutes)) == 2
