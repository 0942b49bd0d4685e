"""The secret with which a webhook is signed, and an index of the calls that failed."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_FAILED = sa.text("state IN ('given_up', 'dropped')")


def upgrade() -> None:
    """Add both."""
    op.add_column("webhooks", sa.Column("secret", sa.Text(), nullable=True))
    op.create_index(
        "ix_webhook_calls_failed",
        "webhook_calls",
        ["stream_key", "webhook_id", "id"],
        sqlite_where=_FAILED,
        postgresql_where=_FAILED,
    )
