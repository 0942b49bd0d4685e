"""A sending domain and its DKIM key. Source: spec domains-and-signatures 1."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class KeyState(StrEnum):
    """Where a DKIM key stands: waiting for its DNS record, signing, or replaced."""

    PENDING = "pending"
    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """A DKIM key pair; `pem` is the private key (PKCS 8)."""

    domain: str
    selector: str
    pem: bytes
    state: KeyState

    @property
    def host(self) -> str:
        """The DNS name of the public key's record."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A sending domain. `keys` holds at most one key of each state."""

    id: int
    name: str
    created_at: datetime
    keys: dict[KeyState, DkimKey]

    @property
    def is_verified(self) -> bool:
        """Whether a DKIM key of this domain was found in DNS at some time."""
        return KeyState.ACTIVE in self.keys
