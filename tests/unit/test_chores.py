"""Chores: who runs one, and when it is due again."""

import asyncio
from datetime import timedelta

import pytest

from pillarbox.chores import LEASE, Chore, Chores
from pillarbox.storage import chores as store

HOUR = timedelta(hours=1)


class Work:
    def __init__(self, problem: Exception | None = None) -> None:
        self.runs = 0
        self.problem = problem
        self.ran = asyncio.Event()

    async def __call__(self) -> None:
        self.runs += 1
        self.ran.set()
        if self.problem:
            raise self.problem


def a_chore(work: Work, **options) -> Chore:
    return Chore(name="sweep", every=HOUR, run=work, **options)


async def test_a_chore_runs_at_its_interval(app, clock):
    work = Work()
    chores = Chores(app, [])
    assert await chores.run_once(a_chore(work))
    assert not await chores.run_once(a_chore(work))
    clock.advance(HOUR)
    assert await chores.run_once(a_chore(work))
    assert work.runs == 2


async def test_a_chore_in_hand_is_not_taken_twice(app, clock):
    chores = Chores(app, [])
    second = Work()

    async def first() -> None:
        assert not await chores.run_once(a_chore(second))

    assert await chores.run_once(Chore(name="sweep", every=HOUR, run=first))
    assert second.runs == 0


async def test_a_chore_that_failed_is_due_when_its_lease_ends(app, clock):
    work = Work(problem=OSError("broken"))
    chores = Chores(app, [])
    with pytest.raises(OSError, match="broken"):
        await chores.run_once(a_chore(work))
    assert not await chores.run_once(a_chore(work))
    clock.advance(LEASE)
    work.problem = None
    assert await chores.run_once(a_chore(work))


async def test_called_while_it_runs_it_runs_once_more(app, clock):
    chores = Chores(app, [])

    async def called_again() -> None:
        await app.db.write(lambda tx: store.call(tx, "sweep"))

    assert await chores.run_once(Chore(name="sweep", every=HOUR, run=called_again))
    work = Work()
    assert await chores.run_once(a_chore(work))
    assert not await chores.run_once(a_chore(work))


async def test_a_lease_is_prolonged(app, clock):
    held = await app.db.write(lambda tx: store.claim(tx, "sweep", LEASE))
    clock.advance(LEASE / 2)
    longer = await app.db.write(lambda tx: store.extend(tx, "sweep", held, LEASE))
    assert longer == clock.now() + LEASE
    assert await app.db.write(lambda tx: store.extend(tx, "sweep", held, LEASE)) is None
    assert await app.db.read(lambda tx: store.due_at(tx, "sweep")) == longer


async def test_a_node_that_starts_alone_frees_what_a_dead_one_had_in_hand(app, clock):
    assert await app.db.write(lambda tx: store.claim(tx, "sweep", LEASE))
    work = Work()
    chores = Chores(app, [])
    assert not await chores.run_once(a_chore(work))
    await app.db.write(store.release_all)
    assert await chores.run_once(a_chore(work))
    await app.db.write(store.release_all)
    assert not await chores.run_once(a_chore(work))


async def test_the_role_runs_chores_when_their_topic_wakes(app, clock):
    work = Work()
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(10):
        tasks.create_task(Chores(app, [a_chore(work, topic="dust")]).run(stop))
        await work.ran.wait()
        work.ran.clear()
        app.wake.arrived("dust")
        await work.ran.wait()
        stop.set()
    assert work.runs == 2
