"""What a call says: an event, put into Postmark's words together with what it repeats of other rows. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pillarbox.bounces.model import Bounce
from pillarbox.events.model import Event, EventType
from pillarbox.outbound.model import Told
from pillarbox.tracking.model import Hit, HitKind, with_facts
from pillarbox.wire import events as wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Sayings:
    """What the events of one pass repeat: bounces by id, messages and streams' names by key.

    `no_message` is the MessageID of a SubscriptionChange that no message caused.
    """

    bounces: Mapping[int, Bounce]
    messages: Mapping[int, Told]
    streams: Mapping[int, str]
    no_message: str | None = None


def say(event: Event, sayings: Sayings, *, has_content: bool) -> bytes | None:
    """The JSON of an event; None when what it tells of is gone. Source: spec webhooks 4."""
    message = None if event.message_key is None else sayings.messages.get(event.message_key)
    stream = sayings.streams.get(event.stream_key)
    if stream is None:
        return None
    if event.type is EventType.SUBSCRIPTION_CHANGED:
        return wire.subscription(event, message, stream, no_message=sayings.no_message)
    if event.type is EventType.BOUNCED:
        bounce = sayings.bounces[bounce_id(event)]
        shown = bounce if has_content else replace(bounce, content=None)
        return wire.bounce(shown, {} if message is None else message.metadata, stream)
    if message is None:
        return None
    return _of_message(event, message, stream)


def bounce_id(event: Event) -> int:
    """The bounce that an event names; 0 when it names none."""
    digits = event.details.get("BounceID", "")
    return int(digits) if digits.isdecimal() else 0


def _of_message(event: Event, message: Told, stream: str) -> bytes:
    if event.type is EventType.DELIVERED:
        return wire.delivery(event, message, stream)
    is_click = event.type is EventType.LINK_CLICKED
    bare = Hit(
        kind=HitKind.CLICK if is_click else HitKind.OPEN,
        server_id=event.server_id,
        stream_key=event.stream_key,
        stream=stream,
        message_key=event.message_key or 0,
        message_id=message.message_id,
        recipient=event.recipient,
        tag=message.tag,
        at=event.at,
        link=event.details.get("Link", ""),
    )
    hit = with_facts(bare, event.details.get("Hit", ""))
    if is_click:
        return wire.clicked(hit, message.metadata)
    return wire.opened(hit, message.metadata, is_first=event.type is EventType.OPENED)
