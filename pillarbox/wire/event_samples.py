"""What test calls and verification tell a webhook, for each trigger. Source: spec webhooks 4.12."""

from datetime import datetime

from pillarbox.bounces.model import TYPES, BounceType
from pillarbox.webhooks.model import Trigger, Webhook
from pillarbox.wire.base import encode
from pillarbox.wire.events import (
    NO_MESSAGE,
    BounceEvent,
    ClickEvent,
    DeliveryEvent,
    OpenEvent,
    SubscriptionEvent,
    record_type,
    whole_seconds,
)

_RECIPIENT = "john@example.com"
_METADATA = {"example": "value", "example_2": "value"}
_AGENT = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_7_5) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/35.0.1916.153 Safari/537.36"
)
_CLIENT = {"Name": "Chrome 35.0.1916.153", "Company": "Google", "Family": "Chrome"}
_OS = {"Name": "OS X 10.7 Lion", "Company": "Apple Computer, Inc.", "Family": "OS X 10"}
_GEO = {
    "CountryISOCode": "RS",
    "Country": "Serbia",
    "RegionISOCode": "VO",
    "Region": "Autonomna Pokrajina Vojvodina",
    "City": "Novi Sad",
    "Zip": "21000",
    "Coords": "45.2517,19.8369",
    "IP": "188.2.95.4",
}


def sample(webhook: Webhook, trigger: Trigger, at: datetime) -> bytes:
    """The JSON of a webhook's test call for one trigger; consumers know it by its MessageID."""
    stream = webhook.stream
    match trigger:
        case Trigger.OPEN:
            return encode(_open(stream, at))
        case Trigger.CLICK:
            return encode(_click(stream, at))
        case Trigger.DELIVERY:
            return encode(_delivery(stream, at))
        case Trigger.BOUNCE:
            return encode(_bounce(stream, at, BounceType.HARD_BOUNCE, "Test bounce details"))
        case Trigger.SPAM_COMPLAINT:
            details = "Test spam complaint details"
            return encode(_bounce(stream, at, BounceType.SPAM_COMPLAINT, details))
    return encode(_subscription(stream, at))


def _bounce(stream: str, at: datetime, kind: BounceType, details: str) -> BounceEvent:
    facts = TYPES[kind]
    return BounceEvent(
        RecordType=record_type(kind),
        MessageStream=stream,
        ID=42,
        Type=kind.value,
        TypeCode=facts.code,
        Name=facts.name,
        Tag="Test",
        MessageID=NO_MESSAGE,
        Metadata=_METADATA,
        ServerID=1234,
        Description=facts.description,
        Details=details,
        Email=_RECIPIENT,
        From="sender@example.com",
        BouncedAt=whole_seconds(at),
        DumpAvailable=True,
        Inactive=True,
        CanActivate=facts.can_activate,
        Subject="Test subject",
        Content="Test content",
    )


def _delivery(stream: str, at: datetime) -> DeliveryEvent:
    return DeliveryEvent(
        MessageID=NO_MESSAGE,
        Recipient=_RECIPIENT,
        DeliveredAt=whole_seconds(at),
        Details="Test delivery webhook details",
        Tag="welcome-email",
        ServerID=23,
        Metadata=_METADATA,
        MessageStream=stream,
    )


def _open(stream: str, at: datetime) -> OpenEvent:
    return OpenEvent(
        MessageStream=stream,
        Metadata=_METADATA,
        FirstOpen=True,
        Recipient=_RECIPIENT,
        MessageID=NO_MESSAGE,
        ReceivedAt=whole_seconds(at),
        Platform="WebMail",
        ReadSeconds=5,
        Tag="welcome-email",
        UserAgent=_AGENT,
        OS=_OS,
        Client=_CLIENT,
        Geo=_GEO,
    )


def _click(stream: str, at: datetime) -> ClickEvent:
    return ClickEvent(
        MessageStream=stream,
        Metadata=_METADATA,
        Recipient=_RECIPIENT,
        MessageID=NO_MESSAGE,
        ReceivedAt=whole_seconds(at),
        Platform="WebMail",
        ClickLocation="HTML",
        OriginalLink="https://example.com",
        Tag="welcome-email",
        UserAgent=_AGENT,
        OS=_OS,
        Client=_CLIENT,
        Geo=_GEO,
    )


def _subscription(stream: str, at: datetime) -> SubscriptionEvent:
    return SubscriptionEvent(
        MessageID=NO_MESSAGE,
        ServerID=23,
        MessageStream=stream,
        ChangedAt=whole_seconds(at),
        Recipient=_RECIPIENT,
        Origin="Recipient",
        SuppressSending=True,
        SuppressionReason="HardBounce",
        Tag="welcome-email",
        Metadata=_METADATA,
    )
