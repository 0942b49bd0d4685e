"""What removed Servers and streams leave behind goes, and nothing else."""

from datetime import timedelta

from sqlalchemy import func, select

from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.bulk import store as bulk
from pillarbox.bulk.model import Request
from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.ids import message_id
from pillarbox.outbound.accept import accept
from pillarbox.outbound.store import queue
from pillarbox.retention import purge
from pillarbox.servers import manage, streams
from pillarbox.servers.model import KEPT_ARCHIVED, NewServer, Server
from pillarbox.servers.store import removed, servers, tokens
from pillarbox.servers.store import streams as streams_store
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.tracking import subscribers
from pillarbox.tracking.token import Tokens
from pillarbox.webhooks.call import NewCall, Payload
from pillarbox.webhooks.model import Trigger
from pillarbox.webhooks.store import calls
from tests.factories import a_prepared

OF_SERVERS = {
    "bounce_totals",
    "bounces",
    "bulk_requests",
    "contents",
    "daily_counts",
    "daily_sent",
    "events",
    "message_metadata",
    "messages",
    "recipients",
    "removed_streams",
    "server_tokens",
    "smtp_tokens",
    "streams",
    "subscribers",
    "suppressions",
    "webhook_calls",
}
"""The tables that hold rows in these tests."""

KEPT = {"removed_streams"}
"""Tables that go on naming what is gone."""


def fill(tx: Tx, app, server: Server, *, stream: str = "outbound") -> None:
    """Everything that can be kept of a stream."""
    messages = [
        a_prepared(app, server, stream=stream, metadata={"Order": "7"}, tag="t") for _ in range(3)
    ]
    accept(tx, messages)
    bounce = NewBounce(
        type=BounceType.HARD_BOUNCE,
        rule="test",
        server_id=server.id,
        stream_key=server.streams[stream].key,
        message_key=messages[0].key,
        message_id=message_id(messages[0].key),
        email=f"gone-{server.id}@one.example",
        sender="a@sender.example",
        subject="Hi",
        tag=None,
        details="550",
        at=tx.now,
    )
    record(tx, bounce)
    changed = Event(
        server_id=server.id,
        stream_key=server.streams[stream].key,
        message_key=None,
        recipient="x@one.example",
        type=EventType.SUBSCRIPTION_CHANGED,
        at=tx.now,
        details={},
    )
    events.append(tx, [changed])
    tokens.insert_smtp_token(tx, server.streams[stream])
    payload = Payload(key=server.id, recipient="x@one.example", body=b"{}")
    call = NewCall(
        lane=f"of {server.id}",
        trigger=Trigger.DELIVERY,
        server_id=server.id,
        stream_key=server.streams[stream].key,
        webhook_id=None,
        payload_key=payload.key,
        size_bytes=2,
    )
    calls.insert_calls(tx, [payload], [call])
    for _ in range(3):
        key = app.keys.next()
        request = Request(
            key=key,
            id=message_id(key),
            server_id=server.id,
            submitted_at=tx.now,
            subject="Hi",
            total=5,
        )
        bulk.keep(tx, request, b"content", [(0, b"part"), (2, b"part"), (4, b"part")])
    subscribers.keep(tx, Tokens(b"secret"), [(server.streams[stream].key, "x@one.example")])


def counts(app) -> dict[str, int]:
    with app.db.transaction() as tx:
        found = {
            name: int(tx.scalar(select(func.count()).select_from(table)))
            for name, table in metadata.tables.items()
            if {"server_id", "stream_key", "message_key"} & set(table.c.keys())
        }
    return {name: count for name, count in found.items() if count}


async def test_of_a_removed_server_nothing_is_left(app, server, monkeypatch):
    monkeypatch.setattr(purge, "STEP", 2)
    with app.db.transaction() as tx:
        fill(tx, app, server)
    before = counts(app)
    assert set(before) == OF_SERVERS - KEPT
    with app.db.transaction() as tx:
        other = servers.insert_server(tx, NewServer(name="Other"))
        fill(tx, app, other)
    await app.db.write(lambda tx: manage.remove(tx, other.id))
    await purge.purge(app)
    assert counts(app) == before | {"removed_streams": 3}
    with app.db.transaction() as tx:
        assert len(queue.list_waiting(tx, limit=10)) == 3


async def test_a_server_with_bulk_requests_is_removed_without_touching_them(app, server):
    with app.db.transaction() as tx:
        fill(tx, app, server)
        key = tx.scalar(select(bulk.requests.c.key))
        manage.remove(tx, server.id)
        assert tx.scalar(select(func.count()).select_from(bulk.parts)) == 9
        assert bulk.find_rest(tx, key) is None
        gone = removed.list_due(tx, limit=1)[0]
        assert purge.purge_step(tx, gone=gone) == 3  # the parts of one request
        assert tx.scalar(select(func.count()).select_from(bulk.parts)) == 6
    await purge.purge(app)
    with app.db.transaction() as tx:
        for table in (bulk.requests, bulk.contents, bulk.parts):
            assert tx.scalar(select(func.count()).select_from(table)) == 0


async def test_what_arrives_late_goes_too(app, server, clock):
    await app.db.write(lambda tx: manage.remove(tx, server.id))
    await purge.purge(app)
    with app.db.transaction() as tx:
        accept(tx, [a_prepared(app, server)])
    clock.advance(purge.STILL_ARRIVING)
    await purge.purge(app)
    assert set(counts(app)) == {"removed_streams"}
    clock.advance(timedelta(days=1))
    with app.db.transaction() as tx:
        assert removed.list_due(tx, limit=10) == []


async def test_an_archived_stream_goes_when_its_time_has_come(app, server, clock):
    with app.db.transaction() as tx:
        fill(tx, app, server, stream="broadcast")
        streams.archive(tx, server.id, "broadcast", min_age=timedelta())
    clock.advance(KEPT_ARCHIVED - timedelta(microseconds=1))
    before = counts(app)
    await purge.purge(app)
    assert counts(app) == before
    clock.advance(timedelta(microseconds=1))
    await purge.purge(app)
    kept = {"streams", "server_tokens", "removed_streams"}
    history = {"bounce_totals", "bulk_requests", "daily_counts", "daily_sent"}
    assert set(counts(app)) == kept | history
    with app.db.transaction() as tx:
        assert streams_store.find_stream(tx, server.id, "broadcast") is None
        assert {s.slug for s in servers.get(tx, server.id).streams.values()} == {
            "outbound",
            "inbound",
        }


async def test_a_stream_of_the_same_name_has_nothing_of_the_old_one(app, server, clock):
    old = server.streams["inbound"].key
    with app.db.transaction() as tx:
        streams.archive(tx, server.id, "broadcast", min_age=timedelta())
    clock.advance(KEPT_ARCHIVED)
    await purge.purge(app)
    with app.db.transaction() as tx:
        other = servers.insert_server(tx, NewServer(name="Other"))
    assert min(stream.key for stream in other.streams.values()) > old
    assert server.streams["broadcast"].key not in {s.key for s in other.streams.values()}


async def test_a_removal_wakes_the_chore(app, server):
    heard = app.wake.subscribe(removed.REMOVED)
    await app.db.write(lambda tx: manage.remove(tx, server.id))
    assert heard.is_set


def test_every_table_with_rows_of_a_server_is_purged_or_goes_by_itself():
    """A new table belongs into purge.PARTS, and into a list here, or has a foreign key that cascades."""
    by_cascade = {
        table.name
        for table in metadata.sorted_tables
        if any(key.ondelete == "CASCADE" for key in table.foreign_keys)
    }
    by_part = OF_SERVERS | {
        "attempts",
        "audit_log",
        "erased_suppressions",
        "hits",
        "hit_facets",
        "inbound_messages",
        "received_mail",
        "subject_blocks",
    }
    named = {
        table.name
        for table in metadata.sorted_tables
        if {"server_id", "stream_key", "message_key"} & set(table.c.keys())
    }
    assert named - by_cascade - by_part == set()
