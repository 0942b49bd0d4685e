"""The one door for bounces, whether we were refused in the session, got a report later, or gave up by ourselves.

bounce row, daily counters, event -> suppression (outbound/suppress), if its type deactivates; all in one
transaction
"""

from pillarbox.bounces import store
from pillarbox.bounces.model import TYPES, Bounce, BounceType, NewBounce
from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.outbound.suppress import suppress
from pillarbox.stats import record as stats
from pillarbox.stats.model import Place
from pillarbox.storage.tx import Tx
from pillarbox.suppressions.model import HeldBack, Origin, Reason, Suppression

_CAUSES = {
    BounceType.HARD_BOUNCE: (Reason.HARD_BOUNCE, Origin.RECIPIENT),
    BounceType.BAD_EMAIL_ADDRESS: (Reason.HARD_BOUNCE, Origin.RECIPIENT),
    BounceType.SPAM_COMPLAINT: (Reason.SPAM_COMPLAINT, Origin.RECIPIENT),
    BounceType.MANUALLY_DEACTIVATED: (Reason.MANUAL, Origin.CUSTOMER),
}
"""Why an address is held back after a bounce that deactivates it, and whose doing that is."""


def record(tx: Tx, new: NewBounce) -> Bounce | None:
    """Keep a bounce, count it, hold the address back if its type says so, and tell of both.

    None when the same message, recipient and type is already known: then nothing is written.
    Source: spec bounce-classification 1 and 2, bounces 3.
    """
    bounce = store.insert(tx, new)
    if bounce is None:
        return None
    if new.type is not BounceType.INBOUND_ERROR:  # mail that came in has no statistics
        place = Place(server_id=new.server_id, stream_key=new.stream_key, tag=bounce.tag)
        stats.bounced(tx, place, new.at, new.type.value)
    details = {"Summary": bounce.details, "BounceID": str(bounce.id)}
    events.append(tx, [_event(new, bounce, details)])
    if TYPES[new.type].deactivates:
        suppress(tx, [_held_back(new, bounce)])
    return bounce


def _held_back(new: NewBounce, bounce: Bounce) -> HeldBack:
    reason, origin = _CAUSES[new.type]
    return HeldBack(
        suppression=Suppression(
            stream_key=new.stream_key,
            address=bounce.email.lower(),
            reason=reason,
            origin=origin,
            created_at=new.at,
        ),
        server_id=new.server_id,
        recipient=bounce.email,
        message_key=new.message_key,
    )


def _event(new: NewBounce, bounce: Bounce, details: dict[str, str]) -> Event:
    return Event(
        server_id=new.server_id,
        stream_key=new.stream_key,
        message_key=new.message_key,
        recipient=bounce.email,
        type=EventType.BOUNCED,
        at=new.at,
        details=details,
    )
