"""What can happen to a message after it was accepted, and how that is told. Source: spec messages 3.

The log is where webhooks come from (`webhook_delivery`): whoever changes a state appends the event in the same
transaction and calls nobody. A webhook is told what stands in the event and in the rows that it names:

    Delivered            -> Delivery            DeliveryMessage, DestinationServer, DestinationIP
    Transient            -> nothing             the same
    Bounced              -> Bounce, or          Summary, BounceID (of `bounces`, in digits)
                            SpamComplaint
    SubscriptionChanged  -> SubscriptionChange  Origin, SuppressSending (True or False), SuppressionReason
    Opened               -> Open, FirstOpen     Summary, Hit (`tracking.model.facts_text` of the open)
    OpenedAgain          -> Open                Hit; message details do not show it
    LinkClicked          -> Click               Summary, Link, ClickLocation, Hit

Inbound mail has no event: a row of `inbound_messages` whose `due_at` is set and past has its hook called.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class EventType(StrEnum):
    """The six types of MessageEvents, whose values are the wire's, and one that only webhooks tell of."""

    DELIVERED = "Delivered"
    TRANSIENT = "Transient"
    OPENED = "Opened"
    BOUNCED = "Bounced"
    SUBSCRIPTION_CHANGED = "SubscriptionChanged"
    LINK_CLICKED = "LinkClicked"
    OPENED_AGAIN = "OpenedAgain"


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """One row of the log. `details` are the texts of the wire's Details."""

    server_id: int
    stream_key: int
    message_key: int | None
    recipient: str
    type: EventType
    at: datetime
    details: dict[str, str]
