"""Reports that cannot be believed or belong to nobody: kept for a person to see, without any effect.

A table of its own; few are kept, and not for long. Source: spec bounce-classification 6.1.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)

from pillarbox.bounces.model import BounceType
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import TextEnum, UtcTime

MOST_KEPT = 1000
KEPT_FOR = timedelta(days=30)
LONGEST_CONTENT = 64 * 1024


class Why(StrEnum):
    """Why a report has no effect."""

    UNSIGNED = "unsigned"
    NO_MESSAGE = "no message"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A report without effect. `type` is what it would have been; None when it would have been nothing."""

    why: Why
    type: BounceType | None
    recipient: str
    sender: str
    subject: str
    details: str
    at: datetime
    content: str


orphan_reports = Table(
    "orphan_reports",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("why", TextEnum(Why), nullable=False),
    Column("type", TextEnum(BounceType)),
    Column("recipient", String(320), nullable=False),
    Column("sender", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("content", Text, nullable=False),
)


def insert_orphan(tx: Tx, orphan: Orphan) -> None:
    """Keep a report; the end of a long one is left out."""
    values = {
        "why": orphan.why,
        "type": orphan.type,
        "recipient": orphan.recipient[:320],
        "sender": _storable(orphan.sender),
        "subject": _storable(orphan.subject),
        "details": _storable(orphan.details),
        "at": orphan.at,
        "content": _storable(orphan.content[:LONGEST_CONTENT]),
    }
    tx.run(insert(orphan_reports), values)


def list_orphans(tx: Tx, *, limit: int) -> list[Orphan]:
    """The newest reports without effect, newest first."""
    query = select(orphan_reports).order_by(orphan_reports.c.id.desc()).limit(limit)
    return [
        Orphan(
            why=row.why,
            type=row.type,
            recipient=row.recipient,
            sender=row.sender,
            subject=row.subject,
            details=row.details,
            at=row.at,
            content=row.content,
        )
        for row in tx.rows(query)
    ]


def delete_old(tx: Tx, limit: int) -> int:
    """Delete some of the reports that are too old or too many; how many."""
    at = orphan_reports.c
    many = select(at.id).order_by(at.id.desc()).offset(MOST_KEPT).limit(1).scalar_subquery()
    some = select(at.id).where((at.id <= many) | (at.at < tx.now - KEPT_FOR)).limit(limit)
    return tx.run(delete(orphan_reports).where(at.id.in_(some.scalar_subquery())))


def erase(tx: Tx, address: str) -> int:
    """Delete the reports that name a lower-cased address anywhere; how many. There are few, so all are read."""
    at = orphan_reports.c
    named = [
        func.lower(column).contains(address, autoescape=True)
        for column in (at.sender, at.recipient, at.subject, at.details, at.content)
    ]
    condition = named[0]
    for other in named[1:]:
        condition |= other
    return tx.run(delete(orphan_reports).where(condition))


def _storable(text: str) -> str:
    """Text without what PostgreSQL cannot keep: NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
