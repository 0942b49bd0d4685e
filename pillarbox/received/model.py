"""A mail as it was received. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from pillarbox.ids import MessageKey


class Route(StrEnum):
    """What a mail is for, as its recipient says."""

    INBOUND = "inbound"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"


class Target(Struct, frozen=True, kw_only=True, gc=False):
    """Where mail for one recipient goes; the Server and stream only of inbound mail."""

    route: Route
    server_id: int | None = None
    stream_key: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One mail for one recipient, with its envelope. `raw` is as it came, CRLF, nothing added."""

    key: MessageKey
    message_id: str
    target: Target
    recipient: str
    mail_from: str
    peer_ip: str
    helo: str
    protocol: str
    received_at: datetime
    raw: bytes = field(repr=False)


class Claimed(Struct, frozen=True, kw_only=True, gc=False):
    """A mail in hand under a lease, for the `attempts`th time; `raw` is still empty when the mail is large."""

    mail: Received
    lease: int
    attempts: int
    size_bytes: int
