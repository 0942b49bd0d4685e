"""The queue: taking recipients that are due, keeping hold of them, and writing down where they stand.

Work is found lane by lane (a lane is a destination domain, or its bulk mail), so that a destination with a million
waiting messages costs the others nothing. The statements are written out per database because they are the hottest
of all and PostgreSQL takes all lanes in one round trip.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    func,
    select,
    text,
    tuple_,
    update,
)

from pillarbox.outbound.model import MessageStatus, RecipientState, lanes_of
from pillarbox.outbound.store.tables import messages, recipients
from pillarbox.storage import dialect
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import instant, micros

LEASE = timedelta(seconds=60)

_CLAIM_SQLITE = """
    UPDATE recipients SET lease = :lease, due_at = :until
    WHERE state = 'queued' AND (message_key, position) IN (
        SELECT message_key, position FROM recipients
        WHERE lane = :lane AND state = 'queued' AND due_at <= :now
        ORDER BY due_at LIMIT :slots)
    RETURNING message_key, position, server_id, stream_key, email, lane, attempts
"""
_CLAIM_POSTGRES = text("""
    WITH picked AS MATERIALIZED (
        SELECT due.message_key, due.position
        FROM unnest(CAST(:lanes AS text[]), CAST(:slots AS int[])) AS wanted(lane, slots)
        CROSS JOIN LATERAL (
            SELECT message_key, position FROM recipients
            WHERE lane = wanted.lane AND state = 'queued' AND due_at <= :now
            ORDER BY due_at LIMIT wanted.slots FOR UPDATE SKIP LOCKED) AS due)
    UPDATE recipients SET lease = :lease, due_at = :until FROM picked
    WHERE recipients.message_key = picked.message_key AND recipients.position = picked.position
    RETURNING recipients.message_key, recipients.position, server_id, stream_key, email, lane, attempts
""")
# A loose index scan: from one lane to the next, without touching the rows in between.
_LANES = text("""
    WITH RECURSIVE walk(lane) AS (
        SELECT min(lane) FROM recipients WHERE state = 'queued'
        UNION ALL
        SELECT (SELECT min(lane) FROM recipients WHERE state = 'queued' AND lane > walk.lane)
        FROM walk WHERE walk.lane IS NOT NULL)
    SELECT lane, (SELECT min(due_at) FROM recipients WHERE state = 'queued' AND lane = walk.lane) AS due_at
    FROM walk WHERE lane IS NOT NULL LIMIT :limit
""")
_NEXT_DUE_SQLITE = "SELECT min(due_at) FROM recipients WHERE state = 'queued' AND lane = :lane"
_NEXT_DUE_POSTGRES = text("""
    SELECT (SELECT min(due_at) FROM recipients WHERE state = 'queued' AND lane = wanted.lane)
    FROM unnest(CAST(:lanes AS text[])) WITH ORDINALITY AS wanted(lane, number) ORDER BY number
""")
# What is not queued any more has no lease. Asked for the state as well, PostgreSQL would walk through the index of
# all that is queued, which it takes for short.
_STILL_HELD_SQLITE = """
    SELECT message_key, position, lease FROM recipients
    WHERE message_key = :key AND position = :position AND lease = :lease
"""
_STILL_HELD_POSTGRES = """
    SELECT held.message_key, held.position, held.lease FROM recipients AS held
    JOIN unnest(%t::bigint[], %t::int[], %t::bigint[]) AS wanted(message_key, position, lease)
    ON held.message_key = wanted.message_key AND held.position = wanted.position AND held.lease = wanted.lease
    ORDER BY held.message_key, held.position FOR UPDATE OF held
"""
_DELIVERED_SQLITE = """
    UPDATE recipients SET state = 'delivered', lease = NULL, attempts = attempts + 1
    WHERE message_key = :key AND position = :position
"""
_DELIVERED_POSTGRES = """
    UPDATE recipients SET state = 'delivered', lease = NULL, attempts = attempts + 1
    FROM unnest(%t::bigint[], %t::int[]) AS wanted(message_key, position)
    WHERE recipients.message_key = wanted.message_key AND recipients.position = wanted.position
"""


class Claimed(Struct, kw_only=True, gc=False):
    """One recipient's copy, taken for a while."""

    message_key: int
    position: int
    lease: int
    server_id: int
    stream_key: int
    email: str
    lane: str
    attempts: int


class Move(Struct, kw_only=True, gc=False):
    """Where a claimed recipient stands after an attempt."""

    message_key: int
    position: int
    lease: int
    state: RecipientState
    attempts: int
    due_at: datetime | None = None
    last_reply: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A row of the queue as a person sees it."""

    message_id: str
    position: int
    recipient: str
    lane: str
    due_at: datetime
    is_in_hand: bool
    attempts: int
    last_reply: str | None
    received_at: datetime


def lanes(tx: Tx, *, limit: int = 100_000) -> dict[str, datetime]:
    """Every lane with waiting mail and when its first is due."""
    return {row.lane: instant(row.due_at) for row in tx.rows(_LANES, {"limit": limit})}


def claim(tx: Tx, wanted: Sequence[tuple[str, int]], lease: int) -> list[Claimed]:
    """Take due recipients, at most so many a lane, oldest due first; they are due again when the lease ends."""
    times = {"now": micros(tx.now), "until": micros(tx.now + LEASE), "lease": lease}
    if dialect.is_sqlite(tx.connection):
        each = [times | {"lane": lane, "slots": slots} for lane, slots in wanted]
        rows = dialect.sqlite_rows(tx.connection, _CLAIM_SQLITE, each)
    else:
        names, slots = zip(*wanted, strict=True)
        found = tx.rows(_CLAIM_POSTGRES, times | {"lanes": list(names), "slots": list(slots)})
        rows = [tuple(row) for row in found]
    return [
        Claimed(
            message_key=key,
            position=position,
            lease=lease,
            server_id=server_id,
            stream_key=stream_key,
            email=email,
            lane=lane,
            attempts=attempts,
        )
        for key, position, server_id, stream_key, email, lane, attempts in rows
    ]


def next_due(tx: Tx, wanted: Sequence[str]) -> dict[str, datetime | None]:
    """When the first waiting recipient of each of these lanes is due, in hand or not."""
    if dialect.is_sqlite(tx.connection):
        each = [{"lane": lane} for lane in wanted]
        rows = dialect.sqlite_rows(tx.connection, _NEXT_DUE_SQLITE, each)
    else:
        rows = [tuple(row) for row in tx.rows(_NEXT_DUE_POSTGRES, {"lanes": list(wanted)})]
    return {
        lane: None if at is None else instant(at) for lane, (at,) in zip(wanted, rows, strict=True)
    }


def extend(tx: Tx, held: Sequence[tuple[int, int, int]]) -> None:
    """Keep hold of recipients (message key, position, lease) for one more lease time."""
    columns = recipients.c
    _lock(tx, held)
    tx.run(
        update(recipients)
        .where(tuple_(columns.message_key, columns.position, columns.lease).in_(held))
        .values(due_at=tx.now + LEASE)
    )


def release(tx: Tx, held: Sequence[tuple[int, int, int]]) -> None:
    """Give recipients (message key, position, lease) back untried: due now."""
    columns = recipients.c
    _lock(tx, held)
    tx.run(
        update(recipients)
        .where(tuple_(columns.message_key, columns.position, columns.lease).in_(held))
        .values(due_at=tx.now, lease=None)
    )


def still_held(tx: Tx, held: Sequence[tuple[int, int, int]]) -> set[tuple[int, int, int]]:
    """Those of the (message key, position, lease) that nobody else has taken over.

    Locks them on PostgreSQL, in the order of their keys.
    """
    if not held:
        return set()
    if dialect.is_sqlite(tx.connection):
        each = [{"key": key, "position": at, "lease": lease} for key, at, lease in held]
        return {
            (key, at, lease)
            for key, at, lease in dialect.sqlite_rows(tx.connection, _STILL_HELD_SQLITE, each)
        }
    columns = zip(*held, strict=True)
    rows = dialect.postgres_rows(tx.connection, _STILL_HELD_POSTGRES, *columns)
    return {(key, at, lease) for key, at, lease in rows}


def _lock(tx: Tx, held: Sequence[tuple[int, int, int]]) -> None:
    """Lock rows in the order in which settling does, so that neither waits for the other with some in hand."""
    if not dialect.is_sqlite(tx.connection):
        still_held(tx, held)


def move(tx: Tx, moves: Sequence[Move]) -> None:
    """Write down where recipients stand; what is still queued is due at its `due_at`."""
    columns = recipients.c
    delivered = [m for m in moves if m.state is RecipientState.DELIVERED]
    if delivered:
        _mark_delivered(tx, delivered)
    others = [m for m in moves if m.state is not RecipientState.DELIVERED]
    if others:
        statement = (
            update(recipients)
            .where(columns.message_key == bindparam("k"), columns.position == bindparam("p"))
            .values(
                state=bindparam("s"),
                lease=None,
                attempts=bindparam("a"),
                due_at=func.coalesce(bindparam("d", type_=columns.due_at.type), columns.due_at),
                last_reply=bindparam("r"),
            )
        )
        tx.run(statement, [_values(m) for m in others])


def list_waiting(tx: Tx, *, limit: int, domain: str | None = None) -> list[Waiting]:
    """The head of the queue, or of what waits for one destination, first due first."""
    query = (
        select(recipients, messages.c.message_id, messages.c.received_at)
        .join(messages, messages.c.key == recipients.c.message_key)
        .where(recipients.c.state == text("'queued'"))
        .order_by(recipients.c.due_at)
        .limit(limit)
    )
    if domain is None:
        return _waiting(tx, query)
    lanes = (query.where(recipients.c.lane == lane) for lane in lanes_of(domain))  # each in order
    found = (one for of_lane in lanes for one in _waiting(tx, of_lane))
    return sorted(found, key=lambda one: one.due_at)[:limit]


def _waiting(tx: Tx, query: Select[Any]) -> list[Waiting]:
    return [
        Waiting(
            message_id=row.message_id,
            position=row.position,
            recipient=row.email,
            lane=row.lane,
            due_at=row.due_at,
            is_in_hand=row.lease is not None,
            attempts=row.attempts,
            last_reply=row.last_reply,
            received_at=row.received_at,
        )
        for row in tx.rows(query)
    ]


def count_waiting(tx: Tx, *, domain: str | None = None) -> int:
    """How many recipients wait, at all or for one destination."""
    wanted = [recipients.c.state == text("'queued'")] + ([goes_to(domain)] if domain else [])
    return int(tx.scalar(select(func.count()).select_from(recipients).where(*wanted)))


def retry(tx: Tx, message_key: int | None, *, domain: str | None = None) -> list[str]:
    """Make what waits of a message, for a destination, or at all due now, unless it is in hand; the lanes."""
    statement = (
        update(recipients)
        .where(recipients.c.state == RecipientState.QUEUED, recipients.c.lease.is_(None))
        .values(due_at=tx.now)
        .returning(recipients.c.lane)
    )
    if message_key is not None:
        statement = statement.where(recipients.c.message_key == message_key)
    if domain is not None:
        statement = statement.where(goes_to(domain))
    return sorted({row.lane for row in tx.rows(statement)})


def drop(tx: Tx, message_key: int | None) -> int:
    """Take the waiting recipients of a message (or all) off the queue for good; how many.

    None of these messages is Queued after that: a search for what is looks in the queue only.
    """
    statement = (
        update(recipients)
        .where(recipients.c.state == RecipientState.QUEUED)
        .values(state=RecipientState.DROPPED, lease=None)
    )
    left = update(messages).where(messages.c.status == MessageStatus.QUEUED)
    if message_key is not None:
        statement = statement.where(recipients.c.message_key == message_key)
        left = left.where(messages.c.key == message_key)
    dropped = tx.run(statement)
    tx.run(left.values(status=MessageStatus.SENT))
    return dropped


def suppress(tx: Tx, stream_key: int, addresses: Collection[str]) -> list[int]:
    """Take what waits for lower-cased addresses in a stream off the queue, unless in hand; the messages' keys."""
    columns = recipients.c
    statement = (
        update(recipients)
        .where(
            columns.address_key.in_(addresses),
            columns.stream_key == stream_key,
            columns.state == RecipientState.QUEUED,
            columns.lease.is_(None),
        )
        .values(state=RecipientState.SUPPRESSED)
        .returning(columns.message_key)
    )
    return sorted({row.message_key for row in tx.rows(statement)})


def _mark_delivered(tx: Tx, moves: Sequence[Move]) -> None:
    if dialect.is_sqlite(tx.connection):
        each = [{"key": one.message_key, "position": one.position} for one in moves]
        dialect.sqlite_run(tx.connection, _DELIVERED_SQLITE, each)
        return
    keys, positions = [one.message_key for one in moves], [one.position for one in moves]
    dialect.postgres_run(tx.connection, _DELIVERED_POSTGRES, keys, positions)


def goes_to(domain: str) -> ColumnElement[bool]:
    """The condition that a row of `recipients` is for a destination, bulk or not."""
    return recipients.c.lane.in_(lanes_of(domain))


def _values(one: Move) -> dict[str, Any]:
    return {
        "k": one.message_key,
        "p": one.position,
        "s": one.state,
        "a": one.attempts,
        "d": one.due_at,
        "r": one.last_reply,
    }
