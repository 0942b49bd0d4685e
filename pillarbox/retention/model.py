"""A data removal: a request to erase everything about one recipient.

Source: spec triggers-suppressions-data-removal 4.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pillarbox.outbound.model import ERASED_DOMAIN


class RemovalStatus(StrEnum):
    """Whether everything is erased; there is nothing in between."""

    PENDING = "Pending"
    DONE = "Done"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRemoval:
    """Who asks for whose data to be removed; addresses are lower-cased."""

    requested_by: str
    address: str
    is_notification_wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A removal; once it is done the address is gone from it, too."""

    id: int
    status: RemovalStatus
    address: str
    created_at: datetime
    requested_by: str
    is_notification_wanted: bool

    @property
    def alias(self) -> str:
        """What stands wherever the address stood: an address (RFC 2606) that names nobody, the same everywhere."""
        return f"removed-{self.id}@{ERASED_DOMAIN}"
