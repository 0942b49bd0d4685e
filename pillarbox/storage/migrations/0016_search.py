"""Blocks of subjects for searching; keys of tags, short enough for every index."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_LONGEST = 100
_TAG_INDEXES = {
    "messages": ("ix_messages_tag", ("stream_key", "key", "sender_key"), "tag_key IS NOT NULL"),
    "bounces": ("ix_bounces_tag", ("at", "id"), "tag_key IS NOT NULL"),
    "inbound_messages": ("ix_inbound_tag", ("received_at", "key"), "tag_key <> ''"),
}


def upgrade() -> None:
    """Create the table, fill the new columns, and change the indexes."""
    op.add_column("messages", sa.Column("tag_key", sa.String(length=100), nullable=True))
    op.add_column("bounces", sa.Column("tag_key", sa.String(length=100), nullable=True))
    op.add_column(
        "inbound_messages",
        sa.Column("tag_key", sa.String(length=100), server_default="", nullable=False),
    )
    for table, (index, more, condition) in _TAG_INDEXES.items():
        _fill_tag_keys(table, "id" if table == "bounces" else "key")
        op.drop_index(index, table)
        first = ["server_id", "status"] if table == "inbound_messages" else ["server_id"]
        op.create_index(
            index,
            table,
            [*first, "tag_key", *more],
            unique=False,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    _create_blocks()


def _create_blocks() -> None:
    op.create_table(
        "subject_blocks",
        sa.Column("stream_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_key", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("trigrams", sa.LargeBinary(), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("subjects", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream_key", "first_key", name=op.f("pk_subject_blocks")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for column in (
            "trigrams",
            "keys",
            "subjects",
        ):  # read often: unpacking them would cost more
            op.execute(f"ALTER TABLE subject_blocks ALTER COLUMN {column} SET STORAGE EXTERNAL")


def _fill_tag_keys(name: str, key: str) -> None:
    table = sa.table(name, *(sa.column(column) for column in (key, "tag", "tag_key")))
    short = sa.and_(table.c.tag != "", sa.func.length(table.c.tag) <= _LONGEST)
    op.execute(sa.update(table).where(short).values(tag_key=table.c.tag))
    long = sa.select(table.c[key], table.c.tag).where(sa.func.length(table.c.tag) > _LONGEST)
    for row_key, tag in op.get_bind().execute(long).all():
        digest = hashlib.blake2b(tag.encode("utf-8", "replace"), digest_size=24).hexdigest()
        op.execute(sa.update(table).where(table.c[key] == row_key).values(tag_key=f"#{digest}"))
