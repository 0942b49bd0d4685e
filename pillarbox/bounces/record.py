"""The one door for bounces, whether we were refused in the session, got a report later, or gave up by ourselves.

bounce row -> daily counters -> suppression, if its type deactivates -> events, all in one transaction
"""

from pillarbox.bounces import store
from pillarbox.bounces.model import TYPES, Bounce, BounceType, NewBounce
from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.stats import record as stats
from pillarbox.stats.model import Place
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Origin, Reason, Suppression

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
    told = [_event(new, bounce, EventType.BOUNCED, details)]
    if TYPES[new.type].deactivates:
        reason, origin = _CAUSES[new.type]
        if _hold_back(tx, new, bounce, reason, origin):
            details = {"Origin": origin.value, "SuppressSending": "True"}
            told.append(_event(new, bounce, EventType.SUBSCRIPTION_CHANGED, details))
    events.append(tx, told)
    return bounce


def _hold_back(tx: Tx, new: NewBounce, bounce: Bounce, reason: Reason, origin: Origin) -> bool:
    suppression = Suppression(
        stream_key=new.stream_key,
        address=bounce.email.lower(),
        reason=reason,
        origin=origin,
        created_at=new.at,
    )
    return suppressions.upsert(tx, suppression)


def _event(new: NewBounce, bounce: Bounce, kind: EventType, details: dict[str, str]) -> Event:
    return Event(
        server_id=new.server_id,
        stream_key=new.stream_key,
        message_key=new.message_key,
        recipient=bounce.email,
        type=kind,
        at=new.at,
        details=details,
    )
