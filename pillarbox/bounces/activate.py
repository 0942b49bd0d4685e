"""Sending again, at the customer's wish, to addresses that were held back."""

from collections.abc import Sequence

from pillarbox.bounces import store
from pillarbox.bounces.model import TYPES, Bounce
from pillarbox.errors import Problem, Refused
from pillarbox.servers.model import Server, Stream
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import change
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Origin


def activate(tx: Tx, server: Server, bounce_id: int) -> Bounce:
    """Lift the suppression that a bounce of this Server caused, and tell of it; the bounce as it stands then.

    An address that is active already stays so. Refuses BOUNCE_NOT_FOUND, and BOUNCE_NOT_ACTIVATABLE when the type
    of the bounce forbids it or the address is held back for a cause that is not the customer's to lift.
    Source: spec bounces 3 and 4.5.
    """
    bounce = store.get(tx, server.id, bounce_id)
    if not TYPES[bounce.type].can_activate:
        raise Refused(Problem.BOUNCE_NOT_ACTIVATABLE)
    stream_key, message_key = store.find_place(tx, bounce_id)
    address = bounce.email.lower()
    held = suppressions.find_all(tx, stream_key, [address]).get(address)
    if held is not None and not held.may_be_lifted:
        raise Refused(Problem.BOUNCE_NOT_ACTIVATABLE)
    store.mark_active(tx, stream_key, [address])
    change.lift(
        tx,
        server_id=server.id,
        stream_key=stream_key,
        addresses=[address],
        origin=Origin.CUSTOMER,
        message_key=message_key,
    )
    return store.get(tx, server.id, bounce_id)


def activate_addresses(tx: Tx, stream: Stream, addresses: Sequence[str]) -> set[str]:
    """Lift the suppressions of lower-cased addresses in a stream, and tell of them; those that must stay.

    The bounces of an address no longer keep it inactive, as after `activate`.
    Source: spec triggers-suppressions-data-removal 3.4.
    """
    held = suppressions.find_all(tx, stream.key, addresses)
    fixed = {address for address, one in held.items() if not one.may_be_lifted}
    free = [address for address in dict.fromkeys(addresses) if address not in fixed]
    store.mark_active(tx, stream.key, free)
    change.lift(
        tx,
        server_id=stream.server_id,
        stream_key=stream.key,
        addresses=free,
        origin=Origin.CUSTOMER,
    )
    return fixed
