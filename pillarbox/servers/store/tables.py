"""The tables of Servers, streams and tokens.

Server tokens are kept readable, because Postmark's API and the UI show them again; the account token is kept as a
hash. What a Server or stream leaves behind when it goes (messages, bounces, suppressions) is purged afterwards in
small steps; `removed_streams` says of which, and keeps their numbers from being given out again.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from pillarbox.servers.model import DeliveryType, StreamType, TrackLinks, Unsubscribe
from pillarbox.storage.schema import metadata
from pillarbox.storage.types import TextEnum, UtcTime

TOPIC = "servers"
"""Woken by every change; caches forget what they know."""

account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)
servers = Table(
    "servers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(255), nullable=False, unique=True),
    Column("color", String(20), nullable=False),
    Column("delivery_type", TextEnum(DeliveryType), nullable=False),
    Column("is_smtp_activated", Boolean, nullable=False),
    Column("is_raw_email_enabled", Boolean, nullable=False),
    Column("inbound_hash", String(32), nullable=False, unique=True),
    Column("inbound_domain", String(255), nullable=False),
    Column("inbound_spam_threshold", Integer, nullable=False),
    Column("inbound_hook_url", Text, nullable=False),
    Column("bounce_hook_url", Text, nullable=False),
    Column("open_hook_url", Text, nullable=False),
    Column("delivery_hook_url", Text, nullable=False),
    Column("click_hook_url", Text, nullable=False),
    Column("is_first_open_only", Boolean, nullable=False),
    Column("track_opens", Boolean, nullable=False),
    Column("track_links", TextEnum(TrackLinks), nullable=False),
    Column("includes_bounce_content", Boolean, nullable=False),
    Column("has_smtp_error_hooks", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column(
        "name_key", Text, nullable=False, server_default=""
    ),  # lower-cased, to search and sort by
    Index("ix_servers_name_key", "name_key", "id"),
    Index(
        "uq_servers_inbound_domain",
        "inbound_domain",
        unique=True,
        sqlite_where=text("inbound_domain <> ''"),
        postgresql_where=text("inbound_domain <> ''"),
    ),
)
streams = Table(
    "streams",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("server_id", ForeignKey("servers.id", ondelete="CASCADE"), nullable=False),
    Column("slug", String(30), nullable=False),
    Column("name", String(100), nullable=False),
    Column("type", TextEnum(StreamType), nullable=False),
    Column("unsubscribe", TextEnum(Unsubscribe), nullable=False),
    Column("description", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime),
    Column("archived_at", UtcTime),
    UniqueConstraint("server_id", "slug"),
    Index(
        "ix_streams_archived_at",
        "archived_at",
        sqlite_where=text("archived_at IS NOT NULL"),
        postgresql_where=text("archived_at IS NOT NULL"),
    ),
)
removed_streams = Table(
    "removed_streams",
    metadata,
    Column("stream_key", Integer, primary_key=True, autoincrement=False),
    Column("server_id", Integer, nullable=False, index=True),
    Column("removed_at", UtcTime, nullable=False),
    Column("purge_at", UtcTime),
    Index(
        "ix_removed_streams_purge_at",
        "purge_at",
        sqlite_where=text("purge_at IS NOT NULL"),
        postgresql_where=text("purge_at IS NOT NULL"),
    ),
)
server_tokens = Table(
    "server_tokens",
    metadata,
    Column("token", String(36), primary_key=True),
    Column("server_id", ForeignKey("servers.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
)
account_tokens = Table(
    "account_tokens",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("hint", String(8), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)
smtp_tokens = Table(
    "smtp_tokens",
    metadata,
    Column("access_key", String(40), primary_key=True),
    Column("secret_key", String(64), nullable=False),
    Column("server_id", ForeignKey("servers.id", ondelete="CASCADE"), nullable=False),
    Column("stream_key", ForeignKey("streams.key", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)
