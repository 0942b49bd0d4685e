"""Group commit and its promises, on both databases."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import pytest
from psycopg.errors import InFailedSqlTransaction
from sqlalchemy import delete, func, insert, select, text, update

from pillarbox.errors import Problem, Refused
from pillarbox.storage import writers
from pillarbox.storage.db import Database
from pillarbox.storage.nodes import nodes
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import micros


def put(tx: Tx, name: str) -> str:
    tx.run(insert(nodes), {"hostname": name, "started_at": tx.now})
    return name


def names(tx: Tx) -> list[str]:
    return sorted(row.hostname for row in tx.rows(select(nodes.c.hostname)))


@pytest.fixture(autouse=True)
def empty(db: Database) -> None:
    with db.transaction() as tx:
        tx.run(delete(nodes))


async def test_what_write_returned_is_committed(db: Database) -> None:
    assert await db.write(lambda tx: put(tx, "one")) == "one"
    assert await db.read(names) == ["one"]


async def test_work_that_raises_leaves_nothing_behind_and_spoils_nobody_else(db: Database) -> None:
    def bad(tx: Tx) -> None:
        put(tx, "half done")
        raise Refused(Problem.BAD_HEADER)

    results = await asyncio.gather(
        *(db.write(lambda tx, n=n: put(tx, f"good {n}")) for n in range(20)),  # type: ignore[misc]
        db.write(bad),
        return_exceptions=True,
    )
    assert isinstance(results[-1], Refused)
    assert await db.read(names) == sorted(f"good {n}" for n in range(20))


async def test_items_of_several_callers_reach_the_work_as_one_list(db: Database) -> None:
    sizes: list[int] = []
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def work(tx: Tx, items: Sequence[str]) -> list[str | Refused]:
        sizes.append(len(items))
        if items[0] == "first":
            asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(10)
        return [put(tx, item) for item in items]

    first = asyncio.ensure_future(db.write_each(work, ["first"]))
    while not sizes:
        await asyncio.sleep(0)
    calls = [asyncio.ensure_future(db.write_each(work, [f"{n}a", f"{n}b"])) for n in range(5)]
    await asyncio.sleep(0)
    gate.set()
    assert [await call for call in calls] == [[f"{n}a", f"{n}b"] for n in range(5)]
    assert await first == ["first"]
    assert sizes == [1, 10]


async def test_one_bad_item_fails_its_own_caller_only(db: Database) -> None:
    def work(tx: Tx, items: Sequence[str]) -> list[str | Refused]:
        for item in items:
            put(tx, item)
        if "bad" in items:
            raise RuntimeError("bad")
        return list(items)

    calls = [db.write_each(work, [name]) for name in ("a", "bad", "b", "c")]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [r if isinstance(r, list) else type(r) for r in results] == [
        ["a"],
        RuntimeError,
        ["b"],
        ["c"],
    ]
    assert await db.read(names) == ["a", "b", "c"]


async def test_waking_happens_after_the_commit(db: Database) -> None:
    heard = db.wake.subscribe("topic")

    def work(tx: Tx) -> None:
        put(tx, "woken")
        tx.wake("topic", "hint")

    await db.write(work)
    await heard.wait(5)
    assert heard.take() == {"hint"}
    assert await db.read(names) == ["woken"]


async def test_work_that_was_undone_wakes_nobody(db: Database) -> None:
    heard = db.wake.subscribe("topic")

    def work(tx: Tx) -> None:
        tx.wake("topic")
        raise Refused(Problem.BAD_HEADER)

    with pytest.raises(Refused):
        await asyncio.gather(db.write(work), db.write(lambda tx: put(tx, "other")))
    await asyncio.sleep(0)
    assert not heard.is_set


async def test_insert_many_writes_every_row_whatever_their_number(db: Database) -> None:
    for count in (1, 7, 8, 33, 300):
        at = micros(db.clock.now())
        rows = [(f"{count}-{n}", at) for n in range(count)]
        await db.write(
            partial(Tx.insert_many, table=nodes, columns=("hostname", "started_at"), rows=rows)
        )
        query = select(func.count()).select_from(nodes).where(nodes.c.hostname.like(f"{count}-%"))
        found = await db.read(partial(Tx.scalar, statement=query))
        assert found == count
    assert (
        await db.read(lambda tx: tx.scalar(select(func.max(nodes.c.started_at)))) == db.clock.now()
    )


def put_numbered(tx: Tx, *numbered: tuple[int, str]) -> None:
    rows = [(number, name, micros(tx.now)) for number, name in numbered]
    tx.insert_many(nodes, ("id", "hostname", "started_at"), rows)


async def test_a_bare_statement_that_fails_spoils_its_own_caller_only(db: Database) -> None:
    results = await asyncio.gather(
        *(db.write(lambda tx, n=n: put_numbered(tx, (n, f"good {n}"))) for n in range(9)),  # type: ignore[misc]
        db.write(lambda tx: put_numbered(tx, (99, "twice"), (99, "twice"))),
        return_exceptions=True,
    )
    assert results[:-1] == [None] * 9
    assert isinstance(results[-1], Exception)
    assert await db.read(names) == [f"good {n}" for n in range(9)]


async def test_work_that_ends_with_a_question_is_committed(db: Database) -> None:
    def work(tx: Tx) -> list[tuple[object, ...]]:
        put_numbered(tx, (1, "kept"))
        return tx.find_many(nodes, ("id",), [(1,), (2,)], unless_empty=nodes)

    assert await db.write(work) == [(1,), (None,)]
    assert await db.read(names) == ["kept"]


async def test_whoever_swallows_a_failure_is_not_told_that_all_was_kept(db: Database) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite undoes the statement that failed, and goes on")

    def work(tx: Tx) -> None:
        put(tx, "one")
        with suppress(Exception):
            tx.run(text("SELECT 1 / 0"))

    with pytest.raises(InFailedSqlTransaction):
        await db.write(work)
    assert await db.read(names) == []


async def test_of_two_that_block_each_other_one_is_repeated(db: Database) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite has one writer")
    await db.write(lambda tx: put_numbered(tx, (1, ""), (2, "")))
    both_hold_one = threading.Barrier(2, timeout=20)
    tries: list[str] = []

    def work(tx: Tx, name: str, order: tuple[int, int]) -> str:
        tx.run(text("SET LOCAL deadlock_timeout = '10ms'"))
        for number in order:
            tx.run(
                update(nodes).where(nodes.c.id == number).values(hostname=nodes.c.hostname + name)
            )
            if number == order[0] and len(tries) < 2:
                tries.append(name)
                both_hold_one.wait()
        return name

    first = asyncio.ensure_future(db.write(partial(work, name="a", order=(1, 2))))
    while not tries:
        await asyncio.sleep(0)
    assert await db.write(partial(work, name="b", order=(2, 1))) == "b"
    assert await first == "a"
    assert sorted(tries) == ["a", "b"]
    assert {"".join(sorted(name)) for name in await db.read(names)} == {"ab"}


async def test_texts_of_all_kinds_come_back_as_they_were(db: Database) -> None:
    odd = ['a"b', "a\\b", "{a,b}", "NULL", "", " ", "a\nb", "é\u2028", "it's", "%s %(x)s $1"]
    await db.write(lambda tx: put_numbered(tx, *enumerate(odd)))
    assert sorted(await db.read(names)) == sorted(odd)


async def test_postgresql_starts_no_workers_and_compiles_nothing(db: Database) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite does neither")
    for setting, value in (("jit", "off"), ("max_parallel_workers_per_gather", "0")):
        query = select(func.current_setting(setting))
        assert await db.read(partial(Tx.scalar, statement=query)) == value


async def test_stop_finishes_what_waits(db: Database) -> None:
    calls = [asyncio.ensure_future(db.write(lambda tx, n=n: put(tx, str(n)))) for n in range(50)]  # type: ignore[misc]
    await asyncio.sleep(0)
    db.stop()
    assert await asyncio.gather(*calls) == [str(n) for n in range(50)]


async def test_other_work_of_the_loop_does_not_get_in_the_way_of_statements(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not db.is_sqlite:
        pytest.skip("the loop stands still for the embedded database only")
    monkeypatch.setattr(writers, "STANDSTILL_S", 20)
    order: list[str] = []
    call = asyncio.ensure_future(db.write(lambda _tx: order.append("statements")))
    while db.load().writes_waiting == 0:
        await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(order.append, "other work")
    await call
    assert order == ["statements", "other work"]


async def test_the_loop_does_not_stand_still_for_long_statements(db: Database) -> None:
    loop = asyncio.get_running_loop()

    def work(_tx: Tx) -> str:
        return asyncio.run_coroutine_threadsafe(asyncio.sleep(0, "the loop went on"), loop).result(
            20
        )

    assert await db.write(work) == "the loop went on"


def test_callers_whose_loop_has_ended_hold_nobody_up(db: Database) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work(_tx: Tx) -> None:
        begun.set()
        may_end.wait(20)

    async def give_up() -> None:
        call = asyncio.ensure_future(db.write(work))
        while not begun.is_set():
            await asyncio.sleep(0)
        call.cancel()

    asyncio.run(give_up())
    may_end.set()
    assert asyncio.run(asyncio.wait_for(db.write(lambda tx: put(tx, "next")), 20)) == "next"


async def test_news_has_arrived_before_callers_go_on_but_they_go_first(db: Database) -> None:
    order: list[str] = []

    class Taker:
        def arrive(self, items: Sequence[str], /) -> None:
            order.extend(items)
            asyncio.get_running_loop().call_soon(order.append, "what the news led to")

    db.wake.takers["parcels"] = Taker()
    await db.write(lambda tx: tx.hand_over("parcels", "parcel"))
    order.append("the caller")
    await asyncio.sleep(0)
    assert order == ["parcel", "the caller", "what the news led to"]
    del db.wake.takers["parcels"]
