"""A suppression: an address held back in one message stream. Source: spec sending 11."""

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
