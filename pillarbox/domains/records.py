"""The DNS records of a domain, for the person who publishes them: which, why, and how they stand. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pillarbox.config import Config
from pillarbox.domains import keys
from pillarbox.domains.model import SAFE_AFTER, Alias, DkimKey, Domain, KeyState

DMARC = "v=DMARC1; p=none"


class Purpose(StrEnum):
    """What a record is for."""

    DKIM = "dkim"
    DKIM_NEXT = "dkim-next"
    DKIM_OLD = "dkim-old"
    RETURN_PATH = "return-path"
    TRACKING = "tracking"
    SPF = "spf"
    DMARC = "dmarc"


class Match(StrEnum):
    """How what DNS shows compares with what it should show."""

    FOUND = "found"
    OTHER = "other"
    MISSING = "missing"
    UNKNOWN = "unknown"


class State(StrEnum):
    """How a record stands, in the end."""

    GOOD = "good"
    WAITING = "waiting"
    WRONG = "wrong"
    LOST = "lost"
    OPTIONAL = "optional"
    KEEP = "keep"
    REMOVABLE = "removable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as it should be. `is_verified`: it was seen in DNS and counts."""

    purpose: Purpose
    host: str
    type: str
    value: str
    is_verified: bool = False
    keep_until: datetime | None = None

    @property
    def is_needed(self) -> bool:
        """Whether Pillarbox waits for it."""
        optional = (Purpose.SPF, Purpose.DMARC, Purpose.DKIM_OLD)
        return self.purpose not in optional


def spf_text(config: Config) -> str:
    """The SPF record suggested to every domain."""
    return f"v=spf1 a mx include:{config.spf_include} ~all"


def records(domain: Domain, config: Config) -> list[Record]:
    """Everything that a domain should publish, or may."""
    found = [
        _of_key(purpose, domain.keys[state])
        for purpose, state in (
            (Purpose.DKIM_NEXT, KeyState.PENDING),
            (Purpose.DKIM, KeyState.ACTIVE),
            (Purpose.DKIM_OLD, KeyState.REVOKED),
        )
        if state in domain.keys
    ]
    found += _of_alias(Purpose.RETURN_PATH, domain.return_path, config.return_path_host)
    found += _of_alias(Purpose.TRACKING, domain.tracking, config.tracking_host)
    found.append(Record(purpose=Purpose.SPF, host=domain.name, type="TXT", value=spf_text(config)))
    host = f"_dmarc.{domain.name}"
    found.append(Record(purpose=Purpose.DMARC, host=host, type="TXT", value=DMARC))
    return found


def state(record: Record, match: Match, now: datetime) -> State:
    """How a record stands, from what is known of it and what DNS shows now."""
    if record.purpose is Purpose.DKIM_OLD:
        is_safe = record.keep_until is None or now > record.keep_until
        return State.REMOVABLE if is_safe else State.KEEP
    if match is Match.FOUND:
        return State.GOOD
    if not record.is_needed:
        return State.OPTIONAL if match is not Match.UNKNOWN else State.UNKNOWN
    if record.is_verified:
        return State.GOOD if match is Match.UNKNOWN else State.LOST
    return State.WRONG if match is Match.OTHER else State.WAITING


def _of_key(purpose: Purpose, key: DkimKey) -> Record:
    keep_until = None
    if purpose is Purpose.DKIM_OLD and key.since is not None:
        keep_until = key.since + SAFE_AFTER
    return Record(
        purpose=purpose,
        host=key.host,
        type="TXT",
        value=keys.record(key),
        is_verified=key.state is KeyState.ACTIVE,
        keep_until=keep_until,
    )


def _of_alias(purpose: Purpose, alias: Alias, target: str) -> list[Record]:
    if not alias.host:
        return []
    return [
        Record(
            purpose=purpose,
            host=alias.host,
            type="CNAME",
            value=target,
            is_verified=alias.is_verified,
        )
    ]
