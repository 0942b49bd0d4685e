"""Holding addresses back, together with what already waits for them.

hold back (suppressions/change) -> take the copies that wait off the queue
"""

from collections.abc import Sequence

from pillarbox.outbound.store import messages, queue
from pillarbox.servers.model import Stream
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import change, store
from pillarbox.suppressions.model import HeldBack, Origin, Reason, Suppression
from pillarbox.suppressions.store import Pair


def suppress(tx: Tx, new: Sequence[HeldBack]) -> set[Pair]:
    """Hold addresses back; those that were not before. Copies that wait for them are not sent any more.

    Copies in hand are: nothing can call them back. After a hard bounce the others keep their place, too: nobody
    asked for silence, and each then has an outcome of its own.
    Source: spec sending 11, triggers-suppressions-data-removal 3.
    """
    added = change.hold_back(tx, new)
    _silence(tx, [one.suppression for one in new])
    return added


def take_over(tx: Tx, held: Sequence[Suppression]) -> set[Pair]:
    """Hold addresses back that another platform held back already; those that were not here. Nobody is told."""
    added = change.take_over(tx, held)
    _silence(tx, held)
    return added


def _silence(tx: Tx, new: Sequence[Suppression]) -> None:
    silenced: dict[int, set[str]] = {}
    for held in new:
        if held.reason is not Reason.HARD_BOUNCE:
            silenced.setdefault(held.stream_key, set()).add(held.address)
    for stream_key, addresses in silenced.items():
        if keys := queue.suppress(tx, stream_key, addresses):
            messages.mark_sent(tx, keys)


def suppress_addresses(tx: Tx, stream: Stream, addresses: Sequence[str]) -> set[str]:
    """Hold lower-cased addresses back in a stream at the customer's wish; those that stay held as they are.

    Only a complaint forbids the change; after any other cause an address simply keeps its first suppression.
    Source: spec triggers-suppressions-data-removal 3.3.
    """
    held = store.find_all(tx, stream.key, addresses)
    fixed = {key for key, one in held.items() if one.reason is Reason.SPAM_COMPLAINT}
    suppress(tx, [_by_customer(tx, stream, key) for key in addresses if key not in fixed])
    return fixed


def _by_customer(tx: Tx, stream: Stream, address: str) -> HeldBack:
    return HeldBack(
        suppression=Suppression(
            stream_key=stream.key,
            address=address,
            reason=Reason.MANUAL,
            origin=Origin.CUSTOMER,
            created_at=tx.now,
        ),
        server_id=stream.server_id,
        recipient=address,
    )
