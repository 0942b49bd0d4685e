"""Sending domains, their DKIM keys and the sender signatures. Source: spec domains-and-signatures 1 to 4."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SAFE_AFTER = timedelta(days=5)
"""How long other hosts may still hold mail that a replaced key has signed (RFC 5321 section 4.5.4.1)."""
WEAK_BELOW_BITS = 1024
LINK_LASTS = timedelta(days=30)


class KeyState(StrEnum):
    """Where a DKIM key stands: waiting for its DNS record, signing, or replaced."""

    PENDING = "pending"
    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """A DKIM key pair; `pem` is the private key (PKCS 8), `since` when it came into its state."""

    domain: str
    selector: str
    pem: bytes
    state: KeyState
    bits: int = 2048
    since: datetime | None = None

    @property
    def host(self) -> str:
        """The DNS name of the public key's record."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A host below a domain that must be an alias (CNAME) of one of ours; `host` is "" when there is none."""

    host: str = ""
    is_verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A sending domain. `keys` holds at most one key of each state."""

    id: int
    name: str
    created_at: datetime
    keys: dict[KeyState, DkimKey]
    return_path: Alias = Alias()
    tracking: Alias = Alias()
    is_spf_verified: bool = False
    changed_at: datetime
    """Since when DNS should look as it should now: the last time there was something new to publish."""

    @property
    def is_verified(self) -> bool:
        """Whether a DKIM key of this domain was found in DNS at some time."""
        return KeyState.ACTIVE in self.keys

    @property
    def is_weak(self) -> bool:
        """Whether the key that signs is too short to be trusted."""
        active = self.keys.get(KeyState.ACTIVE)
        return active is not None and active.bits < WEAK_BELOW_BITS

    @property
    def is_settled(self) -> bool:
        """Whether DNS has shown everything that it should."""
        aliases = (self.return_path, self.tracking)
        return (
            self.is_verified
            and KeyState.PENDING not in self.keys
            and all(alias.is_verified for alias in aliases if alias.host)
        )

    def may_drop_revoked(self, now: datetime) -> bool:
        """Whether no mail signed with the replaced key can still be on its way."""
        revoked = self.keys.get(KeyState.REVOKED)
        return (
            revoked is not None and revoked.since is not None and now - revoked.since > SAFE_AFTER
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Aliases:
    """The hosts asked for below a domain: None leaves what is there, "" takes it away."""

    return_path: str | None = None
    tracking: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignature:
    """A sender signature to be created."""

    email: str
    name: str
    reply_to: str = ""
    note: str = ""
    aliases: Aliases = Aliases()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureChanges:
    """What to change of a sender signature; None leaves what is there."""

    name: str | None = None
    reply_to: str | None = None
    note: str | None = None
    aliases: Aliases = Aliases()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A sender signature: one address that may be a sender once its owner has confirmed it."""

    id: int
    email: str
    name: str
    reply_to: str
    note: str
    created_at: datetime
    confirmed_at: datetime | None
    link_ends_at: datetime | None = None

    @property
    def domain(self) -> str:
        """The domain of the address, lower-case."""
        return self.email.rpartition("@")[2].lower()

    @property
    def is_confirmed(self) -> bool:
        """Whether the owner of the address has agreed."""
        return self.confirmed_at is not None


class Standing(StrEnum):
    """Whether an address may be a sender."""

    GOOD = "good"
    UNCONFIRMED = "unconfirmed"
    UNKNOWN = "unknown"
