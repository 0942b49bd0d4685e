"""The account and its Servers."""

import secrets
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, or_, select, update

from pillarbox.ids import ServerId
from pillarbox.servers.model import DEFAULT_STREAMS, NewServer, Server, Stream, TrackLinks
from pillarbox.servers.store import removed, streams, tokens
from pillarbox.servers.store import tables as t
from pillarbox.storage.tx import Tx

FIRST_SERVER_ID = 1001  # small numbers serve client libraries as "does not exist"
LAST_ID = (1 << 31) - 1

_HAS_HOOK = or_(
    *(
        t.servers.c[name] != ""
        for name in ("bounce_hook_url", "open_hook_url", "delivery_hook_url", "click_hook_url")
    )
)


def insert_account(tx: Tx) -> None:
    """Create the account, with the secret that signs return paths and links."""
    tx.run(insert(t.account), {"secret": secrets.token_bytes(32), "created_at": tx.now})


def has_account(tx: Tx) -> bool:
    """Whether this database was ever set up; its Servers may all be gone."""
    return tx.first(select(t.account.c.id).limit(1)) is not None


def lock_account(tx: Tx) -> None:
    """Let nobody else create, rename or remove Servers and streams until this transaction ends."""
    tx.rows(select(t.account.c.id).with_for_update())


def secret(tx: Tx) -> bytes:
    """The secret that signs return paths and links; the same on all nodes."""
    return bytes(tx.scalar(select(t.account.c.secret)))


def insert_server(tx: Tx, new: NewServer) -> Server:
    """Create a Server with its three default streams and one token."""
    lock_account(tx)
    newest = tx.scalar(select(func.max(t.servers.c.id))) or 0
    server_id = ServerId(max(FIRST_SERVER_ID, newest + 1, removed.last_server_id(tx) + 1))
    row = {
        "id": server_id,
        "name": new.name,
        "name_key": new.name.lower(),
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
    tx.run(insert(t.servers), row)
    for slug, name, kind, unsubscribe in DEFAULT_STREAMS:
        values = {"slug": slug, "name": name, "type": kind, "unsubscribe": unsubscribe}
        streams.insert_stream(tx, server_id, values)
    tokens.insert_token(tx, server_id, new.token)
    return get(tx, server_id)


def update_server(tx: Tx, server_id: ServerId, values: dict[str, Any]) -> Server:
    """Set columns of a Server that must exist; returns it as it stands then."""
    if "name" in values:
        values = values | {"name_key": values["name"].lower()}
    if values:
        tx.run(update(t.servers).where(t.servers.c.id == server_id).values(values))
        tx.wake(t.TOPIC)
    return get(tx, server_id)


def delete_server(tx: Tx, server_id: ServerId) -> None:
    """Remove a Server with its streams and tokens; what else is kept of it is purged afterwards."""
    removed.note_server(tx, server_id)
    tx.run(delete(t.servers).where(t.servers.c.id == server_id))
    tx.wake(t.TOPIC)


def find(tx: Tx, server_id: int) -> Server | None:
    """The Server with this id, with tokens and active streams."""
    if not 0 < server_id <= LAST_ID:
        return None
    found = _load(tx, tx.rows(select(t.servers).where(t.servers.c.id == server_id)))
    return found[0] if found else None


def get(tx: Tx, server_id: ServerId) -> Server:
    """The same; raises LookupError when there is none."""
    server = find(tx, server_id)
    if server is None:
        raise LookupError(f"no server {server_id}")
    return server


def list_servers(tx: Tx) -> list[Server]:
    """All Servers by id."""
    return _load(tx, tx.rows(select(t.servers).order_by(t.servers.c.id)))


def list_by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Server]:
    """These Servers by id; those that are gone are left out."""
    found = _load(tx, tx.rows(select(t.servers).where(t.servers.c.id.in_(ids))))
    return {server.id: server for server in found}


def list_hooked(tx: Tx, ids: Collection[int]) -> list[Server]:
    """Those of these Servers with a hook URL of their own for events of mail that goes out."""
    return _load(tx, tx.rows(select(t.servers).where(t.servers.c.id.in_(ids), _HAS_HOOK)))


def is_any_hooked(tx: Tx) -> bool:
    """Whether there is a Server with such a hook URL."""
    return bool(tx.scalar(select(select(t.servers).where(_HAS_HOOK).exists())))


def search(tx: Tx, *, name: str | None, count: int, offset: int) -> tuple[int, list[Server]]:
    """How many Servers have this in their name, in any case, and one page of them by name."""
    at = t.servers.c
    wanted = [] if name is None else [at.name_key.contains(name.lower(), autoescape=True)]
    total = int(tx.scalar(select(func.count()).select_from(t.servers).where(*wanted)))
    page = select(t.servers).where(*wanted).order_by(at.name_key, at.id)
    return total, _load(tx, tx.rows(page.limit(count).offset(offset)))


def count_servers(tx: Tx) -> int:
    """How many Servers there are."""
    return int(tx.scalar(select(func.count()).select_from(t.servers)))


def find_by_token(tx: Tx, token: str) -> Server | None:
    """The Server this token belongs to."""
    query = select(t.server_tokens.c.server_id).where(t.server_tokens.c.token == token.lower())
    server_id = tx.scalar(query)
    return None if server_id is None else find(tx, server_id)


def find_named(tx: Tx, name: str) -> Server | None:
    """The Server of exactly this name."""
    server_id = tx.scalar(select(t.servers.c.id).where(t.servers.c.name == name))
    return None if server_id is None else find(tx, server_id)


def is_name_taken(tx: Tx, name: str, *, but: int | None = None) -> bool:
    """Whether a Server other than `but` has this name."""
    query = select(t.servers.c.id).where(t.servers.c.name == name, t.servers.c.id != (but or 0))
    return tx.first(query) is not None


def is_domain_taken(tx: Tx, domain: str, *, but: int | None = None) -> bool:
    """Whether a Server other than `but` has this inbound domain (lower-case)."""
    query = select(t.servers.c.id).where(
        t.servers.c.inbound_domain == domain,
        t.servers.c.inbound_domain != "",
        t.servers.c.id != (but or 0),
    )
    return tx.first(query) is not None


def _load(tx: Tx, rows: Sequence[Row[Any]]) -> list[Server]:
    """The Servers of rows, in their order, each with tokens and active streams."""
    ids = [row.id for row in rows]
    known = tokens.of_servers(tx, ids)
    active: dict[int, dict[str, Stream]] = {}
    for stream in streams.list_active(tx, ids):
        active.setdefault(stream.server_id, {})[stream.slug] = stream
    found = []
    for row in rows:
        values = row._asdict()
        del values["created_at"], values["name_key"]
        found.append(
            Server(
                **values,
                tokens=tuple(known.get(row.id, ())),
                streams=active.get(row.id, {}),
            )
        )
    return found
