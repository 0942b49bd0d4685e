"""Bulk."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PENDING = sa.text("finished_at IS NULL")


def upgrade() -> None:
    """Create the tables of bulk requests."""
    op.create_table(
        "bulk_requests",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("released", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_bulk_requests_server_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_bulk_requests")),
    )
    op.create_index("ix_bulk_requests_server", "bulk_requests", ["server_id", "key"])
    op.create_index(
        "ix_bulk_requests_pending",
        "bulk_requests",
        ["server_id", "key"],
        sqlite_where=PENDING,
        postgresql_where=PENDING,
    )
    for table, own in (("bulk_contents", []), ("bulk_parts", ["position"])):
        op.create_table(
            table,
            sa.Column("request_key", sa.BigInteger(), autoincrement=False, nullable=False),
            *(sa.Column(name, sa.Integer(), autoincrement=False, nullable=False) for name in own),
            sa.Column("packed", sa.LargeBinary(), nullable=False),
            sa.ForeignKeyConstraint(
                ["request_key"],
                ["bulk_requests.key"],
                name=op.f(f"fk_{table}_request_key"),
                ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint("request_key", *own, name=op.f(f"pk_{table}")),
        )
