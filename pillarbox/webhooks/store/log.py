"""What became of calls: every attempt is kept for some days, together with what was said."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, func, literal_column, null, select, update

from pillarbox.events.store import events
from pillarbox.outbound.store.tables import messages
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import micros
from pillarbox.webhooks.call import (
    Call,
    CallAttempt,
    CallState,
    Listed,
    Waiting,
    payload_key,
)
from pillarbox.webhooks.store.calls import TOPIC
from pillarbox.webhooks.store.tables import (
    FAILED,
    webhook_attempts,
    webhook_calls,
    webhook_marks,
    webhook_payloads,
)

ATTEMPTS = "webhook attempts"
"""The topic that wakes when some were made."""
_ATTEMPT = ("call_id", "at", "duration_ms", "url", "status", "outcome", "response")


def insert_attempts(tx: Tx, made: Sequence[CallAttempt]) -> None:
    """Write attempts down."""
    rows = [
        (
            one.call_id,
            micros(one.at),
            one.duration_ms,
            one.url,
            one.status,
            one.outcome.value,
            one.response,
        )
        for one in made
    ]
    tx.insert_many(webhook_attempts, _ATTEMPT, rows)
    if rows:
        tx.wake(ATTEMPTS)


def find(tx: Tx, server_id: int, call_id: int) -> Call | None:
    """The call of this Server with this id, with its attempts."""
    at = webhook_calls.c
    found = _load(tx, select(at.id).where(at.id == call_id, at.server_id == server_id))
    return found[0] if found else None


def list_of_stream(
    tx: Tx, stream_key: int, webhook_id: int | None, *, count: int, offset: int = 0
) -> list[Call]:
    """The newest calls for a webhook of a stream; without one, those for the Server's own hook URLs."""
    at = webhook_calls.c
    is_its = at.webhook_id.is_(None) if webhook_id is None else at.webhook_id == webhook_id
    own = select(at.id).where(at.stream_key == stream_key, is_its)
    return _load(tx, own.order_by(at.id.desc()).limit(count).offset(offset))


def list_of_events(tx: Tx, event_ids: Sequence[int], *, limit: int) -> list[Call]:
    """The newest calls that tell of these events, without what they say; the newest first."""
    at = webhook_calls.c
    said = [payload_key(one, has_content=has) for one in event_ids for has in (False, True)]
    own = select(at.id).where(at.payload_key.in_(said)).order_by(at.id.desc()).limit(limit)
    return _load(tx, own, has_body=False)


def version_of_events(tx: Tx, event_ids: Sequence[int]) -> tuple[object, ...]:
    """A value that differs as soon as anything has happened to the calls that tell of these events."""
    at = webhook_calls.c
    said = [payload_key(one, has_content=has) for one in event_ids for has in (False, True)]
    facts = select(func.max(at.id), func.sum(at.attempts), func.max(at.due_at), func.count())
    return tuple(tx.rows(facts.where(at.payload_key.in_(said)))[0])


def page(
    tx: Tx,
    stream_key: int,
    webhook_id: int | None,
    *,
    state: CallState | None,
    before: int | None,
    limit: int,
) -> list[Listed]:
    """The same as lines of a list, below an id and in one state; GIVEN_UP stands for all that failed for good."""
    at, event, message, said = webhook_calls.c, events.c, messages.c, webhook_payloads.c
    is_its = at.webhook_id.is_(None) if webhook_id is None else at.webhook_id == webhook_id
    query = (
        select(webhook_calls, said.recipient_key, message.message_id)
        .join(webhook_payloads, said.key == at.payload_key, isouter=True)
        .join(events, event.id == at.payload_key.op(">>")(literal_column("1")), isouter=True)
        .join(messages, message.key == event.message_key, isouter=True)
        .where(at.stream_key == stream_key, is_its)
    )
    if state is CallState.GIVEN_UP:
        query = query.where(FAILED)
    elif state is not None:
        query = query.where(at.state == state)
    if before is not None:
        query = query.where(at.id < before)
    rows = tx.rows(query.order_by(at.id.desc()).limit(limit))
    tries = _attempts(tx, [row.id for row in rows])
    return [
        Listed(
            id=row.id,
            trigger=row.trigger,
            state=row.state,
            recipient=row.recipient_key or "",
            message_id=row.message_id,
            created_at=row.created_at,
            due_at=row.due_at,
            attempts=tuple(tries.get(row.id, ())),
        )
        for row in rows
    ]


def waiting(tx: Tx, lanes: Collection[str]) -> dict[str, Waiting]:
    """How much waits in lanes; those with nothing are left out."""
    at = webhook_calls.c
    query = (
        select(at.lane, func.count().label("calls"), func.min(at.due_at).label("due"))
        .where(at.lane.in_(lanes), literal_column("state") == literal_column("'waiting'"))
        .group_by(at.lane)
    )
    return {row.lane: Waiting(row.calls, row.due) for row in tx.rows(query)}


def repeat(tx: Tx, server_id: int, call_id: int) -> bool:
    """Make a call that is over once more, in the same words and with a fresh ladder; whether it was over."""
    at = webhook_calls.c
    statement = (
        update(webhook_calls)
        .where(at.id == call_id, at.server_id == server_id, at.state != CallState.WAITING)
        .values(state=CallState.WAITING, due_at=tx.now, lease=None, attempts=0)
        .returning(at.lane)
    )
    row = tx.first(statement)
    if row is not None:
        tx.wake(TOPIC, row.lane)
    return row is not None


def hurry(tx: Tx, server_id: int, call_id: int) -> bool:
    """Make a call that waits for its next try due now; whether it waited."""
    at = webhook_calls.c
    statement = (
        update(webhook_calls)
        .where(at.id == call_id, at.server_id == server_id, at.state == CallState.WAITING)
        .where(at.lease.is_(None), at.due_at > tx.now)
        .values(due_at=tx.now)
        .returning(at.lane)
    )
    row = tx.first(statement)
    if row is not None:
        tx.wake(TOPIC, row.lane)
    return row is not None


def delete_old(tx: Tx, before: datetime, limit: int) -> int:
    """Delete some of the calls made before an instant that are over, with all that is kept of them; how many.

    Ids grow with time: the oldest calls are looked at first, and never more than the limit of those that wait.
    """
    at = webhook_calls.c
    oldest = tx.rows(select(at.id, at.created_at, at.state).order_by(at.id).limit(limit))
    over = [
        row.id for row in oldest if row.created_at < before and row.state is not CallState.WAITING
    ]
    return _delete(tx, over)


def delete_of_stream(tx: Tx, stream_key: int, limit: int) -> int:
    """Delete calls of a stream with all that is kept of them; how many were found."""
    at = webhook_calls.c
    own = select(at.id).where(at.stream_key == stream_key).limit(limit)
    return _delete(tx, [row.id for row in tx.rows(own)])


def erase(tx: Tx, address: str, *, limit: int) -> int:
    """Delete some of the calls that tell of a lower-cased address, made or not; how many payloads were found.

    Whoever makes calls of events that were read before is waited for.
    """
    tx.rows(select(webhook_marks.c.id).with_for_update())
    at = webhook_payloads.c
    keys = [
        row.key for row in tx.rows(select(at.key).where(at.recipient_key == address).limit(limit))
    ]
    calls = webhook_calls.c
    _delete(tx, [row.id for row in tx.rows(select(calls.id).where(calls.payload_key.in_(keys)))])
    tx.run(delete(webhook_payloads).where(at.key.in_(keys)))
    return len(keys)


def erase_of_messages(tx: Tx, message_keys: Sequence[int], address: str, *, alias: str) -> None:
    """Take a lower-cased address out of what is told of these messages' other recipients, such as metadata.

    Their calls are still made. Whoever makes calls of events that were read before is waited for.
    """
    tx.rows(select(webhook_marks.c.id).with_for_update())
    told = tx.rows(select(events.c.id).where(events.c.message_key.in_(message_keys)))
    keys = [payload_key(row.id, has_content=has) for row in told for has in (False, True)]
    at = webhook_payloads.c
    named = re.compile(re.escape(address.encode()), re.IGNORECASE)
    changed = [
        {"which": row.key, "new_body": named.sub(alias.encode(), row.body)}
        for row in tx.rows(select(at.key, at.body).where(at.key.in_(keys)))
        if named.search(row.body)
    ]
    if changed:
        statement = update(webhook_payloads).where(at.key == bindparam("which"))
        tx.run(statement.values(body=bindparam("new_body")), changed)


def _load(tx: Tx, query: Select[tuple[int]], *, has_body: bool = True) -> list[Call]:
    """The calls of these ids, in their order, with attempts and, unless not wanted, payloads."""
    ids = [row.id for row in tx.rows(query)]
    if not ids:
        return []
    at = webhook_calls.c
    said = webhook_payloads
    rows = tx.rows(
        select(webhook_calls, said.c.body if has_body else null().label("body"))
        .join(said, said.c.key == at.payload_key, isouter=True)
        .where(at.id.in_(ids))
    )
    attempts = _attempts(tx, ids)
    found = {row.id: _call(row, attempts.get(row.id, ())) for row in rows}
    return [found[one] for one in ids]


def _attempts(tx: Tx, ids: Sequence[int]) -> dict[int, list[CallAttempt]]:
    """The attempts of these calls, oldest first."""
    at = webhook_attempts.c
    found: dict[int, list[CallAttempt]] = {}
    for row in tx.rows(select(webhook_attempts).where(at.call_id.in_(ids)).order_by(at.id)):
        values = {name: getattr(row, name) for name in _ATTEMPT}
        found.setdefault(row.call_id, []).append(CallAttempt(**values))
    return found


def _call(row: Row[Any], attempts: Sequence[CallAttempt]) -> Call:
    return Call(
        id=row.id,
        trigger=row.trigger,
        server_id=row.server_id,
        webhook_id=row.webhook_id,
        state=row.state,
        created_at=row.created_at,
        due_at=row.due_at,
        body="" if row.body is None else bytes(row.body).decode(),
        attempts=tuple(attempts),
    )


def _delete(tx: Tx, ids: Sequence[int]) -> int:
    """Delete calls, their attempts, and what no other call says."""
    if not ids:
        return 0
    at = webhook_calls.c
    keys = {row.payload_key for row in tx.rows(select(at.payload_key).where(at.id.in_(ids)))}
    tx.run(delete(webhook_attempts).where(webhook_attempts.c.call_id.in_(ids)))
    found = tx.run(delete(webhook_calls).where(at.id.in_(ids)))
    shared = {
        row.payload_key for row in tx.rows(select(at.payload_key).where(at.payload_key.in_(keys)))
    }
    tx.run(delete(webhook_payloads).where(webhook_payloads.c.key.in_(keys - shared)))
    return found
