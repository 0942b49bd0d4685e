"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_table(
        "account_tokens",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_account_tokens")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_key", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("tls", sa.String(length=60), nullable=False),
        sa.Column("phase", sa.String(length=10), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("transcript", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_message_key"), "attempts", ["message_key"], unique=False)
    op.create_table(
        "bounce_totals",
        sa.Column("server_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("counter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", "type", "counter", name=op.f("pk_bounce_totals")),
    )
    op.create_table(
        "bounces",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False, start=1000000001),
            nullable=False,
        ),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("stream_key", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("is_inactive", sa.Boolean(), nullable=False),
        sa.Column("message_key", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounces")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_bounces_inactive",
        "bounces",
        ["stream_key", "email_key"],
        unique=False,
        sqlite_where=sa.text("is_inactive = 1"),
        postgresql_where=sa.text("is_inactive"),
    )
    op.create_index(
        "ix_bounces_stream", "bounces", ["server_id", "stream_key", "at", "id"], unique=False
    )
    op.create_index(
        "ix_bounces_tag",
        "bounces",
        ["server_id", "tag", "at", "id"],
        unique=False,
        sqlite_where=sa.text("tag IS NOT NULL"),
        postgresql_where=sa.text("tag IS NOT NULL"),
    )
    op.create_index(
        "ix_bounces_type", "bounces", ["server_id", "stream_key", "type", "at", "id"], unique=False
    )
    op.create_index("uq_bounces_cause", "bounces", ["message_id", "email_key", "type"], unique=True)
    op.create_table(
        "contents",
        sa.Column(
            "message_key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("message_key", name=op.f("pk_contents")),
    )
    op.create_table(
        "domains",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domains")),
        sa.UniqueConstraint("name", name=op.f("uq_domains_name")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("stream_key", sa.Integer(), nullable=False),
        sa.Column("message_key", sa.BigInteger(), nullable=True),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_message_key"), "events", ["message_key"], unique=False)
    op.create_table(
        "message_metadata",
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=80), nullable=False),
        sa.Column("message_key", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "server_id", "name", "value", "message_key", name=op.f("pk_message_metadata")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "messages",
        sa.Column(
            "key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("stream_key", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("is_sandboxed", sa.Boolean(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("sender_key", sa.String(length=320), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=True),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("attachments", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("track_opens", sa.Boolean(), nullable=False),
        sa.Column("track_links", sa.String(length=40), nullable=False),
        sa.Column("bounce_type", sa.String(length=40), nullable=True),
        sa.Column("body_form", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_messages")),
    )
    op.create_index(
        "ix_messages_stream", "messages", ["server_id", "stream_key", "key"], unique=False
    )
    op.create_index(
        "ix_messages_tag",
        "messages",
        ["server_id", "tag", "key"],
        unique=False,
        sqlite_where=sa.text("tag IS NOT NULL"),
        postgresql_where=sa.text("tag IS NOT NULL"),
    )
    op.create_table(
        "nodes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hostname", sa.String(length=255), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
    )
    op.create_table(
        "servers",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("color", sa.String(length=20), nullable=False),
        sa.Column("delivery_type", sa.String(length=40), nullable=False),
        sa.Column("is_smtp_activated", sa.Boolean(), nullable=False),
        sa.Column("is_raw_email_enabled", sa.Boolean(), nullable=False),
        sa.Column("inbound_hash", sa.String(length=32), nullable=False),
        sa.Column("inbound_domain", sa.String(length=255), nullable=False),
        sa.Column("inbound_spam_threshold", sa.Integer(), nullable=False),
        sa.Column("inbound_hook_url", sa.Text(), nullable=False),
        sa.Column("bounce_hook_url", sa.Text(), nullable=False),
        sa.Column("open_hook_url", sa.Text(), nullable=False),
        sa.Column("delivery_hook_url", sa.Text(), nullable=False),
        sa.Column("click_hook_url", sa.Text(), nullable=False),
        sa.Column("is_first_open_only", sa.Boolean(), nullable=False),
        sa.Column("track_opens", sa.Boolean(), nullable=False),
        sa.Column("track_links", sa.String(length=40), nullable=False),
        sa.Column("includes_bounce_content", sa.Boolean(), nullable=False),
        sa.Column("has_smtp_error_hooks", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_servers")),
        sa.UniqueConstraint("inbound_hash", name=op.f("uq_servers_inbound_hash")),
        sa.UniqueConstraint("name", name=op.f("uq_servers_name")),
    )
    op.create_table(
        "suppressions",
        sa.Column("stream_key", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream_key", "address", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "dkim_keys",
        sa.Column("domain_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("selector", sa.String(length=63), nullable=False),
        sa.Column("pem", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id"], ["domains.id"], name=op.f("fk_dkim_keys_domain_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("domain_id", "state", name=op.f("pk_dkim_keys")),
    )
    op.create_table(
        "recipients",
        sa.Column("message_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("stream_key", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("address_key", sa.String(length=320), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("lane", sa.String(length=270), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_reply", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_key"],
            ["messages.key"],
            name=op.f("fk_recipients_message_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_key", "position", name=op.f("pk_recipients")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_recipients_address", "recipients", ["address_key", "message_key"], unique=False
    )
    op.create_index(
        "ix_recipients_due",
        "recipients",
        ["lane", "due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "server_tokens",
        sa.Column("token", sa.String(length=36), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_server_tokens_server_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_server_tokens")),
    )
    op.create_index(
        op.f("ix_server_tokens_server_id"), "server_tokens", ["server_id"], unique=False
    )
    op.create_table(
        "streams",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("unsubscribe", sa.String(length=40), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_streams_server_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_streams")),
        sa.UniqueConstraint("server_id", "slug", name=op.f("uq_streams_server_id_slug")),
    )
    op.create_table(
        "smtp_tokens",
        sa.Column("access_key", sa.String(length=40), nullable=False),
        sa.Column("secret_key", sa.String(length=64), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("stream_key", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_smtp_tokens_server_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["stream_key"],
            ["streams.key"],
            name=op.f("fk_smtp_tokens_stream_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("access_key", name=op.f("pk_smtp_tokens")),
    )
