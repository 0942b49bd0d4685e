"""Tag triggers in the database: kept for old clients, which set open tracking by tag with them; without effect."""

from dataclasses import dataclass

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx

FIRST_ID = 1_000_001  # small numbers serve client libraries as "does not exist"
LAST_ID = (1 << 31) - 1

tag_triggers = Table(
    "tag_triggers",
    metadata,
    Column("id", Integer, Identity(start=FIRST_ID), primary_key=True),
    Column("server_id", ForeignKey("servers.id", ondelete="CASCADE"), nullable=False),
    Column("match_name", Text, nullable=False),
    Column("track_opens", Boolean),
    Index("ix_tag_triggers_server", "server_id", "id"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class TagTrigger:
    """Whether messages with a tag are to have open tracking; None says nothing."""

    id: int
    match_name: str
    track_opens: bool | None


def add(tx: Tx, server_id: int, match_name: str, track_opens: bool | None) -> TagTrigger:
    """Keep a new trigger."""
    values = {"server_id": server_id, "match_name": match_name, "track_opens": track_opens}
    statement = insert(tag_triggers).values(values).returning(tag_triggers.c.id)
    return TagTrigger(tx.scalar(statement), match_name, track_opens)


def find(tx: Tx, server_id: int, trigger_id: int) -> TagTrigger | None:
    """The trigger of this Server with this id."""
    if not 0 < trigger_id <= LAST_ID:
        return None
    at = tag_triggers.c
    row = tx.first(select(at.id, at.match_name, at.track_opens).where(*_own(server_id, trigger_id)))
    return None if row is None else TagTrigger(*row)


def page(
    tx: Tx, server_id: int, *, match_name: str | None, count: int, offset: int
) -> tuple[int, list[TagTrigger]]:
    """How many triggers match, and `count` of them after the `offset` oldest, oldest first."""
    at = tag_triggers.c
    conditions = [at.server_id == server_id]
    if match_name is not None:
        conditions.append(at.match_name == match_name)
    total = tx.scalar(select(func.count()).select_from(tag_triggers).where(*conditions))
    query = (
        select(at.id, at.match_name, at.track_opens)
        .where(*conditions)
        .order_by(at.id)
        .limit(count)
        .offset(offset)
    )
    return total, [TagTrigger(*row) for row in tx.rows(query)]


def save(tx: Tx, server_id: int, trigger: TagTrigger) -> None:
    """Change a trigger."""
    statement = update(tag_triggers).where(*_own(server_id, trigger.id))
    tx.run(statement.values(match_name=trigger.match_name, track_opens=trigger.track_opens))


def remove(tx: Tx, server_id: int, trigger_id: int) -> None:
    """Delete a trigger."""
    tx.run(delete(tag_triggers).where(*_own(server_id, trigger_id)))


def _own(server_id: int, trigger_id: int) -> list[ColumnElement[bool]]:
    return [tag_triggers.c.id == trigger_id, tag_triggers.c.server_id == server_id]
