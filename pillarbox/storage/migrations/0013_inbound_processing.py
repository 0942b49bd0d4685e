"""Inbound processing."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OF_SERVER = sa.text("server_id IS NOT NULL")


def upgrade() -> None:
    """Create the tables of received mail; note what was wrong with inbound messages."""
    op.create_table(
        "received_mail",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content_key", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("route", sa.String(length=40), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=True),
        sa.Column("stream_key", sa.Integer(), nullable=True),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("recipient_key", sa.String(length=320), nullable=False),
        sa.Column("mail_from", sa.String(length=320), nullable=False),
        sa.Column("sender_key", sa.String(length=320), nullable=False),
        sa.Column("peer_ip", sa.String(length=45), nullable=False),
        sa.Column("helo", sa.String(length=255), nullable=False),
        sa.Column("protocol", sa.String(length=20), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_received_mail")),
    )
    for column in ("content_key", "recipient_key", "sender_key"):
        op.create_index(op.f(f"ix_received_mail_{column}"), "received_mail", [column])
    op.create_index("ix_received_due", "received_mail", ["route", "due_at"])
    op.create_index(
        "ix_received_server",
        "received_mail",
        ["server_id"],
        sqlite_where=OF_SERVER,
        postgresql_where=OF_SERVER,
    )
    op.create_table(
        "received_contents",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_received_contents")),
    )
    op.add_column("inbound_messages", sa.Column("defects", sa.Text(), nullable=True))
