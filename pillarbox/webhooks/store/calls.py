"""The queue of calls: putting calls in, taking those that are due, and writing down where they stand.

It works like the queue of outbound mail: lane by lane, under leases.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text, tuple_, update

from pillarbox.storage import dialect
from pillarbox.storage.bykey import ByKey
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import instant, micros
from pillarbox.webhooks.call import CallState, Claimed, Move, NewCall, Payload
from pillarbox.webhooks.model import Trigger
from pillarbox.webhooks.store.tables import webhook_calls, webhook_marks, webhook_payloads

TOPIC = "webhook calls"
LEASE = timedelta(seconds=60)
_MARK = 1
_PAYLOAD = ("key", "recipient_key", "body")
_CALL = (
    "lane",
    "trigger",
    "server_id",
    "stream_key",
    "webhook_id",
    "payload_key",
    "size_bytes",
    "created_at",
    "state",
    "due_at",
    "attempts",
)
_CLAIMED = "id, lane, trigger, server_id, webhook_id, payload_key, size_bytes, attempts"
_CLAIM_SQLITE = f"""
    UPDATE webhook_calls SET lease = :lease, due_at = :until
    WHERE id IN (
        SELECT id FROM webhook_calls WHERE lane = :lane AND state = 'waiting' AND due_at <= :now
        ORDER BY due_at LIMIT :slots)
    RETURNING {_CLAIMED}
"""  # noqa: S608 - names of our own
_CLAIM_POSTGRES = text(f"""
    WITH picked AS MATERIALIZED (
        SELECT due.id AS picked_id
        FROM unnest(CAST(:lanes AS text[]), CAST(:slots AS int[])) AS wanted(wanted_lane, slots)
        CROSS JOIN LATERAL (
            SELECT id FROM webhook_calls
            WHERE lane = wanted_lane AND state = 'waiting' AND due_at <= :now
            ORDER BY due_at LIMIT wanted.slots FOR UPDATE SKIP LOCKED) AS due)
    UPDATE webhook_calls SET lease = :lease, due_at = :until FROM picked WHERE id = picked_id
    RETURNING {_CLAIMED}
""")  # noqa: S608 - names of our own
# A loose index scan: from one lane to the next, without touching the rows in between.
_LANES = text("""
    WITH RECURSIVE walk(lane) AS (
        SELECT min(lane) FROM webhook_calls WHERE state = 'waiting'
        UNION ALL
        SELECT (SELECT min(lane) FROM webhook_calls WHERE state = 'waiting' AND lane > walk.lane)
        FROM walk WHERE walk.lane IS NOT NULL)
    SELECT lane, (SELECT min(due_at) FROM webhook_calls WHERE state = 'waiting' AND lane = walk.lane) AS due_at
    FROM walk WHERE lane IS NOT NULL LIMIT :limit
""")
_DEPTH = text(
    "SELECT count(*) AS waiting, min(due_at) AS due_at FROM webhook_calls WHERE state = 'waiting'"
)
_NEXT_DUE_SQLITE = "SELECT min(due_at) FROM webhook_calls WHERE state = 'waiting' AND lane = :lane"
_NEXT_DUE_POSTGRES = text("""
    SELECT (SELECT min(due_at) FROM webhook_calls WHERE state = 'waiting' AND lane = wanted_lane)
    FROM unnest(CAST(:lanes AS text[])) WITH ORDINALITY AS wanted(wanted_lane, number) ORDER BY number
""")
# What does not wait any more has no lease. Asked for the state as well, PostgreSQL would walk through the index of
# all that waits, which it takes for short.
_STILL_HELD_SQLITE = "SELECT id FROM webhook_calls WHERE id = :call AND lease = :lease"
_STILL_HELD_POSTGRES = """
    SELECT held.id FROM webhook_calls AS held
    JOIN unnest(%t::bigint[], %t::bigint[]) AS wanted(call, wanted_lease)
    ON held.id = wanted.call AND held.lease = wanted.wanted_lease
    ORDER BY held.id FOR UPDATE OF held
"""
_MOVE_SQLITE = """
    UPDATE webhook_calls
    SET state = :state, due_at = coalesce(:due, due_at), lease = NULL, attempts = attempts + 1
    WHERE id = :call
"""
_MOVE_POSTGRES = """
    UPDATE webhook_calls
    SET state = moved_to, due_at = coalesce(moved_due, due_at), lease = NULL, attempts = attempts + 1
    FROM unnest(%t::bigint[], %t::text[], %t::bigint[]) AS moved(call, moved_to, moved_due)
    WHERE id = moved.call
"""
_BODIES = ByKey(webhook_payloads, "key", "key", "body")


def take_mark(tx: Tx) -> int | None:
    """The id of the newest event that was read; nobody else moves it before this transaction ends.

    None when somebody else is about to.
    """
    query = select(webhook_marks.c.event_id).where(webhook_marks.c.id == _MARK)
    query = query.with_for_update(skip_locked=True)
    row = tx.first(query)
    if row is None:  # somebody else has it, or there was none yet
        first = dialect.insert(tx.connection, webhook_marks).values(id=_MARK, event_id=0)
        tx.run(first.on_conflict_do_nothing(index_elements=["id"]))
        row = tx.first(query)
    return None if row is None else row.event_id


def move_mark(tx: Tx, event_id: int) -> None:
    """Note that all events up to this one were read."""
    tx.run(update(webhook_marks).where(webhook_marks.c.id == _MARK).values(event_id=event_id))


def insert_calls(tx: Tx, payloads: Sequence[Payload], new: Sequence[NewCall]) -> None:
    """Put calls into the queue, due now, together with what they say."""
    said = [(one.key, one.recipient.lower(), one.body) for one in payloads]
    tx.insert_many(webhook_payloads, _PAYLOAD, said)
    now = micros(tx.now)
    waiting = CallState.WAITING.value
    rows = [
        (
            one.lane,
            one.trigger.value,
            one.server_id,
            one.stream_key,
            one.webhook_id,
            one.payload_key,
            one.size_bytes,
            now,
            waiting,
            now,
            0,
        )
        for one in new
    ]
    tx.insert_many(webhook_calls, _CALL, rows)
    if new:
        tx.wake(TOPIC, *{one.lane for one in new})


def lanes(tx: Tx, *, limit: int = 100_000) -> dict[str, datetime]:
    """Every lane with waiting calls and when its first is due."""
    return {row.lane: instant(row.due_at) for row in tx.rows(_LANES, {"limit": limit})}


def depth(tx: Tx) -> tuple[int, datetime | None]:
    """How many calls wait, and when the first of them is or was due."""
    row = tx.first(_DEPTH)
    assert row is not None
    return row.waiting, None if row.due_at is None else instant(row.due_at)


def claim(tx: Tx, wanted: Sequence[tuple[str, int]], lease: int) -> list[Claimed]:
    """Take due calls, at most so many a lane, oldest due first; they are due again when the lease ends."""
    times = {"now": micros(tx.now), "until": micros(tx.now + LEASE), "lease": lease}
    rows: Sequence[Sequence[Any]]
    if dialect.is_sqlite(tx.connection):
        each = [times | {"lane": lane, "slots": slots} for lane, slots in wanted]
        rows = dialect.sqlite_rows(tx.connection, _CLAIM_SQLITE, each)
    else:
        names, slots = zip(*wanted, strict=True)
        rows = tx.rows(_CLAIM_POSTGRES, times | {"lanes": list(names), "slots": list(slots)})
    return [
        Claimed(
            id=call_id,
            lease=lease,
            lane=lane,
            trigger=Trigger(trigger),
            server_id=server_id,
            webhook_id=webhook_id,
            payload_key=payload_key,
            size_bytes=size_bytes,
            attempts=attempts,
        )
        for call_id, lane, trigger, server_id, webhook_id, payload_key, size_bytes, attempts in rows
    ]


def next_dues(tx: Tx, lanes: Sequence[str]) -> dict[str, datetime | None]:
    """When the first waiting call of each of these lanes is due, in hand or not; None for an empty one."""
    rows: Sequence[Sequence[Any]]
    if dialect.is_sqlite(tx.connection):
        rows = dialect.sqlite_rows(
            tx.connection, _NEXT_DUE_SQLITE, [{"lane": lane} for lane in lanes]
        )
    else:
        rows = tx.rows(_NEXT_DUE_POSTGRES, {"lanes": list(lanes)})
    return {
        lane: None if due is None else instant(due)
        for lane, (due,) in zip(lanes, rows, strict=True)
    }


def load_bodies(tx: Tx, keys: Sequence[int]) -> dict[int, bytes]:
    """What is said, by payload key."""
    return {key: bytes(body) for key, body in _BODIES.rows(tx, keys)}


def extend(tx: Tx, held: Sequence[tuple[int, int]]) -> None:
    """Keep hold of calls (id, lease) for one more lease time."""
    _set_due(tx, held, tx.now + LEASE, {})


def release(tx: Tx, held: Sequence[tuple[int, int]]) -> None:
    """Give calls (id, lease) back untried: due now."""
    _set_due(tx, held, tx.now, {"lease": None})


def still_held(tx: Tx, held: Sequence[tuple[int, int]]) -> set[int]:
    """The ids of those of the calls (id, lease) that nobody else has taken over; locks them on PostgreSQL."""
    if dialect.is_sqlite(tx.connection):
        each = [{"call": call_id, "lease": lease} for call_id, lease in held]
        return {row[0] for row in dialect.sqlite_rows(tx.connection, _STILL_HELD_SQLITE, each)}
    if not held:
        return set()
    columns = zip(*held, strict=True)
    return {row[0] for row in dialect.postgres_rows(tx.connection, _STILL_HELD_POSTGRES, *columns)}


def move(tx: Tx, moves: Sequence[Move]) -> None:
    """Write down where calls stand after an attempt, and that it was made."""
    if dialect.is_sqlite(tx.connection):
        each = [
            {"call": one.id, "state": one.state.value, "due": _stored(one.due_at)} for one in moves
        ]
        dialect.sqlite_run(tx.connection, _MOVE_SQLITE, each)
    elif moves:
        dialect.postgres_run(
            tx.connection,
            _MOVE_POSTGRES,
            [one.id for one in moves],
            [one.state.value for one in moves],
            [_stored(one.due_at) for one in moves],
        )


def drop(tx: Tx, ids: Sequence[int]) -> None:
    """Take calls off the queue for good, untried."""
    if ids:
        statement = update(webhook_calls).where(webhook_calls.c.id.in_(ids))
        tx.run(statement.values(state=CallState.DROPPED, lease=None))


def _set_due(
    tx: Tx, held: Sequence[tuple[int, int]], due_at: datetime, values: dict[str, None]
) -> None:
    at = webhook_calls.c
    if not dialect.is_sqlite(tx.connection):
        still_held(tx, held)  # locks them in the order in which settling does
    mine = update(webhook_calls).where(tuple_(at.id, at.lease).in_(held))
    tx.run(mine.values(values | {"due_at": due_at}))


def _stored(at: datetime | None) -> int | None:
    return None if at is None else micros(at)
