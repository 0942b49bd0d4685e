"""What becomes of unsubscribe links."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Note it with each message."""
    op.add_column("messages", sa.Column("unsubscribe", sa.String(length=40), nullable=True))
