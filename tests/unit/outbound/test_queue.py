"""Claims and leases."""

import asyncio
from datetime import timedelta

import pytest

from pillarbox.outbound.accept import accept
from pillarbox.outbound.model import RecipientState
from pillarbox.outbound.store import queue
from pillarbox.outbound.store.queue import LEASE, Move
from pillarbox.storage import dialect
from tests.factories import a_prepared


async def put(app, server, count: int = 1, domain: str = "one.example") -> None:
    batch = [a_prepared(app, server, to=f"u{n}@{domain}") for n in range(count)]
    await app.db.write_each(accept, batch)


def take(app, lane: str = "one.example", slots: int = 10, lease: int = 1):
    return app.db.write(lambda tx: queue.claim(tx, [(lane, slots)], lease))


async def test_due_copies_are_taken_once_oldest_first(app, server, clock) -> None:
    await put(app, server)
    clock.advance(timedelta(seconds=1))
    await put(app, server, 3)
    first = await take(app, slots=2)
    second = await take(app, slots=10)
    assert [c.email for c in first][0] == "u0@one.example"
    assert len(first) == 2
    assert len(second) == 2
    assert await take(app) == []


async def test_a_lease_that_ended_is_taken_again(app, server, clock) -> None:
    await put(app, server)
    (first,) = await take(app, lease=1)
    clock.advance(LEASE)
    (second,) = await take(app, lease=2)
    assert (second.message_key, second.position) == (first.message_key, first.position)


async def test_a_prolonged_lease_is_not_taken_again(app, server, clock) -> None:
    await put(app, server)
    (first,) = await take(app, lease=1)
    clock.advance(LEASE / 2)
    held = [(first.message_key, first.position, first.lease)]
    await app.db.write(lambda tx: queue.extend(tx, held))
    clock.advance(LEASE / 2)
    assert await take(app, lease=2) == []


async def test_who_lost_the_lease_is_told(app, server, clock) -> None:
    await put(app, server)
    (first,) = await take(app, lease=1)
    clock.advance(LEASE)
    (second,) = await take(app, lease=2)
    both = [(c.message_key, c.position, c.lease) for c in (first, second)]
    assert await app.db.write(lambda tx: queue.still_held(tx, both)) == {both[1]}


async def test_postgresql_finds_what_is_held_by_its_key_however_long_the_queue(app, server) -> None:
    if app.db.is_sqlite:
        pytest.skip("SQLite looks each up by its key, one by one")
    statement = f"EXPLAIN {queue._STILL_HELD_POSTGRES}"
    columns = [1, 2, 3], [0, 0, 0], [7, 7, 7]
    plan = await app.db.write(lambda tx: dialect.postgres_rows(tx.connection, statement, *columns))
    text = "\n".join(line for (line,) in plan)
    assert "Index Scan using pk_recipients" in text
    assert "ix_recipients_due" not in text
    assert "Hash Join" not in text


async def test_a_released_copy_is_due_at_once(app, server) -> None:
    await put(app, server)
    (first,) = await take(app)
    held = [(first.message_key, first.position, first.lease)]
    await app.db.write(lambda tx: queue.release(tx, held))
    assert len(await take(app, lease=2)) == 1


async def test_many_workers_take_each_copy_exactly_once(app, server) -> None:
    await put(app, server, 300)
    taken: list[tuple[int, int]] = []

    async def worker(lease: int) -> None:
        while got := await take(app, slots=7, lease=lease):
            taken.extend((c.message_key, c.position) for c in got)

    await asyncio.gather(*(worker(n) for n in range(1, 9)))
    assert len(taken) == len(set(taken)) == 300


async def test_every_lane_is_found_with_its_first_due_time(app, server, clock) -> None:
    for n in range(30):
        await put(app, server, 2, f"d{n}.example")
    start = clock.now()
    await take(app, "d3.example")
    lanes = await app.db.read(queue.lanes)
    assert len(lanes) == 30
    assert lanes["d7.example"] == start
    assert lanes["d3.example"] == start + LEASE


async def test_moves_write_down_where_copies_stand(app, server, clock) -> None:
    await put(app, server, 3)
    copies = await take(app)
    states = (RecipientState.DELIVERED, RecipientState.BOUNCED, RecipientState.QUEUED)
    later = clock.now() + timedelta(minutes=5)
    moves = [
        Move(
            message_key=c.message_key,
            position=c.position,
            lease=c.lease,
            state=state,
            attempts=1,
            due_at=later if state is RecipientState.QUEUED else None,
            last_reply="451 later",
        )
        for c, state in zip(copies, states, strict=True)
    ]
    await app.db.write(lambda tx: queue.move(tx, moves))
    (waiting,) = await app.db.read(lambda tx: queue.list_waiting(tx, limit=10))
    assert (waiting.due_at, waiting.attempts, waiting.last_reply) == (later, 1, "451 later")
    assert not waiting.is_in_hand


async def test_retry_makes_waiting_copies_due_and_drop_ends_them(app, server, clock) -> None:
    await put(app, server, 2)
    one, _ = await take(app)
    await app.db.write(
        lambda tx: queue.move(
            tx,
            [
                Move(
                    message_key=one.message_key,
                    position=one.position,
                    lease=one.lease,
                    state=RecipientState.QUEUED,
                    attempts=1,
                    due_at=clock.now() + timedelta(hours=1),
                )
            ],
        )
    )
    assert await app.db.write(lambda tx: queue.retry(tx, None)) == ["one.example"]
    assert [c.message_key for c in await take(app, lease=2)] == [one.message_key]
    assert await app.db.write(lambda tx: queue.drop(tx, one.message_key)) == 1
    assert await app.db.read(queue.count_waiting) == 1
