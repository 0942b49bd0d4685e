"""Daily counters of statistics; indexes that answer searches without reading the messages."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and indexes."""
    columns = ["server_id", "stream_key", "sender_key", "key"]
    op.create_index("ix_messages_sender", "messages", columns, unique=False)
    op.drop_index("ix_messages_tag", "messages")
    op.create_index(
        "ix_messages_tag",
        "messages",
        ["server_id", "tag", "stream_key", "key", "sender_key"],
        unique=False,
        sqlite_where=sa.text("tag IS NOT NULL"),
        postgresql_where=sa.text("tag IS NOT NULL"),
    )
    op.create_table(
        "daily_sent",
        sa.Column("server_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.String(length=100), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stream_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counter", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("tracked", sa.BigInteger(), nullable=False),
        sa.Column("with_open_tracking", sa.BigInteger(), nullable=False),
        sa.Column("with_link_tracking", sa.BigInteger(), nullable=False),
        sa.Column("links", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "server_id", "tag", "day", "stream_key", "counter", name=op.f("pk_daily_sent")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "daily_counts",
        sa.Column("server_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stream_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("counter", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "server_id",
            "tag",
            "kind",
            "day",
            "stream_key",
            "name",
            "counter",
            name=op.f("pk_daily_counts"),
        ),
        sqlite_with_rowid=False,
    )
