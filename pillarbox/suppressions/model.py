"""A suppression: an address held back in one message stream.

Source: spec sending 11, triggers-suppressions-data-removal 3.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why an address is held back."""

    HARD_BOUNCE = "HardBounce"
    SPAM_COMPLAINT = "SpamComplaint"
    MANUAL = "ManualSuppression"


class Origin(StrEnum):
    """Who caused it."""

    RECIPIENT = "Recipient"
    CUSTOMER = "Customer"
    ADMIN = "Admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One held-back address; `address` is lower-cased."""

    stream_key: int
    address: str
    reason: Reason
    origin: Origin
    created_at: datetime

    @property
    def may_be_lifted(self) -> bool:
        """Whether the customer may lift it: not what the recipient asked for, nor what the platform decided."""
        return self.reason is Reason.HARD_BOUNCE or (
            self.reason is Reason.MANUAL and self.origin is Origin.CUSTOMER
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A suppression to be made: in which Server, and for which message if one caused it."""

    suppression: Suppression
    server_id: int
    recipient: str
    """The address as it was written."""
    message_key: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionSearch:
    """Filters of the list; None means any. Instants are inclusive.

    `address` is lower-cased and whole, `part` is found anywhere in it.
    """

    stream_key: int
    reason: Reason | None = None
    origin: Origin | None = None
    since: datetime | None = None
    until: datetime | None = None
    address: str | None = None
    part: str | None = None
