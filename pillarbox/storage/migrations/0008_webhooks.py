"""Webhooks, their triggers, and what came of calling them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, start=1000001), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("stream_key", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_webhooks_server_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["stream_key"], ["streams.key"], name=op.f("fk_webhooks_stream_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_webhooks_server_id"), "webhooks", ["server_id"])
    op.create_index(op.f("ix_webhooks_stream_key"), "webhooks", ["stream_key"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('webhooks', 1000000)")
    op.create_table(
        "webhook_triggers",
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("option", sa.Boolean(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_triggers_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("webhook_id", "trigger", name=op.f("pk_webhook_triggers")),
    )
    op.create_table(
        "webhook_minutes",
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("counter", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _SUMS),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_minutes_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "webhook_id", "minute", "trigger", "counter", name=op.f("pk_webhook_minutes")
        ),
    )


_SUMS = (
    "requests",
    "successes",
    "failures",
    "retries",
    "slow",
    "very_slow",
    "terminal_ms",
    "retry_ms",
)
