"""Who is behind an unsubscribe link whose message is gone (decision 0017).

One row for an address in a stream, however many messages it got.
"""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, delete, select

from pillarbox.servers.store.tables import streams
from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.tracking.token import Tokens

subscribers = Table(
    "subscribers",
    metadata,
    # What links call the subscriber, as a number.
    Column(
        "subscriber",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("stream_key", Integer, nullable=False),
    Column("address", String(320), nullable=False),
    Index("ix_subscribers_stream", "stream_key"),
    Index("ix_subscribers_address", "address"),
)

Pair = tuple[int, str]
"""A stream's key and a lower-cased address."""


class Known(NamedTuple):
    """A subscriber whose messages are gone; `address` is lower-cased."""

    server_id: int
    stream_key: int
    address: str


def keep(tx: Tx, tokens: Tokens, pairs: Collection[Pair]) -> None:
    """Remember who the links of these are about."""
    rows = sorted((_number(tokens.subscriber(*pair)), *pair) for pair in set(pairs))
    if rows:
        names = subscribers.c.keys()
        statement = dialect.insert(tx.connection, subscribers).on_conflict_do_nothing()
        tx.run(statement, [dict(zip(names, row, strict=True)) for row in rows])


def find(tx: Tx, subscriber: bytes) -> Known | None:
    """Whom a link means, unless the stream is gone or nobody was kept under that name."""
    at = subscribers.c
    query = (
        select(streams.c.server_id, at.stream_key, at.address)
        .join(streams, streams.c.key == at.stream_key)
        .where(at.subscriber == _number(subscriber))
    )
    row = tx.first(query)
    return Known(*row) if row is not None else None


def erase(tx: Tx, address: str) -> None:
    """Forget a lower-cased address in all streams."""
    tx.run(delete(subscribers).where(subscribers.c.address == address))


def delete_of_stream(tx: Tx, stream_key: int, limit: int) -> int:
    """Delete some of a stream's; how many."""
    at = subscribers.c
    own = select(at.subscriber).where(at.stream_key == stream_key).limit(limit)
    return tx.run(delete(subscribers).where(at.subscriber.in_(own)))


def _number(subscriber: bytes) -> int:
    return int.from_bytes(subscriber, "big", signed=True)
