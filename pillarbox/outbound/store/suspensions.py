"""Suspended destinations: their mail waits until somebody resumes them, or until an instant that was set.

Time goes on for what waits: the window in which a copy is tried counts from when it was accepted. What has used it
up when its destination is resumed is tried once more, and bounces if that fails.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, String, Table, Text, delete, or_, select

from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import UtcTime

TOPIC = "suspensions"
"""Wakes those who deliver when a destination is suspended or resumed."""

suspended_destinations = Table(
    "suspended_destinations",
    metadata,
    Column("domain", String(255), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("suspended_by", String(320), nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", UtcTime),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """Nothing is delivered to a domain: since when, who said so and why. `until` is None when it has no end."""

    domain: str
    at: datetime
    by: str
    reason: str = ""
    until: datetime | None = None


def suspend(
    tx: Tx, domain: str, *, by: str, reason: str = "", until: datetime | None = None
) -> Suspension:
    """Deliver nothing to a domain from now on; what is in hand is finished. A second time replaces the first."""
    table = suspended_destinations
    tx.run(delete(table).where(table.c.until <= tx.now))
    row = {"at": tx.now, "suspended_by": by, "reason": reason, "until": until}
    add = dialect.insert(tx.connection, table).values(domain=domain, **row)
    tx.run(add.on_conflict_do_update(index_elements=["domain"], set_=row))
    tx.wake(TOPIC)
    return Suspension(domain=domain, at=tx.now, by=by, reason=reason, until=until)


def resume(tx: Tx, domain: str) -> bool:
    """Deliver to a domain again; whether it was suspended."""
    was_suspended = find(tx, domain) is not None
    tx.run(delete(suspended_destinations).where(suspended_destinations.c.domain == domain))
    tx.wake(TOPIC)
    return was_suspended


def current(tx: Tx) -> dict[str, Suspension]:
    """Every domain that is suspended now."""
    table = suspended_destinations
    is_on = or_(table.c.until.is_(None), table.c.until > tx.now)
    return {
        row.domain: Suspension(
            domain=row.domain,
            at=row.at,
            by=row.suspended_by,
            reason=row.reason,
            until=row.until,
        )
        for row in tx.rows(select(table).where(is_on).order_by(table.c.domain))
    }


def find(tx: Tx, domain: str) -> Suspension | None:
    """The suspension of one domain."""
    return current(tx).get(domain)
