"""Servers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Removed streams; names to search Servers by; inbound domains of one Server only."""
    op.create_table(
        "removed_streams",
        sa.Column("stream_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=False),
        sa.Column("purge_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("stream_key", name=op.f("pk_removed_streams")),
    )
    op.create_index(op.f("ix_removed_streams_server_id"), "removed_streams", ["server_id"])
    op.create_index(
        "ix_removed_streams_purge_at",
        "removed_streams",
        ["purge_at"],
        sqlite_where=sa.text("purge_at IS NOT NULL"),
        postgresql_where=sa.text("purge_at IS NOT NULL"),
    )
    op.create_index(
        "ix_streams_archived_at",
        "streams",
        ["archived_at"],
        sqlite_where=sa.text("archived_at IS NOT NULL"),
        postgresql_where=sa.text("archived_at IS NOT NULL"),
    )
    op.create_index(
        "ix_events_without_message",
        "events",
        ["stream_key"],
        sqlite_where=sa.text("message_key IS NULL"),
        postgresql_where=sa.text("message_key IS NULL"),
    )
    op.add_column("servers", sa.Column("name_key", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_servers_name_key", "servers", ["name_key", "id"])
    op.create_index(
        "uq_servers_inbound_domain",
        "servers",
        ["inbound_domain"],
        unique=True,
        sqlite_where=sa.text("inbound_domain <> ''"),
        postgresql_where=sa.text("inbound_domain <> ''"),
    )
    _fill_name_keys()


def _fill_name_keys() -> None:
    servers = sa.table("servers", sa.column("id"), sa.column("name"), sa.column("name_key"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(servers.c.id, servers.c.name)).all():
        connection.execute(
            sa.update(servers).where(servers.c.id == row.id).values(name_key=row.name.lower())
        )
