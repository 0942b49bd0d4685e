"""Searching by what an index answers: status, sender, tag, in one stream and in all."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text

from pillarbox.outbound.accept import accept
from pillarbox.outbound.model import MessageStatus, Search
from pillarbox.outbound.store import messages, queue, search
from tests.factories import a_prepared

SENT, QUEUED = MessageStatus.SENT, MessageStatus.QUEUED
SHOP = (("shop", "1"),)


@pytest.fixture
async def sent(app, server) -> list[str]:
    """Six messages, oldest first; the first three were taken up by the delivery."""
    made = [
        a_prepared(app, server, tag="a", cc="bob@two.example", metadata={"shop": "1"}),
        a_prepared(app, server, tag="b", sender="Other@sender.example"),
        a_prepared(app, server, tag="a", stream="broadcast"),
        a_prepared(
            app, server, tag="a", sender="other@sender.example", metadata={"Shop": "1", "day": "2"}
        ),
        a_prepared(app, server),
        a_prepared(app, server, tag="b", stream="broadcast", metadata={"shop": "1"}),
    ]
    await app.db.write_each(accept, made)
    with app.db.transaction() as tx:
        messages.mark_sent(tx, [message.key for message in made[:3]])
        for message in made[:3]:
            tx.run(
                text("UPDATE recipients SET state = 'delivered' WHERE message_key = :key"),
                {"key": message.key},
            )
    return [message.message_id for message in made]


CASES: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [5, 4, 3, 2, 1, 0]),
    ({"status": QUEUED}, [5, 4, 3]),
    ({"status": SENT}, [2, 1, 0]),
    ({"tag": "a"}, [3, 2, 0]),
    ({"tag": "a", "status": SENT}, [2, 0]),
    ({"tag": "b", "status": QUEUED}, [5]),
    ({"sender": "OTHER@sender.example"}, [3, 1]),
    ({"sender": "other@sender.example", "status": SENT}, [1]),
    ({"sender": "other@sender.example", "tag": "b"}, [1]),
    ({"sender": "nobody@sender.example"}, []),
    ({"recipient": "bob@two.example", "status": SENT}, [0]),
    ({"recipient": "bob@two.example", "status": QUEUED}, []),
    ({"subject": "hell", "status": QUEUED}, [5, 4, 3]),
    ({"metadata": SHOP}, [5, 3, 0]),
    ({"metadata": (*SHOP, ("DAY", "2"))}, [3]),
    ({"metadata": (("shop", "2"),)}, []),
    ({"metadata": SHOP, "tag": "a"}, [3, 0]),
    ({"metadata": SHOP, "status": SENT}, [0]),
    ({"metadata": SHOP, "sender": "other@sender.example", "subject": "HELL"}, [3]),
    ({"metadata": SHOP, "recipient": "bob@two.example", "tag": "a"}, [0]),
]


@pytest.mark.parametrize(("filters", "expected"), CASES)
async def test_filters(app, server, sent, filters, expected):
    broadcast = server.streams["broadcast"].key
    for stream_key, wanted in (
        (None, expected),
        (broadcast, [number for number in expected if number in (2, 5)]),
        (server.streams["outbound"].key, [n for n in expected if n not in (2, 5)]),
    ):
        asked = Search(server_id=server.id, stream_key=stream_key, **filters)
        with app.db.transaction() as tx:
            for count, offset in ((10, 0), (1, 0), (0, 0), (10, 1), (2, 9)):
                total, found = search.search(tx, asked, count=count, offset=offset)
                assert total == len(wanted)
                ids = [sent.index(message.message_id) for message in found]
                assert ids == wanted[offset : offset + count]


async def test_a_foreign_server_finds_nothing(app, server, sent):
    with app.db.transaction() as tx:
        for filters, _ in CASES:
            asked = Search(server_id=server.id + 1, **filters)
            assert search.search(tx, asked, count=10, offset=0) == (0, [])
            stream = replace(asked, stream_key=server.streams["outbound"].key)
            assert search.search(tx, stream, count=10, offset=0) == (0, [])


async def test_a_message_that_was_dropped_is_not_queued_any_more(app, server, sent):
    queued = Search(server_id=server.id, status=QUEUED)
    with app.db.transaction() as tx:
        _, (newest, *_) = search.search(tx, queued, count=10, offset=0)
        assert queue.drop(tx, newest.key) == 1
        total, found = search.search(tx, queued, count=10, offset=0)
        assert total == len(found) == 2
        _, everything = search.search(tx, Search(server_id=server.id), count=10, offset=0)
        assert [m.status for m in everything].count(QUEUED) == 2
        assert queue.drop(tx, None) == 2
        assert search.search(tx, queued, count=10, offset=0) == (0, [])
        assert tx.rows(select(text("1 FROM messages WHERE status = 'Queued'"))) == []


async def test_which_index_answers_on_sqlite(app, server):
    """A tag or sender must not be looked for in all messages of the stream."""
    if not app.db.is_sqlite:
        pytest.skip("PostgreSQL decides by what is in the tables")
    with app.db.transaction() as tx:
        cases: list[tuple[dict[str, Any], str]] = [
            ({"tag": "a"}, "ix_messages_tag"),
            ({"tag": "a", "status": SENT}, "ix_messages_tag"),
            ({"sender": "a@b.example"}, "ix_messages_sender"),
            ({}, "ix_messages_stream"),
            ({"metadata": SHOP, "tag": "a"}, "COVERING INDEX ix_messages_tag"),
        ]
        for filters, index in cases:
            asked = Search(
                server_id=server.id, stream_key=server.streams["outbound"].key, **filters
            )
            (query,) = search._queries(tx, asked)
            compiled = query.compile(tx.connection, compile_kwargs={"literal_binds": True})
            plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all()
            assert any(index in row[-1] for row in plan), (filters, plan)
