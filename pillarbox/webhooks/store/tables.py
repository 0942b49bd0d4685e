"""The tables of calls: how far the event log has been read, what is said, to whom, and what came of it."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, text

from pillarbox.storage.schema import metadata
from pillarbox.storage.types import TextEnum, UtcTime
from pillarbox.webhooks.call import CallState
from pillarbox.webhooks.model import AttemptOutcome, Trigger

_ID = BigInteger().with_variant(Integer, "sqlite")
_WAITING = text("state = 'waiting'")
FAILED = text("state IN ('given_up', 'dropped')")
"""A query that says this in the same words finds failed calls among any number of others by their index."""

webhook_marks = Table(
    "webhook_marks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, nullable=False),
)
webhook_payloads = Table(
    "webhook_payloads",
    metadata,
    Column("key", _ID, primary_key=True, autoincrement=False),
    Column("recipient_key", String(320), nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)
webhook_calls = Table(
    "webhook_calls",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("lane", String(60), nullable=False),
    Column("trigger", TextEnum(Trigger), nullable=False),
    Column("server_id", Integer, nullable=False),
    Column("stream_key", Integer, nullable=False),
    Column("webhook_id", Integer),
    Column("payload_key", BigInteger, nullable=False, index=True),
    Column("size_bytes", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("state", TextEnum(CallState), nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("lease", BigInteger),
    Column("attempts", Integer, nullable=False),
    Index(
        "ix_webhook_calls_due", "lane", "due_at", sqlite_where=_WAITING, postgresql_where=_WAITING
    ),
    Index("ix_webhook_calls_stream", "stream_key", "webhook_id", "id"),
    Index(
        "ix_webhook_calls_failed",
        "stream_key",
        "webhook_id",
        "id",
        sqlite_where=FAILED,
        postgresql_where=FAILED,
    ),
    sqlite_autoincrement=True,
)
webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("call_id", BigInteger, nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("outcome", TextEnum(AttemptOutcome), nullable=False),
    Column("response", Text, nullable=False),
)
