"""Indexes for finding what has been kept long enough."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them: over what has a time of its own, apart from the message's."""
    for name, table, column, condition in (
        ("ix_bounces_dump", "bounces", "at", "content IS NOT NULL"),
        ("ix_inbound_blocked", "inbound_messages", "received_at", "status = 'Blocked'"),
    ):
        where = sa.text(condition)
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
