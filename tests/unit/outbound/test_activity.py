"""What the activity page lists: every filter, alone and with others, in pages, from an index."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.outbound.accept import accept
from pillarbox.outbound.store import activity
from pillarbox.outbound.store.activity import Filter, Mark
from pillarbox.servers import manage
from pillarbox.servers.model import NewServer, Settings
from pillarbox.storage.db import Database
from pillarbox.storage.tx import Tx
from tests.factories import a_prepared

HOUR = timedelta(hours=1)
STATES = ("delivered", "delivered", "bounced", "suppressed", "dropped", "queued", "queued")


@pytest.fixture
async def sent(app, server, clock) -> list[Any]:
    """Seven messages, an hour apart, in every state; the last one is another Server's."""
    other = await app.db.write(
        lambda tx: manage.create(tx, NewServer(name="Other"), Settings(), limit=None)
    )
    changes: list[dict[str, Any]] = [
        {"subject": "Receipt ÄRGER 1", "tag": "a b", "metadata": {"Order": "1", "shop": "x"}},
        {"subject": "Receipt 2", "to": "Ann Other <ann@two.example>", "metadata": {"order": "2"}},
        {"subject": "Hello", "sender": "Billing <bill@sender.example>", "tag": "c"},
        {"subject": "Weekly", "stream": "broadcast", "tag": "a b", "metadata": {"shop": "x"}},
        {"subject": "100% off", "cc": "bob@two.example"},
        {"subject": "Hello again", "sender": "bill@sender.example", "stream": "broadcast"},
        {"subject": "Hello", "tag": "c"},
    ]
    made = []
    for number, change in enumerate(changes):
        clock.advance(HOUR)
        made.append(a_prepared(app, other if number == 6 else server, **change))
        await app.db.write_each(accept, made[-1:])
    with app.db.transaction() as tx:
        for message, state in zip(made, STATES, strict=True):
            values = {"key": message.key, "state": state}
            tx.run(text("UPDATE recipients SET state = :state WHERE message_key = :key"), values)
        tried = "UPDATE recipients SET attempts = 1 WHERE message_key = :key"
        tx.run(text(tried), {"key": made[5].key})
        _happen(tx, made[0], EventType.OPENED, EventType.LINK_CLICKED)
        _happen(tx, made[1], EventType.OPENED, EventType.BOUNCED)
    return made


def _happen(tx: Tx, message: Any, *kinds: EventType) -> None:
    events.append(
        tx,
        [
            Event(
                server_id=message.server.id,
                stream_key=message.stream.key,
                message_key=message.key,
                recipient="ann@one.example",
                type=kind,
                at=message.received_at,
                details={},
            )
            for kind in kinds
        ],
    )


CASES: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [6, 5, 4, 3, 2, 1, 0]),
    ({"text": "hello"}, [6, 5, 2]),
    ({"text": "bob@two.example"}, [4]),
    ({"text": "two.example"}, [4, 1]),
    ({"text": "100%"}, [4]),
    ({"text": "0_"}, []),
    ({"to": ("BOB@two.example",)}, [4]),
    ({"to": ("ann other",)}, [1]),
    ({"to": ("two", "bob")}, [4]),
    ({"to": ("nobody@two.example",)}, []),
    ({"subjects": ("ärger",)}, [0]),
    ({"subjects": ("receipt", "2")}, [1]),
    ({"tags": ("a b",)}, [3, 0]),
    ({"tags": ("a b", "c")}, [6, 3, 2, 0]),
    ({"tags": ("A b",)}, []),
    ({"senders": ("Bill@sender.example",)}, [5, 2]),
    ({"senders": ("billing",)}, [2]),
    ({"senders": ("bill@sender",)}, [5, 2]),
    ({"streams": ("broadcast",)}, [5, 3]),
    ({"streams": ("nowhere",)}, []),
    ({"metadata": (("order", "2"),)}, [1]),
    ({"metadata": (("shop", "x"),)}, [3, 0]),
    ({"metadata": (("shop", "x"), ("Order", "1"))}, [0]),
    ({"metadata": (("shop", "x"),), "streams": ("broadcast",)}, [3]),
    ({"statuses": (Mark.DELIVERED,)}, [1, 0]),
    ({"statuses": (Mark.BOUNCED,)}, [2, 1]),
    ({"statuses": (Mark.SUPPRESSED, Mark.DROPPED)}, [4, 3]),
    ({"statuses": (Mark.QUEUED,)}, [6]),
    ({"statuses": (Mark.DEFERRED,)}, [5]),
    ({"statuses": (Mark.DEFERRED, Mark.DROPPED)}, [5, 4]),
    ({"marks": (Mark.OPENED,)}, [1, 0]),
    ({"marks": (Mark.CLICKED,)}, [0]),
    ({"marks": (Mark.OPENED, Mark.BOUNCED)}, [1]),
    ({"marks": (Mark.SANDBOXED,)}, []),
    ({"marks": (Mark.QUEUED,), "text": "hello"}, [6]),
    ({"tags": ("a b",), "marks": (Mark.OPENED,)}, [0]),
    ({"to": ("ann@one.example",), "marks": (Mark.BOUNCED,)}, [2]),
]


@pytest.mark.parametrize(("filters", "expected"), CASES)
async def test_every_filter_in_pages_and_of_one_server(app, server, sent, filters, expected):
    keys = [message.key for message in sent]
    for server_id, own in ((None, expected), (server.id, [n for n in expected if n != 6])):
        wanted = Filter(server_id=server_id, **filters)
        with app.db.transaction() as tx:
            for limit in (1, 2, 10):
                assert [keys.index(key) for key in _walk(tx, wanted, limit)] == own


def _walk(tx: Tx, wanted: Filter, limit: int) -> Iterator[int]:
    """The keys of all pages."""
    before: int | None = None
    while True:
        page = activity.page(tx, wanted, before=before, limit=limit)
        assert len(page.messages) <= limit
        yield from (message.key for message in page.messages)
        if page.older is None:
            return
        assert before is None or page.older < before
        before = page.older


@pytest.mark.parametrize(("filters", "expected"), CASES)
async def test_stretch_by_stretch_finds_the_same(app, sent, monkeypatch, filters, expected):
    """Nothing is lost, and nothing found twice, where a stretch ends."""
    monkeypatch.setattr(activity, "NEWEST_LOOKED_THROUGH", 2)
    monkeypatch.setattr(activity, "OLDER_LOOKED_THROUGH", 1)
    monkeypatch.setattr(activity, "SCATTERED_COST", 1)
    keys = [message.key for message in sent]
    with app.db.transaction() as tx:
        found = [keys.index(key) for key in _walk(tx, Filter(**filters), 2)]
    assert found == expected


async def test_how_far_was_looked_is_told(app, sent, monkeypatch):
    monkeypatch.setattr(activity, "NEWEST_LOOKED_THROUGH", 2)
    with app.db.transaction() as tx:
        page = activity.page(tx, Filter(text="ärger"), before=None, limit=5)
        assert (page.messages, page.looked_through, page.older) == ([], 2, sent[5].key)
        page = activity.page(tx, Filter(text="ärger"), before=page.older, limit=5)
        assert [m.key for m in page.messages] == [sent[0].key]
        assert (page.looked_through, page.older) == (None, None)


async def test_half_as_far_where_copies_and_events_are_looked_at(app, sent, monkeypatch):
    monkeypatch.setattr(activity, "NEWEST_LOOKED_THROUGH", 4)
    monkeypatch.setattr(activity, "SCATTERED_COST", 1)
    shop: dict[str, Any] = {"metadata": (("shop", "x"),)}
    with app.db.transaction() as tx:
        for mark, length in ((Mark.BOUNCED, 2), (Mark.CLICKED, None)):
            page = activity.page(tx, Filter(marks=(mark,), **shop), before=None, limit=5)
            assert page.looked_through == length


async def test_times_and_a_message_id(app, sent):
    def found(**filters: Any) -> list[int]:
        with app.db.transaction() as tx:
            page = activity.page(tx, Filter(**filters), before=None, limit=10)
        return [sent.index(next(m for m in sent if m.key == one.key)) for one in page.messages]

    at = [message.received_at for message in sent]
    assert found(since=at[5]) == [6, 5]
    assert found(until=at[2]) == [1, 0]
    assert found(since=at[1], until=at[4], text="hello") == [2]
    assert found(since=at[1], tags=("a b",)) == [3]
    assert found(text=sent[3].message_id.upper()) == [3]
    assert found(text=sent[3].message_id, tags=("c",)) == []
    assert found(text=sent[3].message_id[:-1] + "0") in ([], [3])


async def test_many_streams_are_not_asked_one_by_one(app, sent, monkeypatch):
    monkeypatch.setattr(activity, "MOST_LANES", 1)
    monkeypatch.setattr(activity, "MOST_WAITING", 0)
    keys = [message.key for message in sent]
    with app.db.transaction() as tx:
        for filters, expected in CASES:
            found = [keys.index(key) for key in _walk(tx, Filter(**filters), 3)]
            assert found == expected, filters


async def test_messages_of_a_removed_server_are_listed_still(app, server, sent):
    with app.db.transaction() as tx:
        manage.remove(tx, sent[6].server.id)
        page = activity.page(tx, Filter(tags=("c",)), before=None, limit=10)
        assert [m.key for m in page.messages] == [sent[6].key, sent[2].key]


@contextmanager
def plans(db: Database, tx: Tx) -> Iterator[list[str]]:
    """The plans of what is asked meanwhile; PostgreSQL may read a table only where no index would do."""
    found = list[str]()
    kind = "QUERY PLAN" if db.is_sqlite else ""
    if not db.is_sqlite:
        tx.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "(SELECT")):
            cursor.execute(f"EXPLAIN {kind} {statement}", parameters)
            found.append("\n".join(str(row[-1]) for row in cursor.fetchall()))

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)


BIG = ("messages", "recipients", "recipients_1", "events", "events_1", "message_metadata")
INDEXES: list[tuple[dict[str, Any], str]] = [
    ({"to": ("ann@one.example",)}, "ix_recipients_address"),
    ({"tags": ("a b",)}, "ix_messages_tag"),
    ({"tags": ("a b",), "text": "hello"}, "ix_messages_tag"),
    ({"senders": ("bill@sender.example",)}, "ix_messages_sender"),
    ({"streams": ("broadcast",)}, "ix_messages_stream"),
    ({"server_id": 1}, "ix_messages_stream"),
    ({"statuses": (Mark.QUEUED,)}, "ix_recipients_due"),
    ({"metadata": (("shop", "x"),)}, "message_metadata"),
    ({"marks": (Mark.OPENED, Mark.BOUNCED)}, "ix_events_message_key"),
    ({"text": "hello", "statuses": (Mark.DELIVERED,)}, "recipients"),
]


@pytest.mark.parametrize(("filters", "index"), INDEXES)
async def test_which_index_answers(app, server, sent, filters, index):
    """No table that grows with the mail is read from end to end, on either database."""
    if "server_id" in filters:
        filters = {"server_id": server.id}
    with app.db.transaction() as tx, plans(app.db, tx) as found:
        activity.page(tx, Filter(**filters), before=sent[6].key + 1, limit=2)
    assert any(index in plan for plan in found), found
    for plan in found:
        scans = ["Seq Scan on", "SCAN"]
        for table in BIG:
            bad = [f"{scan} {table}" for scan in scans]
            lines = [line.strip() for line in plan.splitlines()]
            assert not any(line.endswith(tuple(bad)) for line in lines), plan


@pytest.mark.parametrize("is_below", [False, True])
async def test_what_waits_is_found_by_the_index_of_what_waits(app, sent, is_below):
    """The queue is short, its table is not: what orders by key or begins with it reads all of it."""
    before = sent[6].key + 1 if is_below else None
    wanted = Filter(statuses=(Mark.QUEUED,))
    with app.db.transaction() as tx, plans(app.db, tx) as found:
        activity.page(tx, wanted, before=before, limit=2)
    of_queue = [plan for plan in found if "ix_recipients_due" in plan]
    # What PostgreSQL plans for the rest depends on what it knows of so few rows.
    assert of_queue, found
    if app.db.is_sqlite:
        assert len(of_queue) == 2, found
        assert not any("PRIMARY KEY (message_key<?" in plan for plan in of_queue), found
