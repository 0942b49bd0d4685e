"""Mail that goes from keeping to the processing past the queue; the database knows of it first."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import event

from pillarbox.received import process, store
from pillarbox.received.handover import keep
from pillarbox.received.model import Received, Route, Target
from pillarbox.received.process import Processing
from pillarbox.storage.tx import Tx
from tests.factories import a_received


class Gate:
    """A step that holds mails until it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.begun: asyncio.Queue[Received] = asyncio.Queue()
        self.settled: list[Received] = []

    async def prepare(self, mail: Received) -> Received:
        self.begun.put_nowait(mail)
        await self.opened.wait()
        return mail

    async def surrender(self, mail: Received) -> Received:
        return mail

    def settle(self, tx: Tx, prepared: Sequence[Received]) -> None:
        self.settled += prepared


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def processing(app, gate) -> Processing:
    return Processing(app, {Route.INBOUND: gate})


@asynccontextmanager
async def working(app, processing) -> AsyncIterator[asyncio.Event]:
    """While this lasts the processing works; it has looked at the queue, which was empty."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(processing.run(stop))
        await asyncio.sleep(0)
        await app.db.write(lambda _: None)
        await app.db.read(lambda _: None)
        yield stop
        stop.set()


def rows(app):
    with app.db.transaction() as tx:
        return tx.rows(store.received_mail.select())


def claim(app):
    return app.db.write(lambda tx: store.claim(tx, [Route.INBOUND], lease=7, limit=99))


async def test_what_is_handed_over_is_in_the_database_as_a_claim_leaves_it(
    app, server, clock, gate, processing
) -> None:
    mail = a_received(app, server)
    async with working(app, processing), asyncio.timeout(20):
        await app.db.write_each(keep, [[mail]])
        assert await gate.begun.get() == mail
        (row,) = rows(app)
        assert (row.attempts, row.due_at) == (1, clock.now() + store.LEASE)
        assert row.lease is not None
        assert await claim(app) == []
        gate.opened.set()
    assert gate.settled == [mail]
    assert rows(app) == []


async def test_handed_mail_is_not_taken_off_the_queue(app, server, gate, processing) -> None:
    """What this is for: no statement takes or reads back what was just kept."""
    said: list[str] = []

    def note(_connection, _cursor, statement, *_) -> None:
        said.append(statement)

    gate.opened.set()
    async with working(app, processing), asyncio.timeout(20):
        for engine in {app.db.engine, app.db._lines}:
            event.listen(engine, "before_cursor_execute", note)
        await app.db.write_each(keep, [[a_received(app, server)]])
        await gate.begun.get()
    assert not [
        one for one in said if "UPDATE received_mail" in one or "SELECT received_con" in one
    ]


async def test_what_a_dead_process_was_handed_is_due_again(
    app, server, clock, gate, processing
) -> None:
    mail = a_received(app, server)
    async with working(app, processing), asyncio.timeout(20):
        await app.db.write_each(keep, [[mail]])
        await gate.begun.get()
        clock.advance(store.LEASE)
        (other,) = await claim(app)
        assert (other.mail, other.attempts) == (mail, 2)
        gate.opened.set()
    assert gate.settled == []  # it was frozen, and the mail is another's now
    assert len(rows(app)) == 1


@pytest.mark.parametrize(
    "changes",
    [{"raw": b"x" * (store.SMALL + 1)}, {"target": Target(route=Route.BOUNCE)}],
    ids=["large", "no step"],
)
async def test_some_mail_is_better_queued(app, server, processing, changes) -> None:
    async with working(app, processing):
        assert processing.lease([a_received(app, server, **changes)], 0) is None
        assert processing.lease([a_received(app, server)], 0) is not None


async def test_no_more_is_promised_than_there_is_room_for(app, server, gate, processing) -> None:
    mails = [a_received(app, server) for _ in range(process.HANDED + 3)]
    # Sooner than the processing looks by itself: it knows that others wait.
    async with working(app, processing), asyncio.timeout(process.LOOK_EVERY_S * 0.9):
        await app.db.write(lambda tx: keep(tx, [[mail] for mail in mails]))
        for _ in range(process.HANDED):
            await gate.begun.get()
        assert len([row for row in rows(app) if row.lease is None]) == 3
        assert processing.lease([a_received(app, server)], 0) is None
        gate.opened.set()
        for _ in range(3):
            await gate.begun.get()  # the queue brings the others
    assert len(gate.settled) == len(mails)


async def test_no_more_is_promised_than_memory_may_hold(app, server, gate, processing) -> None:
    raw = b"x" * store.SMALL
    fits = process.HANDED_BYTES // store.SMALL
    mails = [a_received(app, server, raw=raw) for _ in range(fits)]
    async with working(app, processing), asyncio.timeout(20):
        assert processing.lease(mails[:1], fits) is None
        await app.db.write(lambda tx: keep(tx, [[mail] for mail in mails]))
        for _ in mails:
            await gate.begun.get()
        assert processing.lease(mails[:1], 0) is None
        gate.opened.set()
    assert processing._bytes_in_hand == 0


async def test_what_is_undone_is_not_handed_over(app, server, gate, processing) -> None:
    def work(tx: Tx) -> None:
        keep(tx, [[a_received(app, server)]])
        raise RuntimeError

    async with working(app, processing):
        with pytest.raises(RuntimeError):
            await app.db.write(work)
        assert gate.begun.empty()
        gate.opened.set()


async def test_what_was_promised_before_the_end_is_still_processed(
    app, server, gate, processing
) -> None:
    if not app.db.is_sqlite:
        pytest.skip("with several writers a lease may be left to run out")
    mail, loop = a_received(app, server), asyncio.get_running_loop()
    gate.opened.set()
    async with working(app, processing) as stop:

        def work(tx: Tx) -> None:
            keep(tx, [[mail]])
            loop.call_soon_threadsafe(stop.set)  # not committed yet

        await app.db.write(work)
    assert gate.settled == [mail]
    assert processing.lease([mail], 0) is None


async def test_mail_that_comes_after_the_end_is_left_to_others(app, server, gate, processing):
    gate.opened.set()
    async with working(app, processing):
        pass
    await app.db.write_each(keep, [[a_received(app, server)]])
    assert len(await claim(app)) == 1
