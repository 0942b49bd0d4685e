"""The event log in the database: appended to by state changes, read by details and by webhooks.

Ids grow, and none is ever given to a second event: who reads in their order can remember how far. On PostgreSQL an
event may become visible after one with a larger id, because transactions overlap; `horizon` says how far one may
read without missing any.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    Row,
    String,
    Table,
    bindparam,
    delete,
    func,
    select,
    text,
    update,
)

from pillarbox.events.model import Event, EventType
from pillarbox.storage import dialect
from pillarbox.storage.bykey import ByKey
from pillarbox.storage.schema import metadata
from pillarbox.storage.text import replaced
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import Json, TextEnum, UtcTime, dump_json, instant, micros

TOPIC = "events"

_ALONE = text("message_key IS NULL")

events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("server_id", Integer, nullable=False),
    Column("stream_key", Integer, nullable=False),
    Column("message_key", BigInteger, index=True),
    Column("recipient", String(320), nullable=False),
    Column("type", TextEnum(EventType), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("details", Json, nullable=False),
    Index(
        "ix_events_without_message",
        "stream_key",
        sqlite_where=text("message_key IS NULL"),
        postgresql_where=text("message_key IS NULL"),
    ),
    Index("ix_events_alone", "recipient", sqlite_where=_ALONE, postgresql_where=_ALONE),
    sqlite_autoincrement=True,
)
_IMPERSONAL = frozenset({"BounceID", "Origin", "SuppressSending", "SuppressionReason"})
_NEWEST = text("SELECT pg_sequence_last_value(pg_get_serial_sequence('events', 'id')::regclass)")
_WRITERS = text("""
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'events'::regclass AND mode = 'RowExclusiveLock' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")
_COLUMNS = ("server_id", "stream_key", "message_key", "recipient", "type", "at", "details")
_BY_ID = ByKey(events, "id", "id", *_COLUMNS)


def append(tx: Tx, new: Sequence[Event]) -> None:
    """Write events down."""
    rows = [
        (
            event.server_id,
            event.stream_key,
            event.message_key,
            event.recipient,
            event.type.value,
            micros(event.at),
            dump_json(event.details),
        )
        for event in new
    ]
    tx.insert_many(events, _COLUMNS, rows)
    if rows:
        tx.wake(TOPIC)


@dataclass(frozen=True, slots=True)
class Horizon:
    """Events up to `newest` are all there, or never will be, once none of the `writers` is at work any more."""

    newest: int
    writers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Logged:
    """Where an event of the log belongs."""

    id: int
    server_id: int
    stream_key: int


def horizon(tx: Tx) -> Horizon:
    """How far the log goes now.

    On SQLite there is one writer, so what is visible is complete. On PostgreSQL an id is drawn under a lock on the
    table that is held until the end of the transaction; so an event with an id drawn by now, and not visible yet,
    belongs to one of the transactions that hold such a lock after that.
    """
    if dialect.is_sqlite(tx.connection):
        return Horizon(tx.scalar(select(func.max(events.c.id))) or 0)
    newest = tx.scalar(_NEWEST) or 0
    return Horizon(newest, _writers(tx))


def is_settled(tx: Tx, reached: Horizon) -> bool:
    """Whether all events up to a horizon are visible to the statements that follow."""
    return not reached.writers or not reached.writers & _writers(tx)


def list_after(tx: Tx, mark: int, until: int, *, limit: int) -> list[Logged]:
    """The first events after one, up to another, by id."""
    at = events.c
    query = select(at.id, at.server_id, at.stream_key).where(at.id > mark, at.id <= until)
    rows = tx.rows(query.order_by(at.id).limit(limit))
    return [Logged(row.id, row.server_id, row.stream_key) for row in rows]


def load(tx: Tx, ids: Sequence[int]) -> dict[int, Event]:
    """These events by id, in the order of their ids."""
    found = {
        number: Event(
            server_id=server_id,
            stream_key=stream_key,
            message_key=message_key,
            recipient=recipient,
            type=EventType(kind),
            at=instant(at),
            details=json.loads(details),
        )
        for number, server_id, stream_key, message_key, recipient, kind, at, details in _BY_ID.rows(
            tx, ids
        )
    }
    return {number: found[number] for number in sorted(found)}


def list_of_message(tx: Tx, message_key: int) -> list[Event]:
    """What happened to a message, oldest first, without repeated opens."""
    at = events.c
    query = (
        select(events)
        .where(at.message_key == message_key, at.type != EventType.OPENED_AGAIN)
        .order_by(at.at, at.id)
    )
    return [_event(row) for row in tx.rows(query)]


def ids_of_message(tx: Tx, message_key: int, *, limit: int) -> list[int]:
    """The ids of the newest events of a message, repeated opens too."""
    at = events.c
    query = select(at.id).where(at.message_key == message_key).order_by(at.id.desc()).limit(limit)
    return [row.id for row in tx.rows(query)]


def repeated_opens(tx: Tx, message_key: int) -> tuple[int, datetime | None]:
    """How often a message was opened after the first time of each recipient, and when last."""
    at = events.c
    again = (at.message_key == message_key, at.type == EventType.OPENED_AGAIN)
    count, last = tx.rows(select(func.count(), func.max(at.at)).where(*again))[0]
    return count, last


def delete_of_stream(tx: Tx, stream_key: int, limit: int) -> int:
    """Delete events of a stream that belong to no message; how many were found."""
    own = select(events.c.id).where(
        events.c.stream_key == stream_key, events.c.message_key.is_(None)
    )
    return tx.run(delete(events).where(events.c.id.in_(own.limit(limit))))


def delete_old(tx: Tx, before: datetime, limit: int) -> int:
    """Delete some of the events of before an instant; how many.

    They go in the order of their ids, which is that of time: the first that is younger ends it.
    """
    oldest = tx.rows(select(events.c.id, events.c.at).order_by(events.c.id).limit(limit))
    old = [row.id for row in takewhile(lambda row: row.at < before, oldest)]
    return tx.run(delete(events).where(events.c.id.in_(old))) if old else 0


def erase_of_messages(tx: Tx, message_keys: Sequence[int], address: str, *, alias: str) -> None:
    """Forget a lower-cased address, and what was said of it, in the events of messages, also of others."""
    of_messages = events.c.message_key.in_(message_keys)
    rows = tx.rows(select(events.c.id, events.c.recipient, events.c.details).where(of_messages))
    _erase(tx, [row for row in rows if row.recipient.lower() == address], alias)
    others = [
        {
            "which": row.id,
            "new_details": {
                name: replaced(value, address, alias) if isinstance(value, str) else value
                for name, value in row.details.items()
            },
        }
        for row in rows
        if row.recipient.lower() != address and address in dump_json(row.details).lower()
    ]
    if others:
        statement = update(events).where(events.c.id == bindparam("which"))
        details: Any = bindparam("new_details", type_=events.c.details.type)
        tx.run(statement.values(details=details), others)


def erase_alone(tx: Tx, address: str, *, alias: str, limit: int) -> int:
    """The same in some of the events that belong to no message; how many."""
    at = events.c
    query = select(at.id, at.recipient, at.details).where(
        _ALONE, func.lower(at.recipient) == address
    )
    rows = tx.rows(query.limit(limit))
    _erase(tx, rows, alias)
    return len(rows)


def _writers(tx: Tx) -> frozenset[str]:
    return frozenset(row.virtualtransaction for row in tx.rows(_WRITERS))


def _event(row: Row[Any]) -> Event:
    return Event(**{name: getattr(row, name) for name in _COLUMNS})  # the columns are the fields


def _erase(tx: Tx, rows: Sequence[Row[Any]], alias: str) -> None:
    statement = update(events).where(events.c.id == bindparam("which"))
    changed = [
        {
            "which": row.id,
            "new_details": {
                name: value if name in _IMPERSONAL else "" for name, value in row.details.items()
            },
        }
        for row in rows
    ]
    if changed:
        details: Any = bindparam("new_details", type_=events.c.details.type)
        tx.run(statement.values(recipient=alias, details=details), changed)
