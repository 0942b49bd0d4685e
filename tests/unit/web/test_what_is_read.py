"""What the page of a message reads, on both databases."""

from datetime import timedelta

from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.outbound.accept import accept
from pillarbox.outbound.store import overview, queue
from pillarbox.web.messages.message import look
from pillarbox.webhooks.call import NewCall, Payload, payload_key
from pillarbox.webhooks.model import Trigger
from pillarbox.webhooks.store import calls, log
from tests.factories import a_prepared


def an_open(message, at) -> Event:
    return Event(
        server_id=message.server.id,
        stream_key=message.stream.key,
        message_key=message.key,
        recipient="ann@one.example",
        type=EventType.OPENED_AGAIN,
        at=at,
        details={"Hit": ""},
    )


def a_call(tx, message, event_id: int) -> None:
    key = payload_key(event_id, has_content=True)
    new = NewCall(
        lane="1",
        trigger=Trigger.OPEN,
        server_id=message.server.id,
        stream_key=message.stream.key,
        webhook_id=1,
        payload_key=key,
        size_bytes=2,
    )
    calls.insert_calls(tx, [Payload(key=key, recipient="ann@one.example", body=b"{}")], [new])


async def test_a_lane_says_how_busy_it_is(app, server) -> None:
    batch = [a_prepared(app, server, to=f"u{n}@one.example") for n in range(4)]
    await app.db.write_each(accept, batch)
    await app.db.write(lambda tx: queue.claim(tx, [("one.example", 3)], 1))
    crowd = await app.db.read(lambda tx: overview.crowd(tx, "one.example"))
    assert (crowd.in_hand, crowd.due) == (3, 1)
    nothing = await app.db.read(lambda tx: overview.crowd(tx, "two.example"))
    assert (nothing.in_hand, nothing.due) == (0, 0)


async def test_repeated_opens_and_calls_belong_to_their_message(app, server, clock) -> None:
    mine, other = a_prepared(app, server), a_prepared(app, server)
    await app.db.write_each(accept, [mine, other])
    last = clock.now() + timedelta(minutes=1)

    def happen(tx) -> list[int]:
        events.append(tx, [an_open(mine, clock.now()), an_open(mine, last)])
        events.append(tx, [an_open(other, clock.now())])
        [foreign] = events.ids_of_message(tx, other.key, limit=9)
        own = events.ids_of_message(tx, mine.key, limit=9)
        a_call(tx, mine, own[0])
        a_call(tx, other, foreign)
        return own

    own = await app.db.write(happen)
    record = await app.db.read(lambda tx: look(tx, mine.message_id))
    assert record is not None
    assert record.facts.repeated_opens == (2, last)
    [call] = record.facts.calls
    assert (call.body, call.attempts) == ("", ())
    before = await app.db.read(lambda tx: log.version_of_events(tx, own))
    await app.db.write(lambda tx: a_call(tx, mine, own[1]))
    assert await app.db.read(lambda tx: log.version_of_events(tx, own)) != before
