"""What the activity page lists: the newest messages that match, by key, of one Server or of all.

Not the API's search: nothing is counted, and pages go by key, so that the millionth row costs what the first does.
One of the conditions says where to start: an index in which the matches stand in the order of their keys
(recipient, what waits, metadata, tag, sender, stream), or else the messages themselves. With other conditions
besides, a stretch of what starts there is looked through at a time, so that no page ever reads the whole table.

Most indexes begin with a Server and a stream: each such pair is a lane of its own, and lanes are merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    exists,
    literal_column,
    or_,
    select,
    type_coerce,
    union_all,
)

from pillarbox.events.model import EventType
from pillarbox.events.store import events
from pillarbox.ids import MessageKey, first_key, key_of
from pillarbox.outbound.model import Message, RecipientState
from pillarbox.outbound.store import rows
from pillarbox.outbound.store.tables import message_metadata, messages, recipients
from pillarbox.servers.model import SYSTEM
from pillarbox.servers.store.tables import removed_streams, streams
from pillarbox.stats.model import tag_key
from pillarbox.storage.text import contains
from pillarbox.storage.tx import Tx

NEWEST_LOOKED_THROUGH = 20_000
OLDER_LOOKED_THROUGH = 50_000
SCATTERED_COST = 5
"""How many times more a message costs that does not stand beside the one looked at before.

Twice that when both its copies and its events must be looked at: see `_is`.
"""
MOST_LANES = 64
MOST_WAITING = 20_000

_QUEUED: ColumnElement[str] = literal_column(
    "'queued'"
)  # as the index has it: a parameter would not match
_Condition = ColumnElement[bool]
_Lane = Select[tuple[int]]
_Pairs = list[tuple[int, int]]


class Mark(StrEnum):
    """What one can ask of a message: where a copy of it stands, or what has happened to it."""

    QUEUED = "queued"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    SUPPRESSED = "suppressed"
    DROPPED = "dropped"
    OPENED = "opened"
    CLICKED = "clicked"
    SANDBOXED = "sandboxed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which messages to list. Of `senders`, `tags`, `streams` and `statuses` one must fit, of the others all.

    `text` stands in the subject or a recipient, or is a whole address or MessageID. `since` and `until` are
    compared with the time in the key, the instant of acceptance.
    """

    server_id: int | None = None
    text: str = ""
    to: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    marks: tuple[Mark, ...] = ()
    senders: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    statuses: tuple[Mark, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Messages, newest first. `older` is the key to go on below; `looked_through` says how far was sought.

    Without `older` there is nothing further down. `looked_through` is None when nothing was left out.
    """

    messages: list[Message]
    older: MessageKey | None
    looked_through: int | None = None


@dataclass(frozen=True, slots=True)
class _Start:
    """Where to start, and the names of the conditions that this answers; short lanes are read in any order.

    What lanes of a recipient, a tag and the like lead to is scattered over all messages.
    """

    lanes: list[_Lane]
    answered: set[str]
    is_short: bool = False
    is_scattered: bool = True


@dataclass(frozen=True, slots=True)
class _Range:
    """Keys from `low` on and below `high`."""

    low: int | None
    high: int | None

    def holds(self, key: ColumnElement[int]) -> list[_Condition]:
        """The conditions on a column of keys."""
        found = list[_Condition]()
        if self.low is not None:
            found.append(key >= self.low)
        if self.high is not None:
            found.append(key < self.high)
        return found


def page(tx: Tx, wanted: Filter, *, before: int | None, limit: int) -> Page:
    """The newest messages below a key that match, at most `limit`."""
    keys = _range(wanted, before)
    start = _start(tx, wanted)
    if not start.lanes:
        return Page(messages=[], older=None)
    if not _rest(tx, wanted, keys, start.answered):
        return _whole(rows.load(tx, _newest(tx, start.lanes, keys, limit + 1)), limit)
    length = NEWEST_LOOKED_THROUGH if before is None else OLDER_LOOKED_THROUGH
    if start.is_scattered:
        looks_twice = Mark.BOUNCED in (*wanted.marks, *wanted.statuses)
        length = max(1, length // (SCATTERED_COST * (1 + looks_twice)))
    end = None if start.is_short else _end(tx, start.lanes, keys, length)
    stretch = keys if end is None else _Range(end, keys.high)
    query = _matches(start, stretch).where(*_rest(tx, wanted, stretch, start.answered))
    some = tx.rows(query.order_by(messages.c.key.desc()).limit(limit + 1))
    found = _whole(rows.load(tx, [row.key for row in some]), limit)
    if end is None or found.older is not None:
        return found
    return Page(messages=found.messages, older=MessageKey(end), looked_through=length)


def _range(wanted: Filter, before: int | None) -> _Range:
    tops = [] if before is None else [before]
    if wanted.until is not None:
        tops.append(first_key(wanted.until))
    low = None if wanted.since is None else first_key(wanted.since)
    return _Range(low, min(tops) if tops else None)


def _start(tx: Tx, wanted: Filter) -> _Start:
    """The narrowest start there is."""
    pairs = _pairs(tx, wanted)
    return (
        _by_message_id(wanted)
        or _by_recipient(tx, wanted)
        or _by_waiting(tx, wanted)
        or (None if pairs is None else _by_pairs(tx, wanted, pairs))
        or _Start([select(messages.c.key)], set(), is_scattered=False)
    )


def _by_message_id(wanted: Filter) -> _Start | None:
    key = key_of(wanted.text)
    if key is None:
        return None
    of_id = messages.c.message_id == wanted.text.lower()
    return _Start([select(messages.c.key).where(messages.c.key == key, of_id)], {"text"})


def _by_recipient(tx: Tx, wanted: Filter) -> _Start | None:
    """Whole addresses that were written to: their index answers, however far back."""
    at = recipients.c
    for name, text in (*_named("to", wanted.to), ("text", wanted.text)):
        lane = select(at.message_key).where(at.address_key == text.lower())
        if "@" in text and tx.first(lane.limit(1)) is not None:
            return _Start([lane.distinct()], {name})
    return None


def _by_waiting(tx: Tx, wanted: Filter) -> _Start | None:
    """The queue itself, unless it is long: then the newest messages will do."""
    waits = {Mark.QUEUED, Mark.DEFERRED}
    if not (waits & set(wanted.marks) or (wanted.statuses and waits.issuperset(wanted.statuses))):
        return None
    lane = select(recipients.c.message_key).where(recipients.c.state == _QUEUED)
    if len(tx.rows(lane.limit(MOST_WAITING + 1))) > MOST_WAITING:
        return None
    return _Start([lane], set(), is_short=True)


def _by_pairs(tx: Tx, wanted: Filter, pairs: _Pairs) -> _Start | None:
    """An index of one Server after the other, or of one stream after the other."""
    at, scope = messages.c, {"server", "stream"}
    if wanted.metadata:
        own = {"server"} if wanted.streams else scope
        name, value = wanted.metadata[0]
        every = sorted({server_id for server_id, _ in pairs})
        of_entry = [_of_metadata(server_id, name, value) for server_id in every]
        return _Start(of_entry, own | {"metadata 0"})
    lanes = [select(at.key).where(at.server_id == s, at.stream_key == k) for s, k in pairs]
    of_tags = [lane.where(at.tag_key == tag_key(t)) for lane in lanes for t in wanted.tags]
    if 0 < len(of_tags) <= MOST_LANES:
        return _Start(of_tags, scope | {"tag"})
    of_senders = [
        lane.where(at.sender_key == sender.lower()) for lane in lanes for sender in wanted.senders
    ]
    if len(of_senders) <= MOST_LANES and any(tx.first(lane.limit(1)) for lane in of_senders):
        return _Start(of_senders, scope | {"sender"})
    is_narrow = wanted.streams or wanted.server_id is not None
    return _Start(lanes, scope, is_scattered=False) if is_narrow else None


def _of_metadata(server_id: int, name: str, value: str) -> _Lane:
    at = message_metadata.c
    return select(at.message_key).where(
        at.server_id == server_id, at.name == name.lower(), at.value == value
    )


def _pairs(tx: Tx, wanted: Filter) -> _Pairs | None:
    """The Servers and streams that are asked for, those that are being removed too; None when they are many."""
    named, removed = streams.c, removed_streams.c
    known = select(named.server_id, named.key.label("stream_key"))
    gone = select(removed.server_id, removed.stream_key)
    if wanted.server_id is not None:
        known = known.where(named.server_id == wanted.server_id)
        gone = gone.where(removed.server_id == wanted.server_id)
    if wanted.streams:
        known = known.where(named.slug.in_([slug.lower() for slug in wanted.streams]))
        parts = [known]
    else:
        parts = [known, gone]
    found = {(row[0], row[1]) for row in tx.rows(union_all(*parts).limit(MOST_LANES + 1))}
    for slug, stream in SYSTEM.streams.items():
        if wanted.server_id in (None, SYSTEM.id) and slug in (wanted.streams or (slug,)):
            found.add((SYSTEM.id, stream.key))
    return None if len(found) > MOST_LANES else sorted(found)


def _named(name: str, values: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(f"{name} {number}", value) for number, value in enumerate(values)]


def _rest(tx: Tx, wanted: Filter, keys: _Range, answered: set[str]) -> list[_Condition]:
    """What must still be true of a message that lanes lead to."""
    every = _scope(wanted) | _texts(tx, wanted)
    for name, (field, value) in _named("metadata", wanted.metadata):
        entry = message_metadata.alias()
        every[name] = exists().where(
            entry.c.server_id == messages.c.server_id,
            entry.c.name == field.lower(),
            entry.c.value == value,
            entry.c.message_key == messages.c.key,
        )
    for name, mark in _named("mark", wanted.marks):
        every[name] = _is(mark, keys)
    if wanted.statuses:
        every["status"] = or_(*(_is(mark, keys) for mark in wanted.statuses))
    return [condition for name, condition in every.items() if name not in answered]


def _scope(wanted: Filter) -> dict[str, _Condition]:
    at, found = messages.c, dict[str, _Condition]()
    if wanted.server_id is not None:
        found["server"] = at.server_id == wanted.server_id
    if wanted.streams:
        slugs = [slug.lower() for slug in wanted.streams]
        found["stream"] = at.stream_key.in_(select(streams.c.key).where(streams.c.slug.in_(slugs)))
    if wanted.tags:
        found["tag"] = at.tag_key.in_([tag_key(tag) for tag in wanted.tags])
    return found


def _texts(tx: Tx, wanted: Filter) -> dict[str, _Condition]:
    at, found = messages.c, dict[str, _Condition]()
    written_to = type_coerce(at.recipients, Text)

    def has(column: ColumnElement[str], text: str) -> _Condition:
        return contains(tx.connection, column, text)

    if wanted.senders:
        found["sender"] = or_(*(has(at.sender, sender) for sender in wanted.senders))
    for name, text in _named("to", wanted.to):
        found[name] = has(written_to, text)
    for name, text in _named("subject", wanted.subjects):
        found[name] = has(at.subject, text)
    if wanted.text:
        found["text"] = or_(has(at.subject, wanted.text), has(written_to, wanted.text))
    return found


def _is(mark: Mark, keys: _Range) -> _Condition:
    """That a message has a mark. The range changes nothing but what PostgreSQL would read otherwise."""
    copy, event = recipients.alias(), events.alias()
    own_copy = exists().where(copy.c.message_key == messages.c.key, *keys.holds(copy.c.message_key))
    own_event = exists().where(
        event.c.message_key == messages.c.key, *keys.holds(event.c.message_key)
    )
    match mark:
        case Mark.SANDBOXED:
            return messages.c.is_sandboxed
        case Mark.OPENED:
            return own_event.where(event.c.type == EventType.OPENED)
        case Mark.CLICKED:
            return own_event.where(event.c.type == EventType.LINK_CLICKED)
        case Mark.QUEUED | Mark.DEFERRED:
            was_tried = copy.c.attempts > 0 if mark is Mark.DEFERRED else copy.c.attempts == 0
            return own_copy.where(copy.c.state == RecipientState.QUEUED, was_tried)
        case Mark.BOUNCED:  # at once, or after it had been delivered
            return or_(
                own_copy.where(copy.c.state == RecipientState.BOUNCED),
                own_event.where(event.c.type == EventType.BOUNCED),
            )
        case _:
            return own_copy.where(copy.c.state == RecipientState(mark.value))


def _newest(tx: Tx, lanes: Sequence[_Lane], keys: _Range, limit: int) -> list[int]:
    """The keys of one page: each lane gives what could stand before its end."""
    found = set[int]()
    for lane in lanes:
        key = lane.selected_columns[0]
        part = lane.where(*keys.holds(key)).order_by(key.desc()).limit(limit)
        found.update(row[0] for row in tx.rows(part))
    return sorted(found, reverse=True)[:limit]


def _end(tx: Tx, lanes: Sequence[_Lane], keys: _Range, length: int) -> int | None:
    """The key that ends the next stretch of so many messages; None when there are not so many."""
    merged = _merged(lanes, keys, length)
    last = select(merged.c.key).order_by(merged.c.key.desc()).limit(1).offset(length - 1)
    found = tx.scalar(last)
    return None if found is None else int(found)


def _merged(lanes: Sequence[_Lane], keys: _Range, length: int) -> Any:
    parts = []
    for lane in lanes:
        key = lane.selected_columns[0]
        part = lane.with_only_columns(key.label("key"), maintain_column_froms=True)
        newest = part.where(*keys.holds(key)).order_by(key.desc()).limit(length).subquery()
        parts.append(select(newest.c.key))
    return union_all(*parts).subquery()


def _matches(start: _Start, keys: _Range) -> Select[Any]:
    """The messages of a range that lanes lead to."""
    query, lanes = select(messages.c.key).where(*keys.holds(messages.c.key)), start.lanes
    if len(lanes) == 1 and lanes[0].selected_columns[0] is messages.c.key:
        return query.where(lanes[0].whereclause) if lanes[0].whereclause is not None else query
    if not start.is_short:  # else the range would lead away from the index
        lanes = [lane.where(*keys.holds(lane.selected_columns[0])) for lane in lanes]
    return query.where(messages.c.key.in_(union_all(*lanes)))


def _whole(found: list[Message], limit: int) -> Page:
    older = found[limit - 1].key if len(found) > limit else None
    return Page(messages=found[:limit], older=older)
