"""Servers, streams and tokens in the database.

Server tokens are kept readable, because Postmark's API and the UI show them again; the account token is kept as a
hash. Every change wakes the topic `servers`, on which caches forget what they know.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
)

from pillarbox.ids import ServerId, StreamKey, new_token
from pillarbox.servers.model import (
    DEFAULT_STREAMS,
    DeliveryType,
    NewServer,
    Server,
    SmtpToken,
    Stream,
    StreamType,
    TrackLinks,
    Unsubscribe,
)
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import TextEnum, UtcTime

TOPIC = "servers"
FIRST_SERVER_ID = 1001  # small numbers serve client libraries as "does not exist"

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


def insert_account(tx: Tx) -> None:
    """Create the account, with the secret that signs return paths and links."""
    tx.run(insert(account), {"secret": secrets.token_bytes(32), "created_at": tx.now})


def secret(tx: Tx) -> bytes:
    """The secret that signs return paths and links; the same on all nodes."""
    return bytes(tx.scalar(select(account.c.secret)))


def insert_server(tx: Tx, new: NewServer) -> Server:
    """Create a Server with its three default streams and one token."""
    server_id = max(FIRST_SERVER_ID, (tx.scalar(select(func.max(servers.c.id))) or 0) + 1)
    row = {
        "id": server_id,
        "name": new.name,
        "color": "Blue",
        "delivery_type": new.delivery_type,
        "is_smtp_activated": True,
        "inbound_hash": secrets.token_hex(16),
        "inbound_domain": "",
        "inbound_spam_threshold": 0,
        "track_links": TrackLinks.NONE,
        "created_at": tx.now,
    }
    flags = ("is_raw_email_enabled", "is_first_open_only", "track_opens", "includes_bounce_content")
    row |= dict.fromkeys((*flags, "has_smtp_error_hooks"), False)
    hooks = ("inbound", "bounce", "open", "delivery", "click")
    row |= dict.fromkeys((f"{hook}_hook_url" for hook in hooks), "")
    tx.run(insert(servers), row)
    for slug, name, kind, unsubscribe in DEFAULT_STREAMS:
        values = {"slug": slug, "name": name, "type": kind, "unsubscribe": unsubscribe}
        tx.run(insert(streams), values | {"server_id": server_id, "created_at": tx.now})
    insert_token(tx, ServerId(server_id), new.token)
    return get(tx, ServerId(server_id))


def get(tx: Tx, server_id: ServerId) -> Server:
    """A Server that must exist, with tokens and active streams."""
    row = tx.first(select(servers).where(servers.c.id == server_id))
    if row is None:
        raise LookupError(f"no server {server_id}")
    return _server(tx, row)


def find_stream(tx: Tx, server_id: int, slug: str) -> Stream | None:
    """The stream of this name in any case, archived ones included."""
    row = tx.first(
        select(streams).where(streams.c.server_id == server_id, streams.c.slug == slug.lower())
    )
    return None if row is None else Stream(**row._asdict())


def list_servers(tx: Tx) -> list[Server]:
    """All Servers by id."""
    return [_server(tx, row) for row in tx.rows(select(servers).order_by(servers.c.id))]


def find_by_token(tx: Tx, token: str) -> Server | None:
    """The Server this token belongs to."""
    query = select(server_tokens.c.server_id).where(server_tokens.c.token == token.lower())
    server_id = tx.scalar(query)
    return None if server_id is None else get(tx, ServerId(server_id))


def insert_token(tx: Tx, server_id: ServerId, token: str | None = None) -> str:
    """Give a Server one more token; returns it."""
    token = (token or new_token()).lower()
    tx.run(insert(server_tokens), {"token": token, "server_id": server_id, "created_at": tx.now})
    tx.wake(TOPIC)
    return token


def list_tokens(tx: Tx) -> Sequence[Row[Any]]:
    """Token, server_id, name and created_at of every server token."""
    query = select(
        server_tokens.c.token,
        servers.c.id.label("server_id"),
        servers.c.name,
        server_tokens.c.created_at,
    ).join(servers)
    return tx.rows(query.order_by(servers.c.id, server_tokens.c.created_at))


def delete_token(tx: Tx, token: str) -> bool:
    """Revoke a server, account or SMTP token; False when there is none like it."""
    tx.wake(TOPIC)
    lowered = token.lower()
    changed = tx.run(delete(server_tokens).where(server_tokens.c.token == lowered))
    changed += tx.run(delete(account_tokens).where(account_tokens.c.hash == _hash(lowered)))
    changed += tx.run(delete(smtp_tokens).where(smtp_tokens.c.access_key == token))
    return changed > 0


def insert_account_token(tx: Tx, token: str | None = None) -> str:
    """Create an account token; returns it for the only time."""
    token = (token or new_token()).lower()
    tx.run(insert(account_tokens), {"hash": _hash(token), "hint": token[-4:], "created_at": tx.now})
    tx.wake(TOPIC)
    return token


def is_account_token(tx: Tx, token: str) -> bool:
    """Whether this is a token of the account."""
    query = select(account_tokens.c.hash).where(account_tokens.c.hash == _hash(token.lower()))
    return tx.first(query) is not None


def list_account_tokens(tx: Tx) -> Sequence[Row[Any]]:
    """Hint (last four characters) and created_at of every account token."""
    return tx.rows(select(account_tokens.c.hint, account_tokens.c.created_at))


def insert_smtp_token(tx: Tx, stream: Stream) -> SmtpToken:
    """Create SMTP credentials that send on one stream."""
    token = SmtpToken(
        access_key=f"PM-T-{stream.slug}-{secrets.token_urlsafe(12)}"[:40],
        secret_key=secrets.token_urlsafe(24),
        server_id=stream.server_id,
        stream_key=stream.key,
    )
    tx.run(insert(smtp_tokens), asdict(token) | {"created_at": tx.now})
    tx.wake(TOPIC)
    return token


def find_smtp_token(tx: Tx, access_key: str) -> SmtpToken | None:
    """The SMTP credentials of this access key."""
    row = tx.first(select(smtp_tokens).where(smtp_tokens.c.access_key == access_key))
    if row is None:
        return None
    return SmtpToken(
        access_key=row.access_key,
        secret_key=row.secret_key,
        server_id=ServerId(row.server_id),
        stream_key=StreamKey(row.stream_key),
    )


def is_empty(tx: Tx) -> bool:
    """Whether no Server was ever created here."""
    return tx.first(select(servers.c.id).limit(1)) is None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _server(tx: Tx, row: Row[Any]) -> Server:
    values = row._asdict()
    del values["created_at"]
    tokens = tx.rows(
        select(server_tokens.c.token)
        .where(server_tokens.c.server_id == row.id)
        .order_by(server_tokens.c.created_at, server_tokens.c.token)
    )
    active = tx.rows(
        select(streams)
        .where(streams.c.server_id == row.id, streams.c.archived_at.is_(None))
        .order_by(streams.c.key)
    )
    return Server(
        **values,
        tokens=tuple(t.token for t in tokens),
        streams={s.slug: Stream(**s._asdict()) for s in active},
    )
