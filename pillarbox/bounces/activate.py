"""Sending again to an address that a bounce had deactivated, at the customer's wish."""

from pillarbox.bounces import store
from pillarbox.bounces.model import TYPES, Bounce
from pillarbox.errors import Problem, Refused
from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.servers.model import Server
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Origin


def activate(tx: Tx, server: Server, bounce_id: int) -> Bounce:
    """Lift the suppression that a bounce of this Server caused, and tell of it; the bounce as it stands then.

    An address that is active already stays so. Refuses BOUNCE_NOT_FOUND, and BOUNCE_NOT_ACTIVATABLE when the type
    of the bounce forbids it or the address has complained since.
    Source: spec bounces 3 and 4.5.
    """
    bounce = store.get(tx, server.id, bounce_id)
    if not TYPES[bounce.type].can_activate:
        raise Refused(Problem.BOUNCE_NOT_ACTIVATABLE)
    stream_key, message_key = store.find_place(tx, bounce_id)
    address = bounce.email.lower()
    was_held_back = suppressions.remove(tx, stream_key, address)
    if suppressions.held_back(tx, [(stream_key, address)]):
        raise Refused(Problem.BOUNCE_NOT_ACTIVATABLE)
    store.mark_active(tx, stream_key, address)
    if was_held_back:
        changed = Event(
            server_id=server.id,
            stream_key=stream_key,
            message_key=message_key,
            recipient=bounce.email,
            type=EventType.SUBSCRIPTION_CHANGED,
            at=tx.now,
            details={"Origin": Origin.CUSTOMER.value, "SuppressSending": "False"},
        )
        events.append(tx, [changed])
    return store.get(tx, server.id, bounce_id)
