"""Searching the outbound messages for the API.

One of the conditions says where to start: an index in which the matches stand in the order of their keys
(recipient, tag, sender, else the stream). The others are checked row by row. Keys hold the time, so dates are
ranges of keys, and newest first is every index read backwards. The messages with an entry of metadata are looked
up in that index one by one: page and total are found on one way.

A part of a subject is looked for in the stream's blocks of subjects (see outbound/subjects), and only what is not
in one yet row by row. The other filters then apply to what was found.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from pillarbox.ids import first_key
from pillarbox.outbound import subjects
from pillarbox.outbound.model import Message, MessageStatus, Search
from pillarbox.outbound.store import blocks, rows
from pillarbox.outbound.store.blocks import Run, Wanted
from pillarbox.outbound.store.tables import message_metadata, messages, recipients
from pillarbox.servers.store.tables import streams
from pillarbox.stats.model import tag_key
from pillarbox.storage import dialect
from pillarbox.storage.text import LONGEST, contains
from pillarbox.storage.tx import Tx

# A key is made a little after its message was received (the message is composed in between, or the clock was set
# back): that near to a bound the time itself decides, further away the key alone.
_LATE = first_key(datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
_LAST_KEY = (1 << 63) - 1
_FEW = 2000
"""So many are counted one by one before blocks are."""

_Condition = ColumnElement[bool]
_Key = ColumnElement[int]


def search(tx: Tx, wanted: Search, *, count: int, offset: int) -> tuple[int, list[Message]]:
    """How many messages match, and `count` of them after the `offset` newest, newest first."""
    if (run := _packed(tx, wanted)) is not None and wanted.subject:
        total, keys = _search_subjects(tx, wanted, run, limit=count, offset=offset)
        return total, rows.load(tx, keys)
    queries = _queries(tx, wanted)
    if wanted.metadata and wanted.recipient is None:
        total, keys = _at_once(tx, queries, limit=count, offset=offset)
        return total, rows.load(tx, keys)
    keys = _newest(tx, queries, limit=count, offset=offset)
    if 0 < len(keys) < count or (count and not offset and not keys):
        total = offset + len(keys)  # the end was seen
    else:
        total = _total(tx, wanted, queries, run)
    return total, rows.load(tx, keys)


def _queries(tx: Tx, wanted: Search) -> list[Select[tuple[int]]]:
    """Queries for the keys of all matches, unordered: one, or one for each stream when nothing else is a start."""
    if wanted.stream_key is not None or wanted.recipient is not None:
        return [_query(tx.connection, wanted)]
    every = tx.rows(select(streams.c.key).where(streams.c.server_id == wanted.server_id))
    return [_query(tx.connection, replace(wanted, stream_key=stream.key)) for stream in every]


def _query(connection: Connection, wanted: Search) -> Select[tuple[int]]:
    key, conditions = _start(connection, wanted)
    conditions += _bounds(key, wanted)
    query = select(key).where(*conditions, *_border(key, wanted))
    rest = _row_conditions(connection, wanted)
    if rest and key is not messages.c.key:
        query = query.join(messages, messages.c.key == key)
    return query.where(*rest)


def _start(connection: Connection, wanted: Search) -> tuple[_Key, list[_Condition]]:
    """The column of keys in the index to start from, and the conditions that this index answers."""
    if wanted.recipient is not None:
        at = recipients.c
        found = [at.server_id == wanted.server_id, at.address_key == wanted.recipient.lower()]
        if wanted.stream_key is not None:
            found.append(at.stream_key == wanted.stream_key)
        return at.message_key, found + _metadata(at.message_key, wanted, wanted.metadata)
    at = messages.c
    found = [at.server_id == wanted.server_id, at.stream_key == wanted.stream_key]
    if wanted.tag is not None:
        found.append(at.tag_key == tag_key(wanted.tag))
    if wanted.status is MessageStatus.QUEUED:
        found.append(at.key.in_(_waiting()))
    if wanted.metadata:
        found.append(dialect.is_one_of(connection, at.key, _with_metadata(wanted)))
    return at.key, found


def _waiting() -> Select[tuple[int]]:
    """The messages with copies in the queue: all that are Queued are among them, and they are few."""
    return select(recipients.c.message_key).where(recipients.c.state == literal_column("'queued'"))


def _row_conditions(connection: Connection, wanted: Search) -> list[_Condition]:
    """What must be read from the message itself."""
    at, found = messages.c, list[_Condition]()
    if wanted.recipient is not None and wanted.tag is not None:
        found.append(at.tag_key == tag_key(wanted.tag))
    if wanted.sender is not None:
        found.append(at.sender_key == wanted.sender.lower())
    if wanted.status is not None:
        found.append(at.status == wanted.status)
    if wanted.subject is not None:
        found.append(contains(connection, at.subject, wanted.subject))
    return found


def _with_metadata(wanted: Search) -> Select[tuple[int]]:
    """The keys of the messages that have all entries of metadata."""
    (name, value), *others = wanted.metadata
    at = message_metadata.c
    is_entry = (at.server_id == wanted.server_id, at.name == name.lower(), at.value == value)
    return select(at.message_key).where(*is_entry, *_metadata(at.message_key, wanted, others))


def _metadata(key: _Key, wanted: Search, entries: Sequence[tuple[str, str]]) -> list[_Condition]:
    """That the message with this key has metadata entries besides."""
    found = list[_Condition]()
    for name, value in entries:
        entry = message_metadata.alias()
        found.append(
            exists().where(
                entry.c.server_id == wanted.server_id,
                entry.c.name == name.lower(),
                entry.c.value == value,
                entry.c.message_key == key,
            )
        )
    return found


def _bounds(key: _Key, wanted: Search) -> list[_Condition]:
    """The range of keys outside of which no message can have been received in time."""
    found = list[_Condition]()
    if wanted.since is not None:
        found.append(key >= first_key(wanted.since))
    if wanted.until is not None:
        found.append(key <= min(first_key(wanted.until) + _LATE, _LAST_KEY))
    return found


def _border(key: _Key, wanted: Search) -> list[_Condition]:
    """The exact condition near the ends of that range; only there the message itself is looked at."""
    found, near = list[_Condition](), messages.alias()
    its_time, is_it = near.c.received_at, near.c.key == key
    if wanted.since is not None:
        clear = min(first_key(wanted.since) + _LATE, _LAST_KEY)
        found.append(or_(key > clear, exists().where(is_it, its_time >= wanted.since)))
    if wanted.until is not None:
        clear = first_key(wanted.until)
        found.append(or_(key < clear, exists().where(is_it, its_time <= wanted.until)))
    return found


def _newest(tx: Tx, queries: Sequence[Select[tuple[int]]], *, limit: int, offset: int) -> list[int]:
    """The keys of one page; of several queries each gives what could stand before its end."""
    if limit < 1:
        return []
    found: list[int] = []
    for query in queries:
        key = query.selected_columns[0]
        part = query.order_by(key.desc())
        if len(queries) == 1:
            return [row[0] for row in tx.rows(part.limit(limit).offset(offset))]
        found += [row[0] for row in tx.rows(part.limit(limit + offset))]
    return sorted(found, reverse=True)[offset : offset + limit]


def _at_once(
    tx: Tx, queries: Sequence[Select[tuple[int]]], *, limit: int, offset: int
) -> tuple[int, list[int]]:
    """How many there are and the keys of one page, where to find the page is to go through all of them."""
    if len(queries) == 1 and limit:
        key = queries[0].selected_columns[0]
        counted = queries[0].add_columns(func.count().over())
        found = tx.rows(counted.order_by(key.desc()).limit(limit).offset(offset))
        if found or not offset:
            return (found[0][1] if found else 0), [row[0] for row in found]
    total = sum(_count(tx, query) for query in queries)
    return total, _newest(tx, queries, limit=limit, offset=offset) if total > offset else []


def _total(tx: Tx, wanted: Search, queries: Sequence[Select[tuple[int]]], run: Run | None) -> int:
    """How many match. Nearly all are Sent: the few that are not are counted instead, and taken off.

    A stream's blocks are counted already, and tags and senders are quickly counted in them; what is left are the
    ends of the range.
    """
    if wanted.status is MessageStatus.SENT:
        every, queued = (replace(wanted, status=s) for s in (None, MessageStatus.QUEUED))
        queued_total = _total(tx, queued, _queries(tx, queued), None)
        return _total(tx, every, _queries(tx, every), run) - queued_total
    if run is None or wanted.status is not None:
        return sum(_count(tx, query) for query in queries)
    if wanted.tag is None and wanted.sender is None:
        return run.count + sum(_count(tx, query) for query in _around(queries[0], run))
    (query,) = queries
    few = _count(tx, select(query.limit(_FEW + 1).subquery()))
    if few <= _FEW:
        return few
    packed, _ = _in_blocks(tx, wanted, run)
    return packed + sum(_count(tx, part) for part in _around(query, run))


def _packed(tx: Tx, wanted: Search) -> Run | None:
    """The blocks of subjects that stand only for messages of the stream and days a search is about."""
    is_elsewhere = wanted.recipient is not None or wanted.metadata
    if wanted.stream_key is None or is_elsewhere or wanted.status is MessageStatus.QUEUED:
        return None
    if wanted.subject is not None and len(wanted.subject) > LONGEST:
        return None
    since = None if wanted.since is None else first_key(wanted.since) + _LATE
    until = None if wanted.until is None else first_key(wanted.until)
    return blocks.find_run(tx, wanted.stream_key, after=since, before=until)


def _around(query: Select[tuple[int]], run: Run) -> tuple[Select[tuple[int]], Select[tuple[int]]]:
    """What a query finds that is newer than some blocks, and what is older."""
    key = query.selected_columns[0]
    return query.where(key > run.last_key), query.where(key < run.first_key)


def _search_subjects(
    tx: Tx, wanted: Search, run: Run, *, limit: int, offset: int
) -> tuple[int, list[int]]:
    """How many match, and the keys of one page: newer than the blocks, in the blocks, older than they."""
    (query,) = _queries(tx, wanted)
    newer, older = (_keys(tx, part) for part in _around(query, run))
    queued = _queued(tx, wanted, run)
    needed = offset + limit - len(newer) + len(queued)
    total, packed = _in_blocks(tx, wanted, run, needed)
    is_whole = len(packed) == total
    packed = [key for key in packed if key not in queued]
    keys = [*newer, *packed, *(older if is_whole else ())]
    return total - len(queued) + len(newer) + len(older), keys[offset : offset + limit]


def _in_blocks(tx: Tx, wanted: Search, run: Run, needed: int = 0) -> tuple[int, list[int]]:
    """How many of the messages in blocks match, whatever their status, and the keys of the newest of them."""
    total, keys = 0, list[int]()
    asked = Wanted(
        text=subjects.fold(wanted.subject) if wanted.subject else None,
        tag=None if wanted.tag is None else subjects.value_of(tag_key(wanted.tag)),
        sender=None if wanted.sender is None else subjects.value_of(wanted.sender.lower()),
    )
    for count, of_block in blocks.read(tx, run, asked, needs_keys=lambda: len(keys) < needed):
        total += count
        keys.extend(of_block)
    return total, keys


def _queued(tx: Tx, wanted: Search, run: Run) -> set[int]:
    """Of the matches in blocks those that are not Sent, if only such are wanted."""
    if wanted.status is None:
        return set()
    (query,) = _queries(tx, replace(wanted, status=MessageStatus.QUEUED))
    return set(_keys(tx, _within(query, run)))


def _within(query: Select[tuple[int]], run: Run) -> Select[tuple[int]]:
    return query.where(query.selected_columns[0].between(run.first_key, run.last_key))


def _keys(tx: Tx, query: Select[tuple[int]]) -> list[int]:
    """All that a query finds, newest first."""
    return [row[0] for row in tx.rows(query.order_by(query.selected_columns[0].desc()))]


def _count(tx: Tx, query: Select[Any]) -> int:
    counted = query.with_only_columns(func.count(), maintain_column_froms=True)
    return int(tx.scalar(counted))
