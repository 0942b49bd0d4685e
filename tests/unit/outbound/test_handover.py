"""Copies that go from accepting to the delivery without the queue; the database knows of them first."""

from collections import Counter
from datetime import timedelta

import pytest

from pillarbox.outbound.accept import DELIVERY, accept
from pillarbox.outbound.handover import LARGEST, Handed
from pillarbox.outbound.store import queue, to_send
from pillarbox.outbound.store.queue import LEASE
from pillarbox.relay.handover import Handover
from pillarbox.relay.lanes import FIRST_IN_HAND, Lanes
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Origin, Reason, Suppression
from tests.factories import a_prepared

LANE = "one.example"


@pytest.fixture
def lanes() -> Lanes:
    return Lanes()


@pytest.fixture
async def handover(app, lanes) -> Handover:
    return Handover(app, lanes, bytes_free=lambda: 10_000_000)


async def accepted(app, server, count: int = 1, **changes) -> None:
    await app.db.write_each(accept, [a_prepared(app, server, **changes) for _ in range(count)])


def claimed(app):
    return app.db.write(lambda tx: queue.claim(tx, [(LANE, 500)], 1))


async def test_what_is_handed_over_is_in_the_database_as_a_claim_leaves_it(
    app, server, clock, handover
) -> None:
    await accepted(app, server, to="Ann <ann@one.example>, bob@two.example")
    (handed,) = handover.take()
    assert [(c.email, c.lane, c.position) for c in handed.copies] == [
        ("ann@one.example", "one.example", 0),
        ("bob@two.example", "two.example", 1),
    ]
    assert (
        handed.content
        == (await app.db.read(lambda tx: to_send.load(tx, [key_of(handed)])))[key_of(handed)]
    )
    assert {key_of(handed): handed.raw} == await app.db.read(
        lambda tx: to_send.load_raw(tx, [key_of(handed)])
    )
    ids = {(c.message_key, c.position, c.lease) for c in handed.copies}
    assert await app.db.write(lambda tx: queue.still_held(tx, list(ids))) == ids
    assert await claimed(app) == []
    clock.advance(LEASE)  # the process died: anybody takes them
    assert [c.email for c in await claimed(app)] == ["ann@one.example"]


def key_of(handed: Handed) -> int:
    return handed.copies[0].message_key


async def test_suppressed_copies_are_not_handed_over(app, server, handover) -> None:
    stream = server.stream("outbound").key
    await app.db.write(lambda tx: hold_back(tx, stream, "ann@one.example"))
    await accepted(app, server, to="ann@one.example, bob@one.example")
    (handed,) = handover.take()
    assert [c.email for c in handed.copies] == ["bob@one.example"]


def hold_back(tx: Tx, stream: int, address: str) -> None:
    held = Suppression(
        stream_key=stream,
        address=address,
        reason=Reason.MANUAL,
        origin=Origin.CUSTOMER,
        created_at=tx.now,
    )
    suppressions.insert(tx, [held])


async def test_a_lane_with_mail_waiting_is_not_overtaken(app, server, clock, handover, lanes):
    lanes.found(LANE, clock.now())
    await accepted(app, server)
    assert handover.take() == []
    assert len(await claimed(app)) == 1


async def test_mail_that_waits_for_later_lets_new_mail_pass(app, server, clock, handover, lanes):
    lanes.found(LANE, clock.now() + timedelta(minutes=5))
    await accepted(app, server)
    assert len(handover.take()) == 1


async def test_a_destination_gets_no_more_than_it_has_room_for(app, server, handover) -> None:
    await accepted(app, server, FIRST_IN_HAND + 7)
    assert len(handover.take()) == FIRST_IN_HAND
    await accepted(app, server)  # all of them are in hand now
    assert handover.take() == []
    assert len(await claimed(app)) == 8


@pytest.mark.parametrize("changes", [{"text": "x" * LARGEST}, {"stream": "broadcast"}])
async def test_large_and_bulk_mail_goes_through_the_queue(app, server, handover, changes) -> None:
    await accepted(app, server, **changes)
    assert handover.take() == []


async def test_what_is_undone_is_not_handed_over(app, server, handover) -> None:
    message = a_prepared(app, server)

    def work(tx) -> None:
        accept(tx, [message])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await app.db.write(work)
    assert handover.take() == []


async def test_a_closed_handover_takes_nothing(app, server, handover) -> None:
    await handover.close()
    await accepted(app, server)
    assert handover.take() == []
    assert len(await claimed(app)) == 1


async def test_nobody_delivers_here(app, server) -> None:
    assert DELIVERY not in app.wake.takers
    await accepted(app, server)
    assert len(await claimed(app)) == 1


def test_lanes_count_what_is_promised(clock) -> None:
    lanes = Lanes(most_in_hand=10)
    ask = Counter({LANE: FIRST_IN_HAND - 1})
    assert Lanes().has_room(LANE, clock.now(), promised=ask[LANE], promised_in_all=0)
    assert not Lanes().has_room(LANE, clock.now(), promised=FIRST_IN_HAND, promised_in_all=0)
    assert lanes.has_room(LANE, clock.now(), promised=0, promised_in_all=7)
    assert not lanes.has_room(LANE, clock.now(), promised=0, promised_in_all=8)
