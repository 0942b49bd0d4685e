"""Calls of webhooks, and event ids that are never used twice."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables; what happened before this is told to nobody."""
    if op.get_bind().dialect.name == "sqlite":
        _number_events_once()
    _create_calls()
    due = sa.text("due_at IS NOT NULL")
    op.drop_index("ix_inbound_due", table_name="inbound_messages")
    op.create_index(
        "ix_inbound_due",
        "inbound_messages",
        ["server_id", "due_at"],
        sqlite_where=due,
        postgresql_where=due,
    )
    op.create_table(
        "webhook_marks",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_marks")),
    )
    op.execute(
        "INSERT INTO webhook_marks (id, event_id) SELECT 1, max(id) FROM events HAVING max(id) IS NOT NULL"
    )
    op.create_table(
        "webhook_attempts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
    )
    op.create_index(op.f("ix_webhook_attempts_call_id"), "webhook_attempts", ["call_id"])


def _create_calls() -> None:
    op.create_table(
        "webhook_payloads",
        sa.Column("key", _ID, autoincrement=False, nullable=False),
        sa.Column("recipient_key", sa.String(length=320), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_webhook_payloads")),
    )
    op.create_index(
        op.f("ix_webhook_payloads_recipient_key"), "webhook_payloads", ["recipient_key"]
    )
    op.create_table(
        "webhook_calls",
        sa.Column("id", _ID, nullable=False),
        sa.Column("lane", sa.String(length=60), nullable=False),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("stream_key", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=True),
        sa.Column("payload_key", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_calls")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_webhook_calls_due",
        "webhook_calls",
        ["lane", "due_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_webhook_calls_stream", "webhook_calls", ["stream_key", "webhook_id", "id"])
    op.create_index(op.f("ix_webhook_calls_payload_key"), "webhook_calls", ["payload_key"])


def _number_events_once() -> None:
    """SQLite gives the largest id again when its row was deleted, unless told otherwise when the table is made."""
    op.create_table(
        "new_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("stream_key", sa.Integer(), nullable=False),
        sa.Column("message_key", sa.BigInteger(), nullable=True),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO new_events SELECT * FROM events ORDER BY id")
    op.drop_table("events")
    op.rename_table("new_events", "events")
    alone = sa.text("message_key IS NULL")
    op.create_index(op.f("ix_events_message_key"), "events", ["message_key"])
    op.create_index("ix_events_without_message", "events", ["stream_key"], sqlite_where=alone)
    op.create_index("ix_events_alone", "events", ["recipient"], sqlite_where=alone)
