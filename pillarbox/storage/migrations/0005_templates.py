"""Templates."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of templates; messages may have a reason why they could not be rendered."""
    op.create_table(
        "templates",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, start=7001), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("alias", sa.String(length=255), nullable=True),
        sa.Column("alias_key", sa.String(length=255), nullable=True),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("layout_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_templates_server_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_templates_server", "templates", ["server_id", "is_active"], unique=False)
    op.create_index(
        "uq_templates_alias",
        "templates",
        ["server_id", "alias_key"],
        unique=True,
        sqlite_where=sa.text("is_active = 1"),
        postgresql_where=sa.text("is_active"),
    )
    op.add_column("messages", sa.Column("render_error", sa.Text(), nullable=True))
