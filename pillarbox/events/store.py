"""The event log in the database: appended to by state changes, read by details, webhooks and statistics."""

from collections.abc import Sequence
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
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import Json, TextEnum, UtcTime, dump_json, micros

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
)
_IMPERSONAL = frozenset({"BounceID", "Origin", "SuppressSending", "SuppressionReason"})
_COLUMNS = ("server_id", "stream_key", "message_key", "recipient", "type", "at", "details")


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


def list_of_message(tx: Tx, message_key: int) -> list[Event]:
    """What happened to a message, oldest first, without repeated opens."""
    at = events.c
    query = (
        select(events)
        .where(at.message_key == message_key, at.type != EventType.OPENED_AGAIN)
        .order_by(at.id)
    )
    return [
        Event(**{name: getattr(row, name) for name in _COLUMNS})  # the columns are the fields
        for row in tx.rows(query)
    ]


def delete_of_stream(tx: Tx, stream_key: int, limit: int) -> int:
    """Delete events of a stream that belong to no message; how many were found."""
    own = select(events.c.id).where(
        events.c.stream_key == stream_key, events.c.message_key.is_(None)
    )
    return tx.run(delete(events).where(events.c.id.in_(own.limit(limit))))


def erase_of_messages(tx: Tx, message_keys: Sequence[int], address: str, *, alias: str) -> None:
    """Forget a lower-cased address, and what was said of it, in the events of messages."""
    of_messages = events.c.message_key.in_(message_keys)
    rows = tx.rows(select(events.c.id, events.c.recipient, events.c.details).where(of_messages))
    _erase(tx, [row for row in rows if row.recipient.lower() == address], alias)


def erase_alone(tx: Tx, address: str, *, alias: str, limit: int) -> int:
    """The same in some of the events that belong to no message; how many."""
    at = events.c
    query = select(at.id, at.recipient, at.details).where(
        _ALONE, func.lower(at.recipient) == address
    )
    rows = tx.rows(query.limit(limit))
    _erase(tx, rows, alias)
    return len(rows)


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
