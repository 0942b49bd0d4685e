"""Blocks also hold tags and senders, and subjects that repeat once; all are packed anew. An index of bounces."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_TEXTS = ("tags", "senders", "trigrams", "numbers", "subjects", "keys")


def upgrade() -> None:
    """Make the table anew, and the index."""
    op.drop_table("subject_blocks")
    op.create_table(
        "subject_blocks",
        sa.Column("stream_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_key", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in _TEXTS),
        sa.PrimaryKeyConstraint("stream_key", "first_key", name=op.f("pk_subject_blocks")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for column in _TEXTS:  # read often: unpacking them would cost more
            op.execute(f"ALTER TABLE subject_blocks ALTER COLUMN {column} SET STORAGE EXTERNAL")
    op.create_index("ix_bounces_server", "bounces", ["server_id", "at", "id"])
