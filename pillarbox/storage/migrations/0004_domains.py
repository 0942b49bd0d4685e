"""Domains and sender signatures."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what DNS should show and did show of a domain, and the table of signatures."""
    _extend_domains()
    op.create_table(
        "signatures",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("email_key", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("reply_to", sa.String(length=255), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("link_hash", sa.String(length=64), nullable=True),
        sa.Column("link_ends_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
        sa.UniqueConstraint("email_key", name=op.f("uq_signatures_email_key")),
    )
    op.create_index("ix_signatures_link", "signatures", ["link_hash"], unique=False)
    op.create_table(
        "sender_ids",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_sender_ids")),
    )
    op.execute(
        "INSERT INTO sender_ids (kind, last) SELECT 'domain', MAX(id) FROM domains HAVING COUNT(*) > 0"
    )


def _extend_domains() -> None:
    """Columns are added in place: making the table anew would delete the keys with it."""
    for name in ("return_path", "tracking"):
        op.add_column(
            "domains", sa.Column(name, sa.String(length=255), nullable=False, server_default="")
        )
    for name in ("is_return_path_verified", "is_tracking_verified", "is_spf_verified"):
        op.add_column(
            "domains", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        )
    for name in ("changed_at", "check_at"):
        op.add_column(
            "domains", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        )
    op.execute("UPDATE domains SET changed_at = created_at")
    op.create_index("ix_domains_check", "domains", ["check_at"], unique=False)
    op.add_column(
        "dkim_keys", sa.Column("bits", sa.Integer(), nullable=False, server_default="2048")
    )
    op.add_column("dkim_keys", sa.Column("since", sa.BigInteger(), nullable=True))
