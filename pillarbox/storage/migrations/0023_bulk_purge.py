"""Bulk requests outlive their Server until they are purged in steps: their foreign key to it goes."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

PENDING = sa.text("finished_at IS NULL")
COPIES = ("bulk_requests", "bulk_contents", "bulk_parts")


def upgrade() -> None:
    """Drop the key; SQLite can only do so by making the tables anew."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("fk_bulk_requests_server_id", "bulk_requests", type_="foreignkey")
        return
    _create()
    for table in COPIES:
        op.execute(f"INSERT INTO {table}_new SELECT * FROM {table}")  # noqa: S608 - names of ours
    # What points at a table goes before it, or deleting its rows would delete theirs.
    for table in reversed(COPIES):
        op.drop_table(table)
    for table in COPIES:
        op.rename_table(f"{table}_new", table)
    op.create_index("ix_bulk_requests_server", "bulk_requests", ["server_id", "key"])
    op.create_index(
        "ix_bulk_requests_pending", "bulk_requests", ["server_id", "key"], sqlite_where=PENDING
    )


def _create() -> None:
    """The tables of 0006 without the key, columns in the same order, under other names."""
    op.create_table(
        "bulk_requests_new",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("released", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_bulk_requests")),
    )
    for table, own in (("bulk_contents", []), ("bulk_parts", ["position"])):
        op.create_table(
            f"{table}_new",
            sa.Column("request_key", sa.BigInteger(), autoincrement=False, nullable=False),
            *(sa.Column(name, sa.Integer(), autoincrement=False, nullable=False) for name in own),
            sa.Column("packed", sa.LargeBinary(), nullable=False),
            sa.ForeignKeyConstraint(
                ["request_key"],
                ["bulk_requests_new.key"],
                name=op.f(f"fk_{table}_request_key"),
                ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint("request_key", *own, name=op.f(f"pk_{table}")),
        )
