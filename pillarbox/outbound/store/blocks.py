"""Blocks of messages in the database, for searching and counting those of a stream (see outbound/subjects).

A block stands for a range of keys of a stream, so that it also says how many messages there are in it. A chore
packs what was received some time ago; messages that are deleted or erased are taken out at once. Whoever changes
blocks on PostgreSQL keeps the table for itself: what one packs another might be erasing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
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
    select,
    update,
)

from pillarbox.outbound import subjects
from pillarbox.outbound.store.tables import messages
from pillarbox.outbound.subjects import Block, Line
from pillarbox.servers.store.tables import streams
from pillarbox.storage import dialect
from pillarbox.storage.bykey import ByKey, LongByKey
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx

subject_blocks = Table(
    "subject_blocks",
    metadata,
    Column("stream_key", Integer, primary_key=True, autoincrement=False),
    Column("first_key", BigInteger, primary_key=True, autoincrement=False),
    Column("last_key", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    # SQLite reads a row up to what is asked for: what is short, or asked for often, comes first.
    Column("tags", LargeBinary, nullable=False),
    Column("senders", LargeBinary, nullable=False),
    Column("trigrams", LargeBinary, nullable=False),
    Column("numbers", LargeBinary, nullable=False),
    Column("subjects", LargeBinary, nullable=False),
    Column("keys", LargeBinary, nullable=False),
)

_LINES = ByKey(messages, "key", "key", "subject", "tag_key", "sender_key")
_READ_FIRST, _READ_AT_ONCE = 4, 64
"""Blocks whose keys are read: those of a page are mostly in the first."""
_NOTHING = "''"

Pair = tuple[int, int]
"""A stream and the key of one of its messages."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a message in a block: a folded text in its subject, a tag, a sender (`value_of`)."""

    text: bytes | None = None
    tag: bytes | None = None
    sender: bytes | None = None

    def columns(self, has_keys: bool) -> tuple[str, ...]:
        """Those that `hits` takes, and the keys; nothing in place of what is not needed."""
        has_text = self.text is not None
        read = {
            "tags": self.tag is not None,
            "senders": self.sender is not None,
            "numbers": has_text,
            "subjects": has_text,
            "keys": has_keys,
        }
        return tuple(name if is_read else _NOTHING for name, is_read in read.items())

    def hits(self, tags: bytes, senders: bytes, numbers: bytes, texts: bytes) -> bytes:
        """A byte for each message: 1 where all of it is so. Nothing when it is nowhere."""
        found = list[bytes]()
        if self.tag is not None:
            found.append(subjects.hits_of_value(tags, self.tag))
        if self.sender is not None:
            found.append(subjects.hits_of_value(senders, self.sender))
        if self.text is not None and all(found):
            found.append(subjects.hits_of_text(texts, numbers, self.text))
        return reduce(subjects.both, found) if all(found) else b""

    def count(self, tags: bytes, senders: bytes, numbers: bytes, texts: bytes) -> int:
        """How many messages that is."""
        if self.text is not None and self.tag is None and self.sender is None:
            return subjects.count_of_text(texts, numbers, self.text)
        return self.hits(tags, senders, numbers, texts).count(1)


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
    tx: Tx, run: Run, wanted: Wanted, *, needs_keys: Callable[[], bool]
) -> Iterator[tuple[int, list[int]]]:
    """For each block with matches, newest first: how many there are, and their keys, newest first.

    Keys are left out from some block on after `needs_keys` has said that they are not needed any more.
    """
    maybe = _candidates(tx, run, wanted.text)
    at_once = _READ_FIRST
    while maybe and needs_keys():
        rows = _reader(wanted.columns(True)).rows(tx, run.stream_key, maybe[:at_once])
        for *texts, keys in rows:
            if hits := wanted.hits(*texts):
                yield hits.count(1), subjects.keys_at(keys, hits)
        maybe, at_once = maybe[at_once:], _READ_AT_ONCE
    for *texts, _ in _reader(wanted.columns(False)).rows(tx, run.stream_key, maybe):
        if count := wanted.count(*texts):
            yield count, []


def _candidates(tx: Tx, run: Run, text: bytes | None) -> list[int]:
    """The first keys of the blocks that may contain a text, newest first."""
    at = subject_blocks.c
    own = (at.stream_key == run.stream_key, at.first_key.between(run.first_key, run.last_key))
    heads = tx.rows(select(at.first_key).where(*own).order_by(at.first_key.desc()))
    every = [row.first_key for row in heads]
    if text is None:
        return every
    places = subjects.places_of(text)
    rows = _reader(("first_key", "trigrams")).rows(tx, run.stream_key, every)
    return [first_key for first_key, trigrams in rows if subjects.may_contain(trigrams, places)]


@lru_cache
def _reader(columns: tuple[str, ...]) -> LongByKey:
    return LongByKey(subject_blocks, "stream_key", "first_key", *columns)


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
    last = tx.scalar(
        select(func.max(subject_blocks.c.last_key)).where(subject_blocks.c.stream_key == stream_key)
    )
    at = messages.c
    own = (at.server_id == server_id, at.stream_key == stream_key, at.key > (last or 0))
    query = select(at.key, at.subject, at.tag_key, at.sender_key).where(*own, at.key < before)
    lines = [Line(*row) for row in tx.rows(query.order_by(at.key).limit(subjects.SIZE))]
    if len(lines) < subjects.SIZE:
        return False
    lines = subjects.fitting(lines)
    place = {"stream_key": stream_key, "first_key": lines[0].key, "last_key": lines[-1].key}
    tx.run(insert(subject_blocks), place | _values(subjects.pack(lines)))
    return True


def streams_of(tx: Tx, keys: Sequence[int]) -> list[Pair]:
    """Where these messages stand, as `renew` wants to know it once they are gone."""
    at = messages.c
    rows = tx.rows(select(at.stream_key, at.key).where(at.key.in_(keys)))
    return [(row.stream_key, row.key) for row in rows]


def renew(tx: Tx, pairs: Sequence[Pair]) -> None:
    """Make the blocks of these messages anew, after they were changed or are gone."""
    if not pairs:
        return
    dialect.keep_for_itself(tx.connection, subject_blocks)
    waiting = sorted(pairs)
    while waiting:
        stream_key, key = waiting[0]
        first_key, last_key = _block_of(tx, stream_key, key) or (None, key)
        if first_key is not None:
            _renew(tx, stream_key, first_key)
        waiting = [pair for pair in waiting if pair > (stream_key, last_key)]


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


def _renew(tx: Tx, stream_key: int, first_key: int) -> None:
    at = subject_blocks.c
    place = (at.stream_key == stream_key, at.first_key == first_key)
    keys = subjects.keys_of(tx.scalar(select(at["keys"]).where(*place)))
    if lines := sorted(Line(*row) for row in _LINES.rows(tx, keys)):
        tx.run(update(subject_blocks).where(*place).values(_values(subjects.pack(lines))))
    else:
        tx.run(delete(subject_blocks).where(*place))


def _values(block: Block) -> dict[str, Any]:
    names = ("count", "tags", "senders", "trigrams", "numbers", "subjects", "keys")
    return {name: getattr(block, name) for name in names}
