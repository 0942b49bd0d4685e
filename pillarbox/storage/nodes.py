"""Numbers for the processes that share a database, so that the keys they make never meet."""

from sqlalchemy import Column, Integer, String, Table, insert

from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import UtcTime

nodes = Table(
    "nodes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hostname", String(255), nullable=False),
    Column("started_at", UtcTime, nullable=False),
)


def register(tx: Tx, hostname: str) -> int:
    """A fresh number for this process."""
    result = tx.connection.execute(insert(nodes), {"hostname": hostname, "started_at": tx.now})
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])
