"""Suppressions that can be listed, triggers, data removals."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables, and the indexes by which addresses are found."""
    op.create_index(
        "ix_suppressions_stream",
        "suppressions",
        ["stream_key", "created_at", "address", "reason", "origin"],
        unique=False,
    )
    op.create_index("ix_suppressions_address", "suppressions", ["address"], unique=False)
    op.create_table(
        "erased_suppressions",
        sa.Column("stream_key", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream_key", "hash", name=op.f("pk_erased_suppressions")),
    )
    op.create_index("ix_bounces_email", "bounces", ["email_key"], unique=False)
    op.create_index(
        "ix_events_alone",
        "events",
        ["recipient"],
        unique=False,
        sqlite_where=sa.text("message_key IS NULL"),
        postgresql_where=sa.text("message_key IS NULL"),
    )
    _create_triggers()
    op.create_table(
        "data_removals",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, start=1000001), nullable=False),
        sa.Column("requested_by", sa.String(length=320), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("is_notification_wanted", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_removals")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_data_removals_status"), "data_removals", ["status"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        for table in ("inbound_rules", "tag_triggers", "data_removals"):
            sequence = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, 1000000)")
            op.execute(sequence.bindparams(name=table))


def _create_triggers() -> None:
    op.create_table(
        "inbound_rules",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, start=1000001), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=320), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_inbound_rules_server_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_rules")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_inbound_rules_rule", "inbound_rules", ["server_id", "rule"], unique=True)
    op.create_index("ix_inbound_rules_server", "inbound_rules", ["server_id", "id"], unique=False)
    op.create_table(
        "tag_triggers",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, start=1000001), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("match_name", sa.Text(), nullable=False),
        sa.Column("track_opens", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_tag_triggers_server_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_triggers")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tag_triggers_server", "tag_triggers", ["server_id", "id"], unique=False)
