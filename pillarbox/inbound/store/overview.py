"""Inbound messages as people look at them: all states at once, newest first, page by page.

The index of lists begins with the status, so a page is put together from the newest of each status. A text is
looked for in one stretch of messages after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from pillarbox.ids import MessageKey
from pillarbox.inbound.model import InboundMessage, InboundStatus
from pillarbox.inbound.store.messages import inbound_messages, joined, message_of
from pillarbox.storage.text import contains
from pillarbox.storage.tx import Tx

LOOKED_THROUGH = 2_000


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ends: the next one begins with what is older."""

    received_at: datetime
    key: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Messages, newest first. `looked_through` says how many were looked at when the text may be further back."""

    messages: list[InboundMessage]
    older: Position | None
    looked_through: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """How the call of a message's hook stands."""

    attempts: int
    due_at: datetime | None
    outcome: str


def page(
    tx: Tx,
    server_id: int,
    *,
    status: InboundStatus | None,
    text: str,
    before: Position | None,
    limit: int,
) -> Page:
    """The newest messages of a Server before a position."""
    statuses = list(InboundStatus) if status is None else [status]
    length = LOOKED_THROUGH if text else limit + 1
    stretch = _stretch(tx, server_id, statuses, before, length)
    found = _load(tx, [one.key for one in stretch], text)
    if len(found) > limit:
        last = found[limit - 1]
        return Page(messages=found[:limit], older=Position(last.received_at, last.key))
    if text and len(stretch) == length:
        return Page(messages=found, older=stretch[-1], looked_through=length)
    return Page(messages=found, older=None)


def hook(tx: Tx, key: MessageKey) -> Hook:
    """How the call of a message's hook stands."""
    at = inbound_messages.c
    row = tx.first(select(at.attempts, at.due_at, at.last_outcome).where(at.key == key))
    if row is None:
        return Hook(attempts=0, due_at=None, outcome="")
    return Hook(attempts=row.attempts, due_at=row.due_at, outcome=row.last_outcome or "")


def _stretch(
    tx: Tx, server_id: int, statuses: Sequence[InboundStatus], before: Position | None, length: int
) -> list[Position]:
    """The newest messages of these states, at most so many."""
    at = inbound_messages.c
    found: list[Position] = []
    for status in statuses:
        query = select(at.received_at, at.key).where(at.server_id == server_id, at.status == status)
        if before is not None:
            is_older = or_(at.received_at < before.received_at, at.key < before.key)
            query = query.where(at.received_at <= before.received_at, is_older)
        query = query.order_by(at.received_at.desc(), at.key.desc()).limit(length)
        found += [Position(row.received_at, row.key) for row in tx.rows(query)]
    found.sort(key=lambda one: (one.received_at, one.key), reverse=True)
    return found[:length]


def _load(tx: Tx, keys: Sequence[int], text: str) -> list[InboundMessage]:
    """Those of these messages that have the text, in the same order."""
    if not keys:
        return []
    at = inbound_messages.c
    query = joined().where(at.key.in_(keys))
    if text:
        columns = (at.subject, at.sender, at.sender_name, at.recipient)
        query = query.where(or_(*(contains(tx.connection, one, text) for one in columns)))
    rows = {row.key: row for row in tx.rows(query)}
    return [message_of(rows[key]) for key in keys if key in rows]
