"""Suppressions in the database."""

from collections.abc import Iterable

from sqlalchemy import Column, Integer, String, Table, delete, select, tuple_

from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import TextEnum, UtcTime
from pillarbox.suppressions.model import Origin, Reason, Suppression

suppressions = Table(
    "suppressions",
    metadata,
    Column("stream_key", Integer, primary_key=True),
    Column("address", String(320), primary_key=True),
    Column("reason", TextEnum(Reason), nullable=False),
    Column("origin", TextEnum(Origin), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)
_PAIRS_AT_ONCE = 400


def held_back(tx: Tx, pairs: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of the pairs (stream key, lower-cased address) that are suppressed."""
    wanted = list(pairs)
    found: set[tuple[int, str]] = set()
    columns = tuple_(suppressions.c.stream_key, suppressions.c.address)
    for start in range(0, len(wanted), _PAIRS_AT_ONCE):
        part = wanted[start : start + _PAIRS_AT_ONCE]
        query = select(suppressions.c.stream_key, suppressions.c.address).where(columns.in_(part))
        found.update((row.stream_key, row.address) for row in tx.rows(query))
    return found


def upsert(tx: Tx, suppression: Suppression) -> bool:
    """Hold an address back; True when it was not before. A complaint outranks any earlier reason."""
    values = {
        "stream_key": suppression.stream_key,
        "address": suppression.address,
        "reason": suppression.reason,
        "origin": suppression.origin,
        "created_at": suppression.created_at,
    }
    key = ["stream_key", "address"]
    is_new = not held_back(tx, [(suppression.stream_key, suppression.address)])
    insert = dialect.insert(tx.connection, suppressions).values(values)
    if suppression.reason is Reason.SPAM_COMPLAINT:
        tx.run(insert.on_conflict_do_update(index_elements=key, set_=values))
    else:
        tx.run(insert.on_conflict_do_nothing(index_elements=key))
    return is_new


def remove(tx: Tx, stream_key: int, address: str) -> bool:
    """Send to an address again, unless it complained; False when nothing was held back."""
    statement = delete(suppressions).where(
        suppressions.c.stream_key == stream_key,
        suppressions.c.address == address,
        suppressions.c.reason != Reason.SPAM_COMPLAINT,
    )
    return tx.run(statement) > 0
