"""What the processes of an installation do and when they were last alive; when each chore was last done."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what was not known."""
    op.add_column("nodes", sa.Column("roles", sa.String(length=200), nullable=True))
    op.add_column("nodes", sa.Column("version", sa.String(length=40), nullable=True))
    op.add_column("nodes", sa.Column("workers", sa.Integer(), nullable=True))
    op.add_column("nodes", sa.Column("seen_at", sa.BigInteger(), nullable=True))
    op.add_column("chores", sa.Column("done_at", sa.BigInteger(), nullable=True))
