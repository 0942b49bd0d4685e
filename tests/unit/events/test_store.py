"""The event log."""

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
