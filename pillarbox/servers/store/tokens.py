"""API tokens of Servers and of the account, and SMTP credentials."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, insert, select

from pillarbox.ids import ServerId, StreamKey, new_token
from pillarbox.servers.model import SmtpToken, Stream
from pillarbox.servers.store.tables import (
    TOPIC,
    account_tokens,
    server_tokens,
    servers,
    smtp_tokens,
    streams,
)
from pillarbox.storage.tx import Tx

_IDS_AT_ONCE = 400
_SLUG_IN_KEY = 18  # the whole key has at most 40 characters, 16 of them random


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


def of_servers(tx: Tx, server_ids: Sequence[int]) -> dict[int, list[str]]:
    """The tokens of several Servers, oldest first."""
    found: dict[int, list[str]] = {}
    at = server_tokens.c
    for start in range(0, len(server_ids), _IDS_AT_ONCE):
        query = select(at.server_id, at.token).where(
            at.server_id.in_(server_ids[start : start + _IDS_AT_ONCE])
        )
        for row in tx.rows(query.order_by(at.created_at, at.token)):
            found.setdefault(row.server_id, []).append(row.token)
    return found


def of_server(tx: Tx, server_id: int) -> Sequence[Row[Any]]:
    """Token and created_at of a Server's tokens, oldest first."""
    at = server_tokens.c
    query = select(at.token, at.created_at).where(at.server_id == server_id)
    return tx.rows(query.order_by(at.created_at, at.token))


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
    """Hash, hint (last four characters) and created_at of every account token, oldest first."""
    at = account_tokens.c
    return tx.rows(select(at.hash, at.hint, at.created_at).order_by(at.created_at, at.hash))


def delete_account_token(tx: Tx, token_hash: str) -> bool:
    """Revoke the account token with this hash; False when there is none."""
    tx.wake(TOPIC)
    return tx.run(delete(account_tokens).where(account_tokens.c.hash == token_hash)) > 0


def insert_smtp_token(tx: Tx, stream: Stream) -> SmtpToken:
    """Create SMTP credentials that send on one stream; of a long stream id the access key has the beginning."""
    token = SmtpToken(
        access_key=f"PM-T-{stream.slug[:_SLUG_IN_KEY]}-{secrets.token_urlsafe(12)}",
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


def list_smtp_tokens(tx: Tx) -> Sequence[Row[Any]]:
    """Access key, server_id, its name and the stream's slug of all SMTP credentials."""
    query = (
        select(
            smtp_tokens.c.access_key,
            servers.c.id.label("server_id"),
            servers.c.name,
            streams.c.slug,
        )
        .join(servers, servers.c.id == smtp_tokens.c.server_id)
        .join(streams, streams.c.key == smtp_tokens.c.stream_key)
    )
    return tx.rows(query.order_by(servers.c.id, smtp_tokens.c.created_at))


def smtp_of_server(tx: Tx, server_id: int) -> Sequence[Row[Any]]:
    """Access key, secret key, stream (slug) and created_at of a Server's SMTP credentials, oldest first."""
    at = smtp_tokens.c
    query = (
        select(at.access_key, at.secret_key, streams.c.slug, at.created_at)
        .join(streams, streams.c.key == at.stream_key)
        .where(at.server_id == server_id)
    )
    return tx.rows(query.order_by(at.created_at, at.access_key))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
