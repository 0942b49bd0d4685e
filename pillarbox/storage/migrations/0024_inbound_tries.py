"""Each call of an inbound message's hook."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; of calls made before only the number and the last outcome are known."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "inbound_tries",
        sa.Column("id", key, nullable=False),
        sa.Column("message_key", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_key"],
            ["inbound_messages.key"],
            name=op.f("fk_inbound_tries_message_key_inbound_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_tries")),
    )
    op.create_index(op.f("ix_inbound_tries_message_key"), "inbound_tries", ["message_key"])
