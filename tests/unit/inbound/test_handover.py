"""Inbound messages whose hook is called past the queue; the database knows of them first."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from pillarbox.inbound import read
from pillarbox.inbound.handover import LARGEST, Handed, Hook
from pillarbox.inbound.model import InboundStatus
from pillarbox.inbound.receive import Arrival, Receiving
from pillarbox.inbound.store import queue, rules
from pillarbox.inbound.store.messages import LEASE, TOPIC, inbound_messages
from pillarbox.inbound.store.queue import Move
from pillarbox.mail.parse import parse
from pillarbox.servers.directory import Directory
from pillarbox.servers.store.tables import servers, streams
from pillarbox.webhook_delivery.inbound_desk import InboundDesk
from pillarbox.webhook_delivery.schedule import Ladder
from tests.factories import a_received

CORPUS = Path(__file__).parents[2] / "corpus" / "inbound"
HOSTILE = (
    b"From: a@b.example\r\nSubject: =?utf-8?B?AGEA?= \xed\xa0\x80\r\n"
    b"X-Odd: \0 \xff\r\n\r\n\0 \xed\xa0\x80\r\n"
)
HOOK = Hook(url="https://app.example/in", wants_source=True)
OURS = 77
DESK = InboundDesk(ladder=Ladder((1,)), timeout_s=1.0, secret=b"secret")


class Taker:
    """Takes as many messages of a Server as it is told to."""

    def __init__(self) -> None:
        self.room = 100
        self.handed: list[Handed] = []

    def lease(self, server_id: int, promised: int, /) -> int | None:
        return OURS if promised < self.room else None

    def arrive(self, items: Sequence[Handed], /) -> None:
        self.handed += items


@pytest.fixture
async def taker(app) -> Taker:
    app.wake.takers[TOPIC] = taker = Taker()
    return taker


@pytest.fixture
def settle(app):
    receiving = Receiving(app, Directory(app.db, monotonic=app.monotonic))
    return lambda *arrivals: app.db.write(lambda tx: receiving.settle(tx, arrivals))


def arrival(app, server, raw: bytes | None = None, **changes: Any) -> Arrival:
    mail = a_received(app, server, **({} if raw is None else {"raw": raw}))
    reading = read.read(mail, parse(mail.raw), host="mx.pillarbox.example")
    reading = replace(reading, message=structs.replace(reading.message, stream="inbound"))
    values: dict[str, Any] = {
        "reading": reading,
        "mail_from": mail.mail_from,
        "hook": HOOK,
        "spam_threshold": 0,
    }
    return Arrival(**values | changes)


def kept(app) -> list[Any]:
    with app.db.transaction() as tx:
        return list(tx.rows(inbound_messages.select().order_by(inbound_messages.c.key)))


def claim(app, server):
    return app.db.write(lambda tx: queue.claim(tx, server.id, 99, 1))


async def test_what_is_handed_over_is_in_the_database_as_a_claim_leaves_it(
    app, server, clock, taker, settle
) -> None:
    await settle(arrival(app, server))
    (row,) = kept(app)
    assert (row.lease, row.due_at, row.attempts) == (OURS, clock.now() + LEASE, 0)
    assert row.status is InboundStatus.QUEUED
    assert [one.new.message.key for one in taker.handed] == [row.key]
    assert await claim(app, server) == []
    clock.advance(LEASE)  # the process died: anybody takes it
    (due,) = await claim(app, server)
    assert (due.key, due.attempts) == (row.key, 0)


@pytest.mark.parametrize("raw", [HOSTILE, *(p.read_bytes() for p in sorted(CORPUS.glob("*.eml")))])
async def test_the_hook_is_told_what_the_database_would_have_told_it(
    app, server, taker, settle, raw
) -> None:
    await settle(arrival(app, server, raw))
    (handed,) = taker.handed
    job = DESK.handed(handed)
    with app.db.transaction() as tx:
        tx.run(servers.update().values(inbound_hook_url=HOOK.url, is_raw_email_enabled=True))
        queue.release(tx, [job.held])
        (claimed,) = DESK.take(tx, [(job.lane, 9)], OURS).jobs
        said = DESK.load(tx, claimed)
    assert job.body == said
    assert replace(job, body=None) == claimed


async def test_what_is_not_due_or_too_large_is_not_handed_over(app, server, taker, settle) -> None:
    await app.db.write(lambda tx: rules.insert(tx, server.id, "blocked@corp.example"))
    await settle(
        arrival(app, server, hook=None),
        arrival(app, server, mail_from="blocked@corp.example"),
        arrival(app, server, b"Subject: large\r\n\r\n" + b"x" * LARGEST),
    )
    assert taker.handed == []
    assert [(row.status, row.lease, row.due_at is None) for row in kept(app)] == [
        (InboundStatus.FAILED, None, True),
        (InboundStatus.BLOCKED, None, True),
        (InboundStatus.QUEUED, None, False),
    ]


async def test_mail_of_an_archived_stream_is_told_by_the_queue(app, server, taker) -> None:
    receiving = Receiving(app, Directory(app.db, monotonic=app.monotonic))
    key = server.streams["inbound"].key
    with app.db.transaction() as tx:
        tx.run(streams.update().where(streams.c.key == key).values(archived_at=tx.now))
        found = arrival(app, server)
        message = structs.replace(found.reading.message, stream="")
        unnamed = replace(found.reading, message=message)
        receiving.settle(tx, [structs.replace(found, reading=unnamed)])
    assert taker.handed == []
    assert len(await claim(app, server)) == 1


async def test_what_there_is_no_room_for_is_queued(app, server, taker, settle) -> None:
    taker.room = 2
    woken = app.wake.subscribe(TOPIC)
    await settle(*[arrival(app, server) for _ in range(2)])
    assert not woken.is_set
    await settle(*[arrival(app, server) for _ in range(3)])
    assert woken.take() == {str(server.id)}
    assert len(taker.handed) == 4
    assert len(await claim(app, server)) == 1


async def test_where_no_hooks_are_called_all_is_queued(app, server, settle) -> None:
    await settle(arrival(app, server))
    assert len(await claim(app, server)) == 1


async def test_only_who_holds_a_message_moves_it(app, server, clock, taker, settle) -> None:
    await settle(arrival(app, server), arrival(app, server))
    first, second = (row.key for row in kept(app))
    clock.advance(LEASE)
    await claim(app, server)  # another process has both now, under the lease 1
    with app.db.transaction() as tx:
        done: dict[str, Any] = {"status": InboundStatus.PROCESSED, "outcome": "It was told."}
        late = [Move(key=key, lease=OURS, **done) for key in (first, second)]
        assert queue.move(tx, []) == set()
        assert queue.move(tx, late) == set()
        again = Move(
            key=second, lease=1, status=InboundStatus.SCHEDULED, outcome="No.", due_at=tx.now
        )
        assert queue.move(tx, [Move(key=first, lease=1, **done), again]) == {first, second}
        assert queue.move(tx, [again]) == set()
    assert [
        (row.status, row.due_at, row.attempts, row.lease, row.last_outcome) for row in kept(app)
    ] == [
        (InboundStatus.PROCESSED, None, 1, None, "It was told."),
        (InboundStatus.SCHEDULED, clock.now(), 1, None, "No."),
    ]
