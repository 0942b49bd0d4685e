"""Message streams."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from pillarbox.ids import ServerId, StreamKey
from pillarbox.servers.model import Stream, StreamType
from pillarbox.servers.store import removed
from pillarbox.servers.store import tables as t
from pillarbox.storage.tx import Tx

_IDS_AT_ONCE = 400


def insert_stream(tx: Tx, server_id: ServerId, values: dict[str, Any]) -> None:
    """Create a stream with these columns. The account must be locked, or a number might be given out twice."""
    newest = tx.scalar(select(func.max(t.streams.c.key))) or 0
    key = max(newest, removed.last_stream_key(tx)) + 1
    own = {"key": key, "server_id": server_id, "created_at": tx.now}
    tx.run(insert(t.streams), values | own)
    tx.wake(t.TOPIC)


def update_stream(tx: Tx, key: StreamKey, values: dict[str, Any]) -> None:
    """Set columns of a stream."""
    tx.run(update(t.streams).where(t.streams.c.key == key).values(values))
    tx.wake(t.TOPIC)


def delete_archived(tx: Tx, *, before: datetime, limit: int) -> int:
    """Remove streams that were archived before an instant; how many. What is kept of them is purged afterwards."""
    rows = tx.rows(
        select(t.streams.c.key, t.streams.c.server_id)
        .where(t.streams.c.archived_at <= before)
        .limit(limit)
    )
    if rows:
        removed.note_streams(tx, rows)
        tx.run(delete(t.streams).where(t.streams.c.key.in_([row.key for row in rows])))
        tx.wake(t.TOPIC)
    return len(rows)


def find_stream(tx: Tx, server_id: int, slug: str) -> Stream | None:
    """The stream of this Server with this name in any case, archived or not."""
    rows = tx.rows(
        select(t.streams).where(
            t.streams.c.server_id == server_id, t.streams.c.slug == slug.lower()
        )
    )
    return _stream(rows[0]) if rows else None


def list_streams(
    tx: Tx, server_id: int, *, kind: StreamType | None = None, with_archived: bool = False
) -> list[Stream]:
    """A Server's streams in the order of their creation."""
    query = select(t.streams).where(t.streams.c.server_id == server_id)
    if kind is not None:
        query = query.where(t.streams.c.type == kind)
    if not with_archived:
        query = query.where(t.streams.c.archived_at.is_(None))
    return [_stream(row) for row in tx.rows(query.order_by(t.streams.c.key))]


def list_active(tx: Tx, server_ids: Sequence[int]) -> list[Stream]:
    """The streams of several Servers that are not archived, in the order of their creation."""
    found: list[Stream] = []
    for start in range(0, len(server_ids), _IDS_AT_ONCE):
        query = select(t.streams).where(
            t.streams.c.server_id.in_(server_ids[start : start + _IDS_AT_ONCE]),
            t.streams.c.archived_at.is_(None),
        )
        found += [_stream(row) for row in tx.rows(query.order_by(t.streams.c.key))]
    return found


def slugs(tx: Tx, keys: Collection[int]) -> dict[int, str]:
    """The names of these streams by key, of archived ones, too."""
    at = t.streams.c
    return {row.key: row.slug for row in tx.rows(select(at.key, at.slug).where(at.key.in_(keys)))}


def count_streams(tx: Tx, server_id: int) -> int:
    """How many streams a Server has, archived ones included."""
    query = select(func.count()).select_from(t.streams).where(t.streams.c.server_id == server_id)
    return int(tx.scalar(query))


def _stream(row: Row[Any]) -> Stream:
    return Stream(**row._asdict())
