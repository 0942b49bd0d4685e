"""The tables of outbound mail.

`recipients` is both the list of who a message went to and the queue: a row waits while its state is `queued`.
Whoever takes a row pushes `due_at` into the future and marks it with a lease of its own; when the taker dies the
row is simply due again, and what the dead one might still write is refused because the lease is no longer its
own.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from pillarbox.mail.address import Address
from pillarbox.outbound.model import MessageStatus, RecipientState, UnsubscribeLink
from pillarbox.servers.model import TrackLinks
from pillarbox.stats.model import LONGEST_NAME
from pillarbox.storage.schema import metadata
from pillarbox.storage.types import Json, TextEnum, UtcTime

_QUEUED = text("state = 'queued'")
_KEY = BigInteger().with_variant(
    Integer, "sqlite"
)  # there the key is the row's own number: no index needed

messages = Table(
    "messages",
    metadata,
    Column("key", _KEY, primary_key=True, autoincrement=False),
    Column("message_id", String(36), nullable=False),
    Column("server_id", Integer, nullable=False),
    Column("stream_key", Integer, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("status", TextEnum(MessageStatus), nullable=False),
    Column("is_sandboxed", Boolean, nullable=False),
    Column("sender", Text, nullable=False),
    Column("sender_key", String(320), nullable=False),
    Column("subject", Text, nullable=False),
    Column("tag", Text),
    Column("tag_key", String(LONGEST_NAME)),  # a tag may be too long for an index
    Column("recipients", Json, nullable=False),
    Column("attachments", Json),
    Column("metadata", Json),
    Column("track_opens", Boolean, nullable=False),
    Column("track_links", TextEnum(TrackLinks), nullable=False),
    Column("bounce_type", String(40)),
    Column("body_form", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("render_error", Text),
    Column("unsubscribe", TextEnum(UnsubscribeLink)),
    Index("ix_messages_stream", "server_id", "stream_key", "key"),
    Index("ix_messages_sender", "server_id", "stream_key", "sender_key", "key"),
    Index(
        "ix_messages_tag",
        "server_id",
        "tag_key",
        "stream_key",
        "key",
        "sender_key",
        sqlite_where=text("tag_key IS NOT NULL"),
        postgresql_where=text("tag_key IS NOT NULL"),
    ),
)

contents = Table(
    "contents",
    metadata,
    Column("message_key", _KEY, primary_key=True, autoincrement=False),
    Column("raw", LargeBinary, nullable=False),
)

message_metadata = Table(
    "message_metadata",
    metadata,
    Column("server_id", Integer, primary_key=True),
    Column("name", String(20), primary_key=True),
    Column("value", String(80), primary_key=True),
    Column("message_key", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)

recipients = Table(
    "recipients",
    metadata,
    Column("message_key", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("server_id", Integer, nullable=False),
    Column("stream_key", Integer, nullable=False),
    Column("email", String(320), nullable=False),
    Column("address_key", String(320), nullable=False),
    Column("state", TextEnum(RecipientState), nullable=False),
    Column("lane", String(270), nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("lease", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("last_reply", Text),
    ForeignKeyConstraint(["message_key"], ["messages.key"], ondelete="CASCADE"),
    Index("ix_recipients_address", "address_key", "message_key"),
    Index("ix_recipients_due", "lane", "due_at", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("message_key", BigInteger, nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("host", String(255), nullable=False),
    Column("ip", String(45), nullable=False),
    Column("tls", String(60), nullable=False),
    Column("phase", String(10), nullable=False),
    Column("reply", Text, nullable=False),
    Column("transcript", Json, nullable=False),
)


def stored_addresses(addresses: list[Address]) -> list[list[str]]:
    """Addresses as they stand in the `recipients` column of a message."""
    return [[address.email, address.name] for address in addresses]
