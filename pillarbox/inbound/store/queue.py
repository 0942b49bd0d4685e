"""The queue of inbound messages whose hook is to be called, Server by Server, under leases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, text, tuple_, update

from pillarbox.inbound.model import InboundStatus
from pillarbox.inbound.store.messages import LIST, inbound_messages
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import instant

LEASE = timedelta(seconds=60)
# A loose index scan: from one Server to the next, without touching the rows in between.
_LANES = text("""
    WITH RECURSIVE walk(lane) AS (
        SELECT min(server_id) FROM inbound_messages WHERE due_at IS NOT NULL
        UNION ALL
        SELECT (
            SELECT min(server_id) FROM inbound_messages
            WHERE due_at IS NOT NULL AND server_id > walk.lane)
        FROM walk WHERE walk.lane IS NOT NULL)
    SELECT lane, (
        SELECT min(due_at) FROM inbound_messages WHERE due_at IS NOT NULL AND server_id = walk.lane) AS due_at
    FROM walk WHERE lane IS NOT NULL
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A message that was taken in hand for a while. `attempts` were made before."""

    key: int
    lease: int
    server_id: int
    size_bytes: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Where a message stands after its hook was called; with `due_at` it is called again."""

    key: int
    status: InboundStatus
    outcome: str
    due_at: datetime | None = None


def lanes(tx: Tx) -> dict[str, datetime]:
    """Every Server with messages whose hook is to be called, and when the first is due."""
    return {str(row.lane): instant(row.due_at) for row in tx.rows(_LANES)}


def claim(tx: Tx, server_id: int, slots: int, lease: int) -> list[Due]:
    """Take due messages of a Server, oldest due first; they are due again when the lease ends."""
    at = inbound_messages.c
    due = (
        select(at.key)
        .where(at.server_id == server_id, at.due_at.is_not(None), at.due_at <= tx.now)
        .order_by(at.due_at)
        .limit(slots)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(inbound_messages)
        .where(at.key.in_([row.key for row in tx.rows(due)]))
        .values(lease=lease, due_at=tx.now + LEASE)
        .returning(at.key, at.server_id, at.size_bytes, at.attempts)
    )
    return [Due(lease=lease, **row._asdict()) for row in tx.rows(statement)]


def next_due(tx: Tx, server_id: int) -> datetime | None:
    """When the first message of a Server is due, in hand or not."""
    at = inbound_messages.c
    found: datetime | None = tx.scalar(
        select(func.min(at.due_at)).where(at.server_id == server_id, at.due_at.is_not(None))
    )
    return found


def extend(tx: Tx, held: Sequence[tuple[int, int]]) -> None:
    """Keep hold of messages (key, lease) for one more lease time."""
    at = inbound_messages.c
    mine = update(inbound_messages).where(tuple_(at.key, at.lease).in_(held))
    tx.run(mine.values(due_at=tx.now + LEASE))


def release(tx: Tx, held: Sequence[tuple[int, int]]) -> None:
    """Give messages (key, lease) back untried: due now."""
    at = inbound_messages.c
    mine = update(inbound_messages).where(tuple_(at.key, at.lease).in_(held))
    tx.run(mine.values(due_at=tx.now, lease=None))


def still_held(tx: Tx, held: Sequence[tuple[int, int]]) -> set[int]:
    """The keys of those of the messages (key, lease) that nobody else has taken over; locks them on PostgreSQL."""
    at = inbound_messages.c
    query = select(at.key, at.lease).where(at.key.in_([key for key, _ in held]))
    found = {(row.key, row.lease) for row in tx.rows(query.with_for_update())}
    return {key for key, _ in found.intersection(held)}


def move(tx: Tx, moves: Sequence[Move]) -> None:
    """Write down where messages stand after an attempt."""
    at = inbound_messages.c
    if moves:
        tx.wake(LIST)
        statement = update(inbound_messages).where(at.key == bindparam("which"))
        values = {
            "status": bindparam("new_status", type_=at.status.type),
            "due_at": bindparam("due", type_=at.due_at.type),
            "last_outcome": bindparam("outcome"),
            "attempts": at.attempts + 1,
            "lease": None,
        }
        tx.run(
            statement.values(values),
            [
                {
                    "which": one.key,
                    "new_status": one.status,
                    "due": one.due_at,
                    "outcome": one.outcome,
                }
                for one in moves
            ],
        )
