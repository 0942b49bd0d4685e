"""Blocks of subjects in the database, for searching and counting the messages of a stream (see outbound/subjects).

A block stands for a range of keys of a stream, so that it also says how many messages there are in it. A chore
packs what was received some time ago; messages that are deleted or erased are taken out at once. Whoever changes
blocks on PostgreSQL keeps the table for itself: what one packs another might be erasing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    Table,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)

from pillarbox.outbound import subjects
from pillarbox.outbound.store.tables import messages
from pillarbox.outbound.subjects import Block
from pillarbox.servers.store.tables import streams
from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx

subject_blocks = Table(
    "subject_blocks",
    metadata,
    Column("stream_key", Integer, primary_key=True, autoincrement=False),
    Column("first_key", BigInteger, primary_key=True, autoincrement=False),
    Column("last_key", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("trigrams", LargeBinary, nullable=False),
    Column("keys", LargeBinary, nullable=False),
    Column("subjects", LargeBinary, nullable=False),
)

_READ_AT_ONCE = 16

Pair = tuple[int, int]
"""A stream and the key of one of its messages."""


@dataclass(frozen=True, slots=True)
class Run:
    """Blocks of a stream that follow each other, the first and last key they stand for, and their messages."""

    stream_key: int
    first_key: int
    last_key: int
    count: int


def find_run(tx: Tx, stream_key: int, *, after: int | None, before: int | None) -> Run | None:
    """The blocks that stand only for keys between the two."""
    at = subject_blocks.c
    found = [at.stream_key == stream_key]
    if after is not None:
        found.append(at.first_key > after)
    if before is not None:
        found.append(at.last_key < before)
    query = select(func.min(at.first_key), func.max(at.last_key), func.sum(at["count"]))
    first, last, count = tx.rows(query.where(*found))[0]
    return None if first is None else Run(stream_key, first, last, int(count))


def read(
    tx: Tx, run: Run, wanted: bytes, *, needs_keys: Callable[[], bool]
) -> Iterator[tuple[bytes, bytes]]:
    """Keys and subjects of the blocks that may contain a folded text, newest first.

    Keys are b"" from some block on after `needs_keys` has said that they are not needed any more.
    """
    at = subject_blocks.c
    of_stream = at.stream_key == run.stream_key
    own = (of_stream, at.first_key.between(run.first_key, run.last_key))
    heads = dialect.read_bytes(tx.connection, select(at.first_key, at.trigrams).where(*own))
    maybe = sorted((row[0] for row in heads if subjects.may_contain(row[1], wanted)), reverse=True)
    for start in range(0, len(maybe), _READ_AT_ONCE):
        some = at.first_key.in_(maybe[start : start + _READ_AT_ONCE])
        keys = at["keys"] if needs_keys() else literal_column("''")
        query = select(at.first_key, keys, at.subjects).where(of_stream, some)
        for row in sorted(map(tuple, dialect.read_bytes(tx.connection, query)), reverse=True):
            yield row[1], row[2]


def list_due(tx: Tx, *, before: int) -> list[Pair]:
    """Servers and keys of the streams in which there is a whole block of messages to pack."""
    of_stream = (
        messages.c.server_id == streams.c.server_id,
        messages.c.stream_key == streams.c.key,
    )
    last = (
        select(func.coalesce(func.max(subject_blocks.c.last_key), 0))
        .where(subject_blocks.c.stream_key == streams.c.key)
        .correlate(streams)
    )
    waiting = (
        select(messages.c.key)
        .where(*of_stream, messages.c.key > last.scalar_subquery(), messages.c.key < before)
        .order_by(messages.c.key)
        .limit(1)
        .offset(subjects.SIZE - 1)
        .correlate(streams)
    )
    rows = tx.rows(select(streams.c.server_id, streams.c.key).where(exists(waiting)))
    return [(row.server_id, row.key) for row in rows]


def pack_next(tx: Tx, server_id: int, stream_key: int, *, before: int) -> bool:
    """Pack the oldest messages of a stream that are not packed; False when there are too few for a block."""
    dialect.keep_for_itself(tx.connection, subject_blocks)
    at = messages.c
    last = tx.scalar(
        select(func.max(subject_blocks.c.last_key)).where(subject_blocks.c.stream_key == stream_key)
    )
    own = (at.server_id == server_id, at.stream_key == stream_key)
    query = select(at.key, at.subject).where(*own, at.key > (last or 0), at.key < before)
    rows = [tuple(row) for row in tx.rows(query.order_by(at.key).limit(subjects.SIZE))]
    if len(rows) < subjects.SIZE:
        return False
    block = subjects.pack(rows)
    place = {
        "stream_key": stream_key,
        "first_key": rows[0][0],
        "last_key": rows[block.count - 1][0],
    }
    tx.run(insert(subject_blocks), place | _values(block))
    return True


def streams_of(tx: Tx, keys: Sequence[int]) -> list[Pair]:
    """Where these messages stand, as `take_out` wants to know it once they are gone."""
    at = messages.c
    rows = tx.rows(select(at.stream_key, at.key).where(at.key.in_(keys)))
    return [(row.stream_key, row.key) for row in rows]


def take_out(tx: Tx, pairs: Sequence[Pair], *, is_gone: bool) -> None:
    """Forget messages that are gone, or that have no subject any more."""
    if not pairs:
        return
    dialect.keep_for_itself(tx.connection, subject_blocks)
    waiting = sorted(pairs)
    while waiting:
        stream_key, key = waiting[0]
        first_key, last_key = _block_of(tx, stream_key, key) or (None, key)
        own = [k for stream, k in waiting if stream == stream_key and k <= last_key]
        if first_key is not None:
            _change(tx, stream_key, first_key, set(own), is_gone=is_gone)
        waiting = waiting[len(own) :]


def delete_of_stream(tx: Tx, stream_key: int, limit: int) -> int:
    """Delete blocks of a stream; how many were found."""
    at = subject_blocks.c
    some = select(at.first_key).where(at.stream_key == stream_key).limit(limit)
    own = at.first_key.in_(some.scalar_subquery())
    return tx.run(delete(subject_blocks).where(at.stream_key == stream_key, own))


def _block_of(tx: Tx, stream_key: int, key: int) -> Pair | None:
    """First and last key of the block that stands for this key."""
    at = subject_blocks.c
    row = tx.first(
        select(at.first_key, at.last_key)
        .where(at.stream_key == stream_key, at.first_key <= key)
        .order_by(at.first_key.desc())
        .limit(1)
    )
    return None if row is None or row.last_key < key else (row.first_key, row.last_key)


def _change(tx: Tx, stream_key: int, first_key: int, keys: set[int], *, is_gone: bool) -> None:
    at = subject_blocks.c
    place = (at.stream_key == stream_key, at.first_key == first_key)
    row = tx.rows(select(at["keys"], at.subjects, at.trigrams).where(*place))[0]
    block = Block(keys=bytes(row[0]), subjects=bytes(row[1]), trigrams=bytes(row[2]))
    changed = subjects.change(block, keys, is_gone=is_gone)
    if changed.count:
        tx.run(update(subject_blocks).where(*place).values(_values(changed)))
    else:
        tx.run(delete(subject_blocks).where(*place))


def _values(block: Block) -> dict[str, Any]:
    return {
        "count": block.count,
        "trigrams": block.trigrams,
        "keys": block.keys,
        "subjects": block.subjects,
    }
