"""Opens and clicks."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "hits",
        sa.Column("id", key, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("stream_key", sa.Integer(), nullable=False),
        sa.Column("message_key", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("recipient_key", sa.String(length=320), nullable=False),
        sa.Column("tag", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("read_seconds", sa.Integer(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("os", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("link_hash", sa.String(length=64), nullable=False),
        sa.Column("location", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hits")),
        sa.UniqueConstraint(
            "message_key", "kind", "recipient_key", "link_hash", name="uq_hits_first"
        ),
    )
    op.create_index("ix_hits_stream", "hits", ["stream_key", "kind", "at", "id"])
    op.create_table(
        "hit_facets",
        sa.Column("stream_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=320), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("hit_id", key, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "stream_key", "kind", "name", "value", "at", "hit_id", name=op.f("pk_hit_facets")
        ),
        sqlite_with_rowid=False,
    )
