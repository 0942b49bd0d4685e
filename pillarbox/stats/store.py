"""The daily counters in the database.

Everything counts twice: in the row of its tag, and in the row for all mail, whose tag is "". So a question without
a tag reads a few rows a day, however many tags there are. A customer with a tag for each message costs one row of
at most a few hundred bytes a message, as long as the statistics live.

Each connection to PostgreSQL counts in rows of its own (`counter`): transactions never wait for each other, and so
never in a circle. Reading adds them up; those of past days are folded into one.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    String,
    Table,
    delete,
    func,
    select,
    tuple_,
    update,
)

from pillarbox.stats.model import LONGEST_NAME, Kind, Range, Sent, tag_key
from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import TextEnum

# In both tables the primary key serves every question: a Server's tag (or all mail), then a range of days.
daily_sent = Table(
    "daily_sent",
    metadata,
    Column("server_id", Integer, primary_key=True, autoincrement=False),
    Column("tag", String(LONGEST_NAME), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("stream_key", Integer, primary_key=True, autoincrement=False),
    Column("counter", BigInteger, primary_key=True, autoincrement=False),
    Column("sent", BigInteger, nullable=False),
    Column("tracked", BigInteger, nullable=False),
    Column("with_open_tracking", BigInteger, nullable=False),
    Column("with_link_tracking", BigInteger, nullable=False),
    Column("links", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

daily_counts = Table(
    "daily_counts",
    metadata,
    Column("server_id", Integer, primary_key=True, autoincrement=False),
    Column("tag", String(LONGEST_NAME), primary_key=True),
    Column("kind", TextEnum(Kind), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("stream_key", Integer, primary_key=True, autoincrement=False),
    Column("name", String(LONGEST_NAME), primary_key=True),
    Column("counter", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

FOLDED = -1
"""The counter of past days, which is nobody's own."""
_SUMS = ("sent", "tracked", "with_open_tracking", "with_link_tracking", "links")
_SENT = ("server_id", "tag", "day", "stream_key", "counter", *_SUMS)
_COUNT = ("server_id", "tag", "kind", "day", "stream_key", "name", "counter", "count")

SentKey = tuple[int, str, int, int]
"""Server, tag key, day, stream."""
CountKey = tuple[int, str, str, int, int, str]
"""Server, tag key, kind, day, stream, name."""


def add_sent(tx: Tx, sums: Mapping[SentKey, Sent]) -> None:
    """Count messages that were taken in."""
    own = dialect.own_counter(tx.connection)
    rows = [
        (
            *key,
            own,
            add.sent,
            add.tracked,
            add.with_open_tracking,
            add.with_link_tracking,
            add.links,
        )
        for key, add in sorted(sums.items())
    ]
    tx.add_many(daily_sent, _SENT, rows, added=_SUMS)


def add_counts(tx: Tx, counts: Mapping[CountKey, int]) -> None:
    """Count anything else."""
    own = dialect.own_counter(tx.connection)
    rows = [(*key, own, count) for key, count in sorted(counts.items())]
    tx.add_many(daily_counts, _COUNT, rows, added=("count",))


def list_sent(tx: Tx, wanted: Range) -> dict[int, Sent]:
    """What was sent on each day that has anything, oldest first."""
    at = daily_sent.c
    query = (
        select(at.day, *(func.sum(at[name]).label(name) for name in _SUMS))
        .where(*_conditions(daily_sent, wanted))
        .group_by(at.day)
        .order_by(at.day)
    )
    return {day: Sent(*map(int, sums)) for day, *sums in tx.rows(query)}


def list_counts(tx: Tx, wanted: Range, kind: Kind) -> dict[int, dict[str, int]]:
    """The counters of one kind by name, for each day that has any, oldest first."""
    at = daily_counts.c
    query = (
        select(at.day, at.name, func.sum(at["count"]).label("number"))
        .where(at.kind == kind, *_conditions(daily_counts, wanted))
        .group_by(at.day, at.name)
        .order_by(at.day)
    )
    found: dict[int, dict[str, int]] = {}
    for row in tx.rows(query):
        found.setdefault(row.day, {})[row.name] = int(row.number)
    return found


def total_counts(
    tx: Tx, wanted: Range, kinds: Collection[Kind] = tuple(Kind)
) -> dict[Kind, dict[str, int]]:
    """The counters of these kinds over all days: for each kind its names."""
    at = daily_counts.c
    query = (
        select(at.kind, at.name, func.sum(at["count"]).label("number"))
        .where(at.kind.in_(kinds), *_conditions(daily_counts, wanted))
        .group_by(at.kind, at.name)
    )
    found: dict[Kind, dict[str, int]] = {kind: {} for kind in Kind}
    for row in tx.rows(query):
        found[row.kind][row.name] = int(row.number)
    return found


def fold_sent(tx: Tx, before: int, limit: int) -> int:
    """Put some counters of days before that one together; how many rows were found to fold."""
    return _fold(tx, daily_sent, _SENT, _SUMS, before, limit)


def fold_counts(tx: Tx, before: int, limit: int) -> int:
    """The same for the counters of anything else."""
    return _fold(tx, daily_counts, _COUNT, ("count",), before, limit)


def _fold(
    tx: Tx, table: Table, columns: tuple[str, ...], sums: tuple[str, ...], before: int, limit: int
) -> int:
    """Rows that somebody is counting in at this moment are left for the next call: nobody waits for another."""
    if dialect.is_sqlite(tx.connection):
        return 0  # one writer, one counter
    width, key = len(columns) - len(sums), table.primary_key.columns
    some = select(*key).where(table.c.day < before, table.c.counter != FOLDED).limit(limit)
    taken = tuple_(*key).in_(some.with_for_update(skip_locked=True))
    rows = tx.rows(delete(table).where(taken).returning(*(table.c[name] for name in columns)))
    folded: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        total = folded.setdefault((*row[: width - 1], FOLDED), [0] * len(sums))
        total[:] = [have + more for have, more in zip(total, row[width:], strict=True)]
    new = [(*place, *total) for place, total in sorted(folded.items())]
    tx.add_many(table, columns, new, added=sums)
    return len(rows)


def delete_of_server(tx: Tx, server_id: int, limit: int) -> int:
    """Delete counters of a Server; how many rows were found."""
    found = 0
    for table in (daily_sent, daily_counts):
        key = table.primary_key.columns
        own = select(*key).where(table.c.server_id == server_id).limit(limit)
        found += tx.run(delete(table).where(tuple_(*key).in_(own)))
    return found


def _conditions(table: Table, wanted: Range) -> list[ColumnElement[bool]]:
    at: Any = table.c
    found = [at.server_id == wanted.server_id, at.tag == tag_key(wanted.tag)]
    if wanted.stream_key is not None:
        found.append(at.stream_key == wanted.stream_key)
    if wanted.since is not None:
        found.append(at.day >= wanted.since)
    if wanted.until is not None:
        found.append(at.day <= wanted.until)
    return found


def rename_tag(tx: Tx, server_id: int, tag: str, new: str) -> None:
    """Count under another tag what was counted under this one."""
    for table in (daily_sent, daily_counts):
        own = (table.c.server_id == server_id, table.c.tag == tag_key(tag))
        tx.run(update(table).where(*own).values(tag=tag_key(new)))
