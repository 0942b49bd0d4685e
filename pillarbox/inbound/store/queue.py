"""The queue of inbound messages whose hook is to be called, Server by Server, under leases."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select, text, tuple_, update

from pillarbox.inbound.model import InboundStatus
from pillarbox.inbound.store.messages import LEASE, LIST, inbound_messages
from pillarbox.storage import dialect
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import instant, micros

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
_MOVE_SQLITE = """
    UPDATE inbound_messages
    SET status = :status, due_at = :due, last_outcome = :outcome, attempts = attempts + 1, lease = NULL
    WHERE key = :key AND lease = :lease RETURNING key
"""
_MOVE_POSTGRES = text("""
    UPDATE inbound_messages
    SET status = moved_to, due_at = moved_due, last_outcome = said, attempts = attempts + 1, lease = NULL
    FROM unnest(CAST(:keys AS bigint[]), CAST(:leases AS bigint[]), CAST(:statuses AS text[]),
        CAST(:dues AS bigint[]), CAST(:outcomes AS text[]))
        AS moved(moved_key, moved_lease, moved_to, moved_due, said)
    WHERE key = moved_key AND lease = moved_lease RETURNING key
""")


class Due(Struct, frozen=True, kw_only=True, gc=False):
    """A message that was taken in hand for a while. `attempts` were made before."""

    key: int
    lease: int
    server_id: int
    size_bytes: int
    attempts: int


class Move(Struct, frozen=True, kw_only=True, gc=False):
    """Where a message stands after its hook was called; with `due_at` it is called again."""

    key: int
    lease: int
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


def move(tx: Tx, moves: Sequence[Move]) -> set[int]:
    """Write down where messages stand after an attempt, unless somebody else has taken them over; whose it was."""
    if not moves:
        return set()
    tx.wake(LIST)
    rows: Sequence[Sequence[Any]]
    if dialect.is_sqlite(tx.connection):
        rows = dialect.sqlite_rows(tx.connection, _MOVE_SQLITE, [_values(one) for one in moves])
    else:
        # Rows are locked in this order, as others lock them.
        each = [_values(one).values() for one in sorted(moves, key=lambda one: one.key)]
        names = ("keys", "leases", "statuses", "dues", "outcomes")
        columns = map(list, zip(*each, strict=True))
        rows = tx.rows(_MOVE_POSTGRES, dict(zip(names, columns, strict=True)))
    return {key for (key,) in rows}


def _values(one: Move) -> dict[str, Any]:
    return {
        "key": one.key,
        "lease": one.lease,
        "status": one.status.value,
        "due": None if one.due_at is None else micros(one.due_at),
        "outcome": one.outcome,
    }
