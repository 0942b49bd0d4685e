"""Streams that were removed, alone or with their Server, until all that was kept of them is purged.

The rows stay after that: their numbers are never given out again, for whatever still bears them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from pillarbox.servers.model import RemovedStream
from pillarbox.servers.store import tables as t
from pillarbox.storage.tx import Tx

REMOVED = "removed"
"""The topic that wakes when there is something to purge."""


def note_server(tx: Tx, server_id: int) -> None:
    """Note that all streams of a Server are about to be removed."""
    own = select(t.streams.c.key, t.streams.c.server_id).where(t.streams.c.server_id == server_id)
    note_streams(tx, tx.rows(own))


def note_streams(tx: Tx, rows: Sequence[Row[Any]]) -> None:
    """Note that streams (key, server_id) are about to be removed."""
    values = [
        {
            "stream_key": row.key,
            "server_id": row.server_id,
            "removed_at": tx.now,
            "purge_at": tx.now,
        }
        for row in rows
    ]
    if values:
        tx.run(insert(t.removed_streams), values)
    tx.wake(REMOVED)


def list_due(tx: Tx, *, limit: int) -> list[RemovedStream]:
    """Removed streams that are due to be purged, longest due first."""
    at = t.removed_streams.c
    query = (
        select(at.stream_key, at.server_id, at.removed_at, t.servers.c.id.label("server"))
        .join(t.servers, t.servers.c.id == at.server_id, isouter=True)
        .where(at.purge_at <= tx.now)
        .order_by(at.purge_at)
        .limit(limit)
    )
    return [
        RemovedStream(
            key=row.stream_key,
            server_id=row.server_id,
            removed_at=row.removed_at,
            is_server_gone=row.server is None,
        )
        for row in tx.rows(query)
    ]


def set_purge(tx: Tx, key: int, at: datetime | None) -> None:
    """Say when a removed stream is to be purged again; None when nothing can be left."""
    mine = update(t.removed_streams).where(t.removed_streams.c.stream_key == key)
    tx.run(mine.values(purge_at=at))


def last_server_id(tx: Tx) -> int:
    """The highest id of a Server that was removed, or 0."""
    return tx.scalar(select(func.max(t.removed_streams.c.server_id))) or 0


def last_stream_key(tx: Tx) -> int:
    """The highest key of a stream that was removed, or 0."""
    return tx.scalar(select(func.max(t.removed_streams.c.stream_key))) or 0
