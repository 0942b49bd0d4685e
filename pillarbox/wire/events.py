"""What webhooks are told: one shape for each trigger.

Source: spec webhooks 4.1 to 4.8. Members stand in the order that captures show.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import UNSET, UnsetType, field

from pillarbox.bounces.model import TYPES, Bounce, BounceType
from pillarbox.events.model import Event
from pillarbox.outbound.model import Told
from pillarbox.suppressions.model import Origin, Reason
from pillarbox.tracking.model import ClickLocation, Hit
from pillarbox.wire.base import Reply, encode, stamp
from pillarbox.wire.tracking import click_platform, geo, product, system

NO_MESSAGE = "00000000-0000-0000-0000-000000000000"
_SANDBOXED = "smtp;250 2.0.0 OK (sandbox blackhole)"
_PRODUCT = ("Name", "Family", "Company")
_GEO = (
    "IP",
    "City",
    "Country",
    "CountryISOCode",
    "Region",
    "RegionISOCode",
    "Zip",
    "Coords",
)


class BounceEvent(Reply, kw_only=True):
    """A bounce or a spam complaint; `Content` only when the webhook wants it and there is any."""

    RecordType: str
    MessageStream: str
    ID: int
    Type: str
    TypeCode: int
    Name: str
    Tag: str = ""
    MessageID: str
    Metadata: dict[str, str] = field(default_factory=dict)
    ServerID: int
    Description: str
    Details: str
    Email: str
    From: str
    BouncedAt: str
    DumpAvailable: bool
    Inactive: bool
    CanActivate: bool
    Subject: str
    Content: str | UnsetType = UNSET


class DeliveryEvent(Reply, kw_only=True):
    """A recipient's server took the message."""

    MessageID: str
    Recipient: str
    DeliveredAt: str
    Details: str
    Tag: str = ""
    ServerID: int
    Metadata: dict[str, str] = field(default_factory=dict)
    RecordType: str = "Delivery"
    MessageStream: str


class OpenEvent(Reply, kw_only=True):
    """A recipient opened the message."""

    RecordType: str = "Open"
    MessageStream: str
    Metadata: dict[str, str] = field(default_factory=dict)
    FirstOpen: bool
    Recipient: str
    MessageID: str
    ReceivedAt: str
    Platform: str
    ReadSeconds: int
    Tag: str = ""
    UserAgent: str
    OS: dict[str, str]
    Client: dict[str, str]
    Geo: dict[str, str]


class ClickEvent(Reply, kw_only=True):
    """A recipient followed a link of the message."""

    RecordType: str = "Click"
    MessageStream: str
    Metadata: dict[str, str] = field(default_factory=dict)
    Recipient: str
    MessageID: str
    ReceivedAt: str
    Platform: str
    ClickLocation: str
    OriginalLink: str
    Tag: str = ""
    UserAgent: str
    OS: dict[str, str]
    Client: dict[str, str]
    Geo: dict[str, str]


class SubscriptionEvent(Reply, kw_only=True):
    """An address was put on the suppression list of a stream, or taken off it."""

    RecordType: str = "SubscriptionChange"
    MessageID: str | None
    ServerID: int
    MessageStream: str
    ChangedAt: str
    Recipient: str
    Origin: str
    SuppressSending: bool
    SuppressionReason: str | None
    Tag: str | None
    Metadata: dict[str, str] = field(default_factory=dict)


def delivery(event: Event, message: Told, stream: str) -> bytes:
    """The JSON of a delivery."""
    details = event.details.get("DeliveryMessage", "")
    is_sandboxed = event.details.get("DestinationServer") == "sandbox"
    return encode(
        DeliveryEvent(
            MessageID=message.message_id,
            Recipient=event.recipient,
            DeliveredAt=whole_seconds(event.at),
            Details=_SANDBOXED if is_sandboxed else details,
            Tag=message.tag or "",
            ServerID=event.server_id,
            Metadata=dict(message.metadata),
            MessageStream=stream,
        )
    )


def bounce(found: Bounce, metadata: Mapping[str, str], stream: str) -> bytes:
    """The JSON of a bounce or spam complaint, with its content if it was read."""
    facts = TYPES[found.type]
    return encode(
        BounceEvent(
            RecordType=record_type(found.type),
            MessageStream=stream,
            ID=found.id,
            Type=found.type.value,
            TypeCode=facts.code,
            Name=facts.name,
            Tag=found.tag or "",
            MessageID=found.message_id,
            Metadata=dict(metadata),
            ServerID=found.server_id,
            Description=facts.description,
            Details=found.details,
            Email=found.email,
            From=found.sender,
            BouncedAt=stamp(found.at),
            DumpAvailable=found.has_dump,
            Inactive=found.inactive,
            CanActivate=facts.can_activate,
            Subject=found.subject,
            Content=UNSET if found.content is None else found.content,
        )
    )


def opened(hit: Hit, metadata: Mapping[str, str], *, is_first: bool) -> bytes:
    """The JSON of an open."""
    return encode(
        OpenEvent(
            MessageStream=hit.stream,
            Metadata=dict(metadata),
            FirstOpen=is_first,
            Recipient=hit.recipient,
            MessageID=hit.message_id,
            ReceivedAt=whole_seconds(hit.at),
            Platform=hit.platform.value,
            ReadSeconds=hit.read_seconds,
            Tag=hit.tag or "",
            UserAgent=hit.user_agent,
            OS=_in_order(_PRODUCT, system(hit.os)),
            Client=_in_order(_PRODUCT, product(hit.client) or {}),
            Geo=_in_order(_GEO, geo(hit.place)),
        )
    )


def clicked(hit: Hit, metadata: Mapping[str, str]) -> bytes:
    """The JSON of a click."""
    return encode(
        ClickEvent(
            MessageStream=hit.stream,
            Metadata=dict(metadata),
            Recipient=hit.recipient,
            MessageID=hit.message_id,
            ReceivedAt=whole_seconds(hit.at),
            Platform=click_platform(hit),
            ClickLocation=(hit.location or ClickLocation.HTML).value,
            OriginalLink=hit.link,
            Tag=hit.tag or "",
            UserAgent=hit.user_agent,
            OS=_in_order(_PRODUCT, system(hit.os)),
            Client=_in_order(_PRODUCT, product(hit.client) or {}),
            Geo=_in_order(_GEO, geo(hit.place)),
        )
    )


def subscription(
    event: Event, message: Told | None, stream: str, *, no_message: str | None = None
) -> bytes:
    """The JSON of a suppression or of its end; `no_message` stands for the MessageID when no message caused it."""
    details = event.details
    is_held = details.get("SuppressSending") == "True"
    reason = details.get("SuppressionReason") if is_held else None
    origin = details.get("Origin", "")
    is_manual = reason == Reason.MANUAL and origin != Origin.RECIPIENT
    cause = message if is_held and not is_manual else None
    return encode(
        SubscriptionEvent(
            MessageID=no_message if cause is None else cause.message_id,
            ServerID=event.server_id,
            MessageStream=stream,
            ChangedAt=whole_seconds(event.at),
            Recipient=event.recipient,
            Origin=origin,
            SuppressSending=is_held,
            SuppressionReason=reason,
            Tag=("" if is_held and not is_manual else None) if cause is None else cause.tag or "",
            Metadata={} if cause is None else dict(cause.metadata),
        )
    )


def _in_order(names: tuple[str, ...], known: Mapping[str, str]) -> dict[str, str]:
    return {name: known[name] for name in names if name in known}


def record_type(kind: BounceType) -> str:
    """The RecordType of a bounce."""
    return "SpamComplaint" if kind is BounceType.SPAM_COMPLAINT else "Bounce"


def whole_seconds(instant: datetime) -> str:
    """An instant in UTC without fraction: the form of all webhooks but those of bounces."""
    return f"{stamp(instant)[:19]}Z"
