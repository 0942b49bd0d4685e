"""The queue, destination by destination, and suspended destinations."""

from datetime import timedelta

from pillarbox.outbound.accept import accept
from pillarbox.outbound.model import MessageStatus, RecipientState
from pillarbox.outbound.store import destinations, messages, queue, suspensions
from pillarbox.outbound.store.queue import Move
from tests.factories import a_prepared


async def put(app, server, to: str):
    message = a_prepared(app, server, to=to)
    await app.db.write_each(accept, [message])
    return message


def defer(message, position: int, due_at, reply: str) -> Move:
    return Move(
        message_key=message.key,
        position=position,
        lease=0,
        state=RecipientState.QUEUED,
        attempts=3,
        due_at=due_at,
        last_reply=reply,
    )


async def test_a_survey_counts_by_destination(app, server, clock) -> None:
    first = await put(app, server, "ann@one.example, bo@two.example")
    clock.advance(timedelta(minutes=5))
    second = await put(app, server, "cy@one.example")
    later = clock.now() + timedelta(minutes=4)
    await app.db.write(lambda tx: queue.move(tx, [defer(first, 0, later, "421 Slow down")]))
    await app.db.write(lambda tx: queue.claim(tx, [("two.example", 5)], 1))
    depth, (one, two) = await app.db.read(destinations.survey)
    assert (depth.waiting, depth.due, depth.destinations) == (3, 1, 2)
    assert depth.oldest_at == first.received_at
    assert (one.domain, one.waiting, one.due, one.in_hand) == ("one.example", 2, 1, 0)
    assert (one.tries, one.last_reply, one.oldest_at) == (3, "421 Slow down", first.received_at)
    assert one.next_at == second.received_at
    assert (two.domain, two.waiting, two.due, two.in_hand) == ("two.example", 1, 0, 1)
    _, found = await app.db.read(lambda tx: destinations.survey(tx, domain="two"))
    assert [d.domain for d in found] == ["two.example"]


async def test_nothing_waits(app, server) -> None:
    depth, found = await app.db.read(destinations.survey)
    assert (depth.waiting, depth.due, depth.destinations, depth.oldest_at) == (0, 0, 0, None)
    assert found == []
    unknown = await app.db.read(lambda tx: destinations.look(tx, "x.example"))
    assert (unknown.waiting, unknown.next_at, unknown.oldest_at) == (0, None, None)


async def test_dropping_a_destination_leaves_the_others(app, server) -> None:
    both = await put(app, server, "ann@one.example, bo@two.example")
    only = await put(app, server, "cy@one.example")
    assert await app.db.write(lambda tx: destinations.drop(tx, "one.example")) == 2
    (left,) = await app.db.read(lambda tx: queue.list_waiting(tx, limit=5))
    assert left.recipient == "bo@two.example"

    def status(tx, message):
        found = messages.find(tx, server.id, message.message_id)
        return found and found.status

    assert await app.db.read(lambda tx: status(tx, both)) is MessageStatus.QUEUED
    assert await app.db.read(lambda tx: status(tx, only)) is MessageStatus.SENT


async def test_trying_a_destination_now_leaves_the_others(app, server, clock) -> None:
    message = await put(app, server, "ann@one.example, bo@two.example")
    later = clock.now() + timedelta(minutes=4)
    moves = [defer(message, position, later, "421 Later") for position in (0, 1)]
    await app.db.write(lambda tx: queue.move(tx, moves))
    lanes = await app.db.write(lambda tx: queue.retry(tx, None, domain="one.example"))
    assert lanes == ["one.example"]
    due = {
        w.recipient: w.due_at for w in await app.db.read(lambda tx: queue.list_waiting(tx, limit=5))
    }
    assert due == {"ann@one.example": clock.now(), "bo@two.example": later}


async def test_a_suspension_ends_when_it_is_resumed_or_its_time_is_over(app, server, clock) -> None:
    until = clock.now() + timedelta(hours=1)
    await app.db.write(lambda tx: suspensions.suspend(tx, "one.example", by="Ann", reason="first"))
    made = await app.db.write(
        lambda tx: suspensions.suspend(tx, "one.example", by="Bo", reason="second", until=until)
    )
    assert await app.db.read(suspensions.current) == {"one.example": made}
    _, (shown,) = await app.db.read(destinations.survey)
    assert (shown.domain, shown.waiting, shown.suspension) == ("one.example", 0, made)
    clock.advance(timedelta(hours=1))
    assert await app.db.read(suspensions.current) == {}
    assert not await app.db.write(lambda tx: suspensions.resume(tx, "one.example"))
    await app.db.write(lambda tx: suspensions.suspend(tx, "one.example", by="Ann"))
    assert await app.db.write(lambda tx: suspensions.resume(tx, "one.example"))
    assert await app.db.read(suspensions.current) == {}
