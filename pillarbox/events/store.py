"""The event log in the database: appended to by state changes, read by details, webhooks and statistics."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, delete, select, text

from pillarbox.events.model import Event, EventType
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import Json, TextEnum, UtcTime, dump_json, micros

TOPIC = "events"

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
)
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
    """What happened to a message, oldest first."""
    query = select(events).where(events.c.message_key == message_key).order_by(events.c.id)
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
