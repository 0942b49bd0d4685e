"""The queue as an operator looks at it: destination by destination."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, exists, func, literal_column, not_, select, update

from pillarbox.outbound.model import (
    MessageStatus,
    RecipientState,
    domain_of,
    is_bulk,
    lanes_of,
)
from pillarbox.outbound.store import suspensions
from pillarbox.outbound.store.queue import LEASE, goes_to
from pillarbox.outbound.store.suspensions import Suspension
from pillarbox.outbound.store.tables import messages, recipients
from pillarbox.storage.tx import Tx

SAMPLED = 20
_IS_QUEUED: ColumnElement[bool] = recipients.c.state == literal_column("'queued'")


@dataclass(slots=True, kw_only=True)
class Destination:
    """What waits for a domain. `due` is due and not in hand.

    `tries` and `last_reply` are those of the most tried of the copies at its head.
    """

    domain: str
    waiting: int = 0
    bulk: int = 0
    due: int = 0
    in_hand: int = 0
    next_at: datetime | None = None
    oldest_at: datetime | None = None
    tries: int = 0
    last_reply: str = ""
    suspension: Suspension | None = None
    lanes: list[str] = field(default_factory=list)
    oldest_key: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """The whole queue: copies that wait, how many are due, for how many domains, since when the first waits."""

    waiting: int
    due: int
    destinations: int
    oldest_at: datetime | None


def survey(tx: Tx, *, domain: str = "", most: int = 100) -> tuple[Depth, list[Destination]]:
    """The whole queue, and the destinations that most waits for, or those with a text in their name.

    Suspended ones come first, also when nothing waits for them.
    """
    rows = tx.rows(_by_lane(tx.now))
    found: dict[str, Destination] = {
        name: Destination(domain=name, suspension=one)
        for name, one in suspensions.current(tx).items()
    }
    for row in rows:
        name = domain_of(row.lane)
        _count(found.setdefault(name, Destination(domain=name)), row)
    wanted = [one for one in found.values() if domain in one.domain]
    wanted.sort(key=lambda one: (one.suspension is None, -one.waiting, one.domain))
    shown = wanted[:most]
    _look_closer(tx, shown)
    return _depth(tx, rows), shown


def depth(tx: Tx) -> Depth:
    """The whole queue."""
    return _depth(tx, tx.rows(_by_lane(tx.now)))


def look(tx: Tx, domain: str) -> Destination:
    """One destination; with nothing waiting when it is unknown."""
    found = Destination(domain=domain, suspension=suspensions.find(tx, domain))
    for row in tx.rows(_by_lane(tx.now).where(goes_to(domain))):
        _count(found, row)
    _look_closer(tx, [found])
    return found


def drop(tx: Tx, domain: str) -> int:
    """Take everything that waits for a destination off the queue for good; how many copies.

    A message stays Queued only while copies of it wait for other destinations.
    """
    mine = select(recipients.c.message_key).where(_IS_QUEUED, goes_to(domain))
    of = recipients.alias()
    others = select(of.c.message_key).where(
        of.c.message_key == messages.c.key,
        of.c.state == literal_column("'queued'"),
        of.c.lane.not_in(lanes_of(domain)),
    )
    left = update(messages).where(
        messages.c.status == MessageStatus.QUEUED,
        messages.c.key.in_(mine),
        not_(exists(others)),
    )
    tx.run(left.values(status=MessageStatus.SENT))
    rows = update(recipients).where(_IS_QUEUED, goes_to(domain))
    return tx.run(rows.values(state=RecipientState.DROPPED, lease=None))


def _by_lane(now: datetime) -> Any:
    columns = recipients.c
    return (
        select(
            columns.lane,
            func.count().label("waiting"),
            func.sum(case((columns.due_at <= now, 1), else_=0)).label("due"),
            func.min(columns.due_at).label("next_at"),
            func.min(columns.message_key).label("oldest"),
        )
        .where(_IS_QUEUED)
        .group_by(columns.lane)
    )


def _depth(tx: Tx, rows: Sequence[Row[Any]]) -> Depth:
    times = _received(tx, [min(row.oldest for row in rows)]) if rows else {}
    return Depth(
        waiting=sum(row.waiting for row in rows),
        due=int(sum(row.due for row in rows)),
        destinations=len({domain_of(row.lane) for row in rows}),
        oldest_at=next(iter(times.values()), None),
    )


def _count(one: Destination, row: Row[Any]) -> None:
    one.lanes.append(row.lane)
    one.waiting += row.waiting
    one.bulk += row.waiting if is_bulk(row.lane) else 0
    one.due += int(row.due)
    one.next_at = min(one.next_at or row.next_at, row.next_at)
    one.oldest_key = min(one.oldest_key or row.oldest, row.oldest)


def _look_closer(tx: Tx, shown: Sequence[Destination]) -> None:
    """Add what only some rows of each destination tell."""
    held = _held(tx, [lane for one in shown for lane in one.lanes])
    times = _received(tx, [one.oldest_key for one in shown if one.oldest_key])
    for one in shown:
        one.in_hand = sum(held.get(lane, 0) for lane in one.lanes)
        one.oldest_at = times.get(one.oldest_key)
        for lane in one.lanes:
            _sample(tx, one, lane)


def _held(tx: Tx, lanes: Sequence[str]) -> dict[str, int]:
    """How many copies are in hand, by lane: they are due within the time of a lease, so few rows are looked at."""
    columns = recipients.c
    query = (
        select(columns.lane, func.count().label("copies"))
        .where(_IS_QUEUED, columns.lane.in_(lanes))
        .where(columns.due_at > tx.now, columns.due_at <= tx.now + LEASE)
        .where(columns.lease.is_not(None))
        .group_by(columns.lane)
    )
    return {row.lane: row.copies for row in tx.rows(query)} if lanes else {}


def _received(tx: Tx, keys: Sequence[int]) -> dict[int, datetime]:
    query = select(messages.c.key, messages.c.received_at).where(messages.c.key.in_(keys))
    return {row.key: row.received_at for row in tx.rows(query)} if keys else {}


def _sample(tx: Tx, one: Destination, lane: str) -> None:
    columns = recipients.c
    query = (
        select(columns.attempts, columns.last_reply)
        .where(_IS_QUEUED, columns.lane == lane)
        .order_by(columns.due_at)
        .limit(SAMPLED)
    )
    for row in tx.rows(query):
        if row.attempts > one.tries:
            one.tries, one.last_reply = row.attempts, row.last_reply or ""
