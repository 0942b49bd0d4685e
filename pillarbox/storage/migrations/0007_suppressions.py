"""Suppressions that can be listed, and those whose address was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add indexes and the table of erased suppressions."""
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
