"""The queue of calls: putting calls in, taking those that are due, and writing down where they stand.

It works like the queue of outbound mail: lane by lane, under leases.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, text, tuple_, update

from pillarbox.storage import dialect
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
_CLAIM_SQLITE = text(f"""
    UPDATE webhook_calls SET lease = :lease, due_at = :until
    WHERE id IN (
        SELECT id FROM webhook_calls WHERE lane = :lane AND state = 'waiting' AND due_at <= :now
        ORDER BY due_at LIMIT :slots)
    RETURNING {_CLAIMED}
""")  # noqa: S608 - names of our own
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
_NEXT_DUE = text("SELECT min(due_at) FROM webhook_calls WHERE state = 'waiting' AND lane = :lane")


def take_mark(tx: Tx) -> int | None:
    """The id of the newest event that was read; nobody else moves it before this transaction ends.

    None when somebody else is about to.
    """
    query = select(webhook_marks.c.event_id).where(webhook_marks.c.id == _MARK)
    first = dialect.insert(tx.connection, webhook_marks).values(id=_MARK, event_id=0)
    tx.run(first.on_conflict_do_nothing(index_elements=["id"]))
    row = tx.first(query.with_for_update(skip_locked=True))
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
    if dialect.is_sqlite(tx.connection):
        rows = [
            row
            for lane, slots in wanted
            for row in tx.rows(_CLAIM_SQLITE, times | {"lane": lane, "slots": slots})
        ]
    else:
        names, slots = zip(*wanted, strict=True)
        rows = list(tx.rows(_CLAIM_POSTGRES, times | {"lanes": list(names), "slots": list(slots)}))
    return [
        Claimed(lease=lease, **row._asdict() | {"trigger": Trigger(row.trigger)}) for row in rows
    ]


def next_due(tx: Tx, lane: str) -> datetime | None:
    """When the first waiting call of a lane is due, in hand or not."""
    at = tx.scalar(_NEXT_DUE, {"lane": lane})
    return None if at is None else instant(at)


def load_bodies(tx: Tx, keys: Sequence[int]) -> dict[int, bytes]:
    """What is said, by payload key."""
    at = webhook_payloads.c
    return {
        row.key: bytes(row.body) for row in tx.rows(select(at.key, at.body).where(at.key.in_(keys)))
    }


def extend(tx: Tx, held: Sequence[tuple[int, int]]) -> None:
    """Keep hold of calls (id, lease) for one more lease time."""
    _set_due(tx, held, tx.now + LEASE, {})


def release(tx: Tx, held: Sequence[tuple[int, int]]) -> None:
    """Give calls (id, lease) back untried: due now."""
    _set_due(tx, held, tx.now, {"lease": None})


def still_held(tx: Tx, held: Sequence[tuple[int, int]]) -> set[int]:
    """The ids of those of the calls (id, lease) that nobody else has taken over; locks them on PostgreSQL."""
    at = webhook_calls.c
    query = select(at.id, at.lease).where(
        at.id.in_([one for one, _ in held]), at.state == CallState.WAITING
    )
    found = {(row.id, row.lease) for row in tx.rows(query.with_for_update())}
    return {call_id for call_id, _ in found.intersection(held)}


def move(tx: Tx, moves: Sequence[Move]) -> None:
    """Write down where calls stand after an attempt, and that it was made."""
    at = webhook_calls.c
    for state in (CallState.TAKEN, CallState.GIVEN_UP):
        ended = [one.id for one in moves if one.state is state]
        if ended:
            values = {"state": state, "lease": None, "attempts": at.attempts + 1}
            tx.run(update(webhook_calls).where(at.id.in_(ended)).values(values))
    again = [one for one in moves if one.state is CallState.WAITING]
    if again:
        statement = update(webhook_calls).where(at.id == bindparam("call"))
        values = {
            "lease": None,
            "attempts": at.attempts + 1,
            "due_at": bindparam("due", type_=at.due_at.type),
        }
        tx.run(statement.values(values), [{"call": m.id, "due": m.due_at} for m in again])


def drop(tx: Tx, ids: Sequence[int]) -> None:
    """Take calls off the queue for good, untried."""
    if ids:
        statement = update(webhook_calls).where(webhook_calls.c.id.in_(ids))
        tx.run(statement.values(state=CallState.DROPPED, lease=None))


def _set_due(
    tx: Tx, held: Sequence[tuple[int, int]], due_at: datetime, values: dict[str, None]
) -> None:
    at = webhook_calls.c
    mine = update(webhook_calls).where(tuple_(at.id, at.lease).in_(held))
    tx.run(mine.values(values | {"due_at": due_at}))
