"""From the event log to calls: each event, for each URL that wants to hear of it.

    the mark -> events after it -> who listens to their streams -> what is said (payloads) -> calls, mark moved

All of it is one transaction, so that an event is neither missed nor told twice, and nothing is told that is not
committed. Events of streams that nobody listens to cost one row read each; nothing, while nobody listens at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pillarbox.bounces import store as bounces
from pillarbox.bounces.model import BounceType
from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.events.store import Horizon, Logged
from pillarbox.outbound.store import messages
from pillarbox.servers.store import servers
from pillarbox.servers.store import streams as stream_store
from pillarbox.storage.tx import Tx
from pillarbox.webhook_delivery.payloads import Sayings, bounce_id, say
from pillarbox.webhooks.call import NewCall, Payload, lane_of, payload_key
from pillarbox.webhooks.effective import Subscription, of_server, of_webhooks
from pillarbox.webhooks.model import Trigger
from pillarbox.webhooks.store import calls
from pillarbox.webhooks.store import webhooks as store

AT_ONCE = 500

_TRIGGERS = {
    EventType.DELIVERED: Trigger.DELIVERY,
    EventType.SUBSCRIPTION_CHANGED: Trigger.SUBSCRIPTION_CHANGE,
    EventType.OPENED: Trigger.OPEN,
    EventType.OPENED_AGAIN: Trigger.OPEN,
    EventType.LINK_CLICKED: Trigger.CLICK,
}
_CONTENT = (Trigger.BOUNCE, Trigger.SPAM_COMPLAINT)

Listeners = dict[tuple[int, Trigger], list[Subscription]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one pass over the log led to.

    `horizon` is how far the next pass may read, once nobody is writing below it; None to look anew.
    """

    read: int = 0
    made: int = 0
    horizon: Horizon | None = None
    is_held_up: bool = False


@dataclass(slots=True)
class _Batch:
    """The events of one pass that somebody may want to hear of."""

    events: dict[int, Event] = field(default_factory=dict)
    listeners: Listeners = field(default_factory=dict)
    calls: list[NewCall] = field(default_factory=list)
    payloads: dict[int, Payload] = field(default_factory=dict)


def fan_out(tx: Tx, horizon: Horizon | None, *, no_message: str | None = None) -> Step:
    """Read some events after the mark and make the calls that they lead to.

    `horizon` is that of the step before. Nothing is done while somebody else is at it.
    """
    mark = calls.take_mark(tx)
    if mark is None:
        return Step()
    reached = horizon or events.horizon(tx)
    if not events.is_settled(tx, reached):
        return Step(horizon=reached, is_held_up=True)
    if not (store.are_there_any(tx) or servers.is_any_hooked(tx)):
        if reached.newest > mark:
            calls.move_mark(tx, reached.newest)
        return Step()
    found = events.list_after(tx, mark, reached.newest, limit=AT_ONCE)
    is_end = len(found) < AT_ONCE
    newest = reached.newest if is_end else found[-1].id
    if newest > mark:
        made = _tell(tx, found, no_message)
        calls.move_mark(tx, newest)
        return Step(read=len(found), made=made, horizon=None if is_end else Horizon(reached.newest))
    return Step()


def _tell(tx: Tx, found: Sequence[Logged], no_message: str | None) -> int:
    """Make the calls for these events; how many."""
    listeners = find_listeners(tx, found)
    listened = {stream_key for stream_key, _ in listeners}
    ids = [one.id for one in found if one.stream_key in listened]
    if not ids:
        return 0
    batch = _Batch(events=events.load(tx, ids), listeners=listeners)
    sayings = _load(tx, batch, no_message)
    for event_id, event in batch.events.items():
        _call_all(batch, sayings, event_id, event)
    calls.insert_calls(tx, list(batch.payloads.values()), batch.calls)
    return len(batch.calls)


def find_listeners(tx: Tx, found: Sequence[Logged]) -> Listeners:
    """Who is to hear of events of these streams, by stream and trigger."""
    stream_keys = {one.stream_key for one in found}
    subscriptions = of_webhooks(store.list_of_streams(tx, stream_keys))
    for server in servers.list_hooked(tx, {one.server_id for one in found}):
        subscriptions += of_server(server)
    listeners: Listeners = {}
    for one in subscriptions:
        listeners.setdefault((one.stream_key, one.trigger), []).append(one)
    return listeners


def _load(tx: Tx, batch: _Batch, no_message: str | None) -> Sayings:
    """All that payloads repeat of messages, bounces and streams."""
    told = batch.events.values()
    bounce_ids = {bounce_id(event) for event in told if event.type is EventType.BOUNCED}
    wants_content = any(
        one.option
        for (_, trigger), subscriptions in batch.listeners.items()
        if trigger in _CONTENT
        for one in subscriptions
    )
    found = bounces.list_by_ids(tx, bounce_ids, with_content=wants_content) if bounce_ids else {}
    by_smtp = {
        bounce.server_id for bounce in found.values() if bounce.type is BounceType.SMTP_API_ERROR
    }
    hooked = servers.list_by_ids(tx, by_smtp) if by_smtp else {}
    return Sayings(
        bounces={
            bounce.id: bounce
            for bounce in found.values()
            if bounce.type is not BounceType.SMTP_API_ERROR
            or (bounce.server_id in hooked and hooked[bounce.server_id].has_smtp_error_hooks)
        },
        messages=messages.told(tx, {e.message_key for e in told if e.message_key is not None}),
        streams=stream_store.slugs(tx, {event.stream_key for event in told}),
        no_message=no_message,
    )


def _call_all(batch: _Batch, sayings: Sayings, event_id: int, event: Event) -> None:
    """Add the calls of one event; what they say is put into words once."""
    trigger = _trigger_of(event, sayings)
    if trigger is None:
        return
    for listener in batch.listeners.get((event.stream_key, trigger), ()):
        if trigger is Trigger.OPEN and listener.option and event.type is EventType.OPENED_AGAIN:
            continue
        has_content = trigger in _CONTENT and listener.option
        key = payload_key(event_id, has_content=has_content)
        if key not in batch.payloads:
            body = say(event, sayings, has_content=has_content)
            if body is None:
                return
            batch.payloads[key] = Payload(key=key, recipient=event.recipient, body=body)
        batch.calls.append(
            NewCall(
                lane=lane_of(listener, event.server_id),
                trigger=trigger,
                server_id=event.server_id,
                stream_key=event.stream_key,
                webhook_id=listener.webhook_id,
                payload_key=key,
                size_bytes=len(batch.payloads[key].body),
            )
        )


def _trigger_of(event: Event, sayings: Sayings) -> Trigger | None:
    if event.type is not EventType.BOUNCED:
        return _TRIGGERS.get(event.type)
    bounce = sayings.bounces.get(bounce_id(event))
    if bounce is None:
        return None
    is_complaint = bounce.type is BounceType.SPAM_COMPLAINT
    return Trigger.SPAM_COMPLAINT if is_complaint else Trigger.BOUNCE
