"""Received mail is processed once, again after a failure, and never lost."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from pillarbox.received import process, store
from pillarbox.received.handover import keep as keep_mail
from pillarbox.received.model import Received, Route, Target
from pillarbox.received.process import Processing
from pillarbox.storage.tx import Tx
from tests.factories import a_received


class Ledger:
    """A step that notes what it is given; fails for sources that say so."""

    def __init__(self) -> None:
        self.tries: list[str] = []
        self.settled: list[str] = []
        self.something = asyncio.Event()

    async def prepare(self, mail: Received) -> str:
        self.tries.append(mail.message_id)
        self.something.set()
        if b"broken" in mail.raw:
            raise RuntimeError("cannot be read")
        return f"read {len(mail.raw)} {mail.message_id}"

    async def surrender(self, mail: Received) -> str:
        return f"unread {mail.message_id}"

    def settle(self, tx: Tx, prepared: Sequence[str]) -> None:
        self.settled += prepared
        tx.wake("settled")


@pytest.fixture
def step() -> Ledger:
    return Ledger()


async def keep(app, *mails: Received) -> None:
    await app.db.write_each(keep_mail, [[mail] for mail in mails])


def left(app) -> int:
    with app.db.transaction() as tx:
        rows = len(tx.rows(store.received_mail.select()))
        assert len(tx.rows(store.received_contents.select())) == rows
    return rows


async def until_settled(app, step, count: int, work: Processing) -> None:
    """Work until so many mails are settled."""
    heard = app.wake.subscribe("settled")
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work.run(stop))
        async with asyncio.timeout(20):
            while len(step.settled) < count:
                await heard.wait(20)
                heard.take()
        stop.set()


async def test_mail_is_settled_once_and_gone(app, server, step):
    mails = [a_received(app, server) for _ in range(3)]
    large = a_received(app, server, raw=b"x" * (store.SMALL + 1))
    await keep(app, *mails, large)
    await until_settled(app, step, 4, Processing(app, {Route.INBOUND: step}))
    sizes = {mail.message_id: len(mail.raw) for mail in [*mails, large]}
    assert set(step.settled) == {f"read {size} {name}" for name, size in sizes.items()}
    assert len(step.settled) == 4
    assert left(app) == 0


async def test_more_than_one_handful_is_worked_through(app, server, step):
    await keep(app, *[a_received(app, server) for _ in range(3 * process.IN_HAND)])
    await until_settled(app, step, 3 * process.IN_HAND, Processing(app, {Route.INBOUND: step}))
    assert left(app) == 0


async def test_mail_without_a_step_is_kept(app, server, step):
    bounce = a_received(app, server, target=Target(route=Route.BOUNCE))
    await keep(app, bounce, a_received(app, server))
    await until_settled(app, step, 1, Processing(app, {Route.INBOUND: step}))
    assert left(app) == 1
    await until_settled(app, step, 2, Processing(app, {Route.BOUNCE: step}))
    assert step.settled[1].endswith(bounce.message_id)


async def test_a_mail_that_cannot_be_read_is_settled_unread(app, server, step, clock, monkeypatch):
    monkeypatch.setattr(process, "RETRY_AFTER", (timedelta(0), timedelta(0)))
    mail = a_received(app, server, raw=b"broken\r\n")
    await keep(app, mail)
    await until_settled(app, step, 1, Processing(app, {Route.INBOUND: step}))
    assert len(step.tries) == 3
    assert step.settled == [f"unread {mail.message_id}"]
    assert left(app) == 0


async def test_a_broken_mail_does_not_hold_up_the_others(app, server, step):
    await keep(app, a_received(app, server, raw=b"broken\r\n"), a_received(app, server))
    await until_settled(app, step, 1, Processing(app, {Route.INBOUND: step}))
    assert left(app) == 1


async def test_what_a_dead_process_had_in_hand_is_due_again(app, server, step, clock):
    mail = a_received(app, server)
    await keep(app, mail)
    taken = await app.db.write(lambda tx: store.claim(tx, [Route.INBOUND], lease=1, limit=9))
    assert [one.mail for one in taken] == [mail]
    again = await app.db.write(lambda tx: store.claim(tx, [Route.INBOUND], lease=2, limit=9))
    assert again == []
    clock.advance(store.LEASE)
    await until_settled(app, step, 1, Processing(app, {Route.INBOUND: step}))
    with app.db.transaction() as tx:
        assert store.finish(tx, taken) == set()


async def test_a_new_start_takes_back_what_was_in_hand(app, server, clock):
    await keep(app, a_received(app, server))
    with app.db.transaction() as tx:
        store.claim(tx, [Route.INBOUND], lease=1, limit=9)
        store.release_all(tx)
        (taken,) = store.claim(tx, [Route.INBOUND], lease=2, limit=9)
    assert taken.attempts == 2


async def test_two_workers_have_one_effect(app, server, step, clock):
    """A worker whose lease ran out while it was frozen writes nothing any more."""
    await keep(app, a_received(app, server))
    lane = process._Lane(step)
    with app.db.transaction() as tx:
        frozen = store.claim(tx, [Route.INBOUND], lease=1, limit=9)
    clock.advance(store.LEASE)
    with app.db.transaction() as tx:
        other = store.claim(tx, [Route.INBOUND], lease=2, limit=9)
        lane.settle(tx, [(frozen[0], "late")])
        assert step.settled == []
        lane.settle(tx, [(other[0], "good")])
        lane.settle(tx, [(other[0], "twice")])
    assert step.settled == ["good"]


async def test_mails_of_one_transaction_share_their_source(app, server):
    first, second = a_received(app, server), a_received(app, server, recipient="b@x.example")
    await app.db.write_each(keep_mail, [[first, second]])
    with app.db.transaction() as tx:
        taken = store.claim(tx, [Route.INBOUND], lease=1, limit=9)
        assert [one.mail.raw for one in taken] == [first.raw, first.raw]
        store.finish(tx, taken[:1])
        assert store.load(tx, taken[1]).mail.raw == first.raw
        store.finish(tx, taken[1:])
        assert tx.rows(store.received_contents.select()) == []


async def test_the_next_due_mail_is_known(app, server, clock):
    with app.db.transaction() as tx:
        assert store.next_due(tx, [Route.INBOUND, Route.BOUNCE]) is None
        mail = a_received(app, server)
        store.insert(tx, [[mail]])
        assert store.next_due(tx, [Route.INBOUND, Route.BOUNCE]) == mail.received_at
        assert store.last_key(tx) == mail.key


@pytest.mark.parametrize("route", [Route.INBOUND, Route.BOUNCE])
async def test_claiming_starts_from_the_index(app, server, route, settings):
    if not app.db.is_sqlite:
        pytest.skip("plans of PostgreSQL depend on what is in the tables")
    with app.db.transaction() as tx:
        plan = tx.connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT key FROM received_mail WHERE route = 'x' AND due_at <= 1 "
            "ORDER BY due_at LIMIT 5"
        ).all()
    assert "ix_received_due (route=? AND due_at<?)" in plan[0][3]
