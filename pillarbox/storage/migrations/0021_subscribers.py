"""Who is behind an unsubscribe link whose message is gone."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "subscribers",
        sa.Column("subscriber", key, autoincrement=False, nullable=False),
        sa.Column("stream_key", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("subscriber", name=op.f("pk_subscribers")),
    )
    op.create_index("ix_subscribers_stream", "subscribers", ["stream_key"])
    op.create_index("ix_subscribers_address", "subscribers", ["address"])
