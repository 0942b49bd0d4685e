"""What can happen to a message after it was accepted. Source: spec messages 3."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventType(StrEnum):
    """The six types of MessageEvents; the values are the wire's."""

    DELIVERED = "Delivered"
    TRANSIENT = "Transient"
    OPENED = "Opened"
    BOUNCED = "Bounced"
    SUBSCRIPTION_CHANGED = "SubscriptionChanged"
    LINK_CLICKED = "LinkClicked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of the log. `details` are the texts of the wire's Details."""

    server_id: int
    stream_key: int
    message_key: int | None
    recipient: str
    type: EventType
    at: datetime
    details: dict[str, str]
