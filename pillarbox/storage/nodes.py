"""The processes that share a database: numbers for them, so that the keys they make never meet, and what they do.

A node says now and then that it is alive; who stops in good order takes its mark away. On SQLite there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Integer, String, Table, delete, insert, select, update

from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import UtcTime

BEAT = timedelta(seconds=20)
SILENT_AFTER = timedelta(minutes=1)
FORGOTTEN_AFTER = timedelta(hours=1)
"""A node that died is shown for so long."""

nodes = Table(
    "nodes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hostname", String(255), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("roles", String(200)),
    Column("version", String(40)),
    Column("workers", Integer),
    Column("seen_at", UtcTime),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A process that runs, or did until a while ago."""

    id: int
    hostname: str
    started_at: datetime
    roles: tuple[str, ...]
    version: str
    workers: int
    seen_at: datetime


def register(tx: Tx, hostname: str) -> int:
    """A fresh number for this process."""
    result = tx.connection.execute(insert(nodes), {"hostname": hostname, "started_at": tx.now})
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def register_alone(tx: Tx, hostname: str) -> int:
    """The same where there is no other process: it takes the place of all that were."""
    tx.run(delete(nodes))
    return register(tx, hostname)


def announce(tx: Tx, node: int, *, roles: Sequence[str], version: str, workers: int) -> None:
    """Say what a process does, and that it is alive."""
    tx.run(
        update(nodes)
        .where(nodes.c.id == node)
        .values(roles=",".join(roles), version=version, workers=workers, seen_at=tx.now)
    )


def beat(tx: Tx, node: int) -> None:
    """Say that a process is alive."""
    tx.run(update(nodes).where(nodes.c.id == node).values(seen_at=tx.now))


def leave(tx: Tx, node: int) -> None:
    """Say that a process ends."""
    tx.run(update(nodes).where(nodes.c.id == node).values(seen_at=None))


def seen(tx: Tx) -> list[Node]:
    """The processes that were alive not long ago, oldest first. The only one on SQLite gives no sign of life."""
    query = select(nodes).where(nodes.c.seen_at.is_not(None)).order_by(nodes.c.id)
    if not dialect.is_sqlite(tx.connection):
        query = query.where(nodes.c.seen_at > tx.now - FORGOTTEN_AFTER)
    return [
        Node(
            id=row.id,
            hostname=row.hostname,
            started_at=row.started_at,
            roles=tuple((row.roles or "").split(",")),
            version=row.version or "",
            workers=row.workers or 0,
            seen_at=row.seen_at,
        )
        for row in tx.rows(query)
    ]
