"""The event log."""

from datetime import timedelta

from pillarbox.events import store
from pillarbox.events.model import Event, EventType


def an_event(kind, at):
    return Event(
        server_id=1,
        stream_key=2,
        message_key=3,
        recipient="ann@one.example",
        type=kind,
        at=at,
        details={"Summary": kind.value},
    )


def test_a_message_shows_its_events_in_order_but_no_repeated_opens(db, clock):
    with db.transaction() as tx:
        store.append(tx, [an_event(kind, clock.now()) for kind in EventType])
        shown = [event.type for event in store.list_of_message(tx, 3)]
    assert shown == [kind for kind in EventType if kind is not EventType.OPENED_AGAIN]


def test_events_of_a_message_are_in_order_of_time_however_they_were_written(db, clock):
    late = an_event(EventType.BOUNCED, clock.now() + timedelta(seconds=1))
    with db.transaction() as tx:
        store.append(tx, [late, an_event(EventType.DELIVERED, clock.now())])
        shown = [event.type for event in store.list_of_message(tx, 3)]
    assert shown == [EventType.DELIVERED, EventType.BOUNCED]
