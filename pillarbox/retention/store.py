"""Data removals in the database. A finished one keeps its number and who asked, but not whose data they were."""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Identity,
    Integer,
    Row,
    String,
    Table,
    insert,
    select,
    update,
)

from pillarbox.retention.model import NewRemoval, Removal, RemovalStatus
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import TextEnum, UtcTime

TOPIC = "removals"

FIRST_ID = 1_000_001  # small numbers serve client libraries as "does not exist"
LAST_ID = (1 << 31) - 1

data_removals = Table(
    "data_removals",
    metadata,
    Column("id", Integer, Identity(start=FIRST_ID), primary_key=True),
    Column("requested_by", String(320), nullable=False),
    Column("address", String(320), nullable=False),
    Column("is_notification_wanted", Boolean, nullable=False),
    Column("status", TextEnum(RemovalStatus), nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    sqlite_autoincrement=True,
)


def insert_removal(tx: Tx, new: NewRemoval) -> Removal:
    """Keep a request, and wake who carries it out."""
    values = {
        "requested_by": new.requested_by,
        "address": new.address,
        "is_notification_wanted": new.is_notification_wanted,
        "status": RemovalStatus.PENDING,
        "created_at": tx.now,
    }
    row = tx.first(insert(data_removals).values(values).returning(*data_removals.c))
    assert row is not None
    tx.wake(TOPIC)
    return _removal(row)


def find(tx: Tx, removal_id: int) -> Removal | None:
    """The removal with this id."""
    if not 0 < removal_id <= LAST_ID:
        return None
    row = tx.first(select(data_removals).where(data_removals.c.id == removal_id))
    return None if row is None else _removal(row)


def list_pending(tx: Tx) -> list[Removal]:
    """What is to be carried out, oldest first."""
    at = data_removals.c
    query = select(data_removals).where(at.status == RemovalStatus.PENDING).order_by(at.id)
    return [_removal(row) for row in tx.rows(query)]


def newest(tx: Tx, *, before: int | None, limit: int) -> list[Removal]:
    """The newest requests, those below an id."""
    query = select(data_removals).order_by(data_removals.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(data_removals.c.id < before)
    return [_removal(row) for row in tx.rows(query)]


def finish(tx: Tx, removal: Removal) -> None:
    """Note that a removal is done, and forget whose it was; also where that person asked for others."""
    at = data_removals.c
    asked = update(data_removals).where(at.requested_by == removal.address)
    tx.run(asked.values(requested_by=removal.alias))
    tx.run(
        update(data_removals)
        .where(at.id == removal.id)
        .values(status=RemovalStatus.DONE, address=removal.alias, finished_at=tx.now)
    )


def _removal(row: Row[Any]) -> Removal:
    return Removal(
        id=row.id,
        status=row.status,
        address=row.address,
        created_at=row.created_at,
        requested_by=row.requested_by,
        is_notification_wanted=row.is_notification_wanted,
    )
