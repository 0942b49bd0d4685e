"""The one door for suppressions: whatever holds an address back or lets it go comes through here.

suppression row and event SubscriptionChanged, in one transaction

What waits in the queue for an address that is held back, see `outbound/suppress`.
"""

from collections.abc import Collection, Sequence

from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store
from pillarbox.suppressions.model import HeldBack, Origin, Suppression
from pillarbox.suppressions.store import Pair


def hold_back(tx: Tx, new: Sequence[HeldBack]) -> set[Pair]:
    """Hold addresses back and tell of each that was not held back before; those.

    An address keeps its first suppression, but for a complaint. Source: spec webhooks 4.8.
    """
    added = store.insert(tx, [one.suppression for one in new])
    told: dict[Pair, Event] = {}
    for one in new:
        held = one.suppression
        pair = held.stream_key, held.address
        if pair in added:
            details = {
                "Origin": held.origin.value,
                "SuppressSending": "True",
                "SuppressionReason": held.reason.value,
            }
            told.setdefault(pair, _event(one, details))
    events.append(tx, list(told.values()))
    return added


def take_over(tx: Tx, held: Sequence[Suppression]) -> set[Pair]:
    """Keep suppressions that another platform has told of already; those that were not held back before."""
    return store.insert(tx, held)


def lift(
    tx: Tx,
    *,
    server_id: int,
    stream_key: int,
    addresses: Collection[str],
    origin: Origin,
    message_key: int | None = None,
) -> set[str]:
    """Send to lower-cased addresses again and tell of each that was held back; those.

    Whether that may be done is for the caller to know. Source: spec webhooks 4.8.
    """
    removed = store.remove(tx, stream_key, addresses)
    told = [
        Event(
            server_id=server_id,
            stream_key=stream_key,
            message_key=message_key,
            recipient=address,
            type=EventType.SUBSCRIPTION_CHANGED,
            at=tx.now,
            details={"Origin": origin.value, "SuppressSending": "False"},
        )
        for address in addresses
        if address in removed
    ]
    events.append(tx, told)
    return removed


def _event(new: HeldBack, details: dict[str, str]) -> Event:
    return Event(
        server_id=new.server_id,
        stream_key=new.suppression.stream_key,
        message_key=new.message_key,
        recipient=new.recipient,
        type=EventType.SUBSCRIPTION_CHANGED,
        at=new.suppression.created_at,
        details=details,
    )
