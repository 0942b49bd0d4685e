"""Suppressions in the database.

An address whose data were removed stays held back without being known: such suppressions stand in a table of
their own, under a hash of the address.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    Integer,
    Row,
    String,
    Table,
    delete,
    func,
    literal,
    select,
    tuple_,
    type_coerce,
)

from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import TextEnum, UtcTime
from pillarbox.suppressions.model import Origin, Reason, Suppression, SuppressionSearch

suppressions = Table(
    "suppressions",
    metadata,
    Column("stream_key", Integer, primary_key=True),
    Column("address", String(320), primary_key=True),
    Column("reason", TextEnum(Reason), nullable=False),
    Column("origin", TextEnum(Origin), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    # The order of the list; it holds all columns, so that a filter costs no look at the rows.
    Index("ix_suppressions_stream", "stream_key", "created_at", "address", "reason", "origin"),
    Index("ix_suppressions_address", "address"),
)
erased_suppressions = Table(
    "erased_suppressions",
    metadata,
    Column("stream_key", Integer, primary_key=True),
    Column("hash", String(64), primary_key=True),
    Column("reason", TextEnum(Reason), nullable=False),
    Column("origin", TextEnum(Origin), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

Pair = tuple[int, str]
"""A stream's key and a lower-cased address."""

_REASONS = {reason.value: reason for reason in Reason}
_ORIGINS = {origin.value: origin for origin in Origin}
_KEY = ("stream_key", "address")
_ERASED_KEY = ("stream_key", "hash")
_PAIRS_AT_ONCE = 400
_MARK = (None, None)


def held_back(tx: Tx, pairs: Iterable[Pair]) -> set[Pair]:
    """Those of the pairs that are suppressed."""
    wanted = list(pairs)
    # One more row says whether there are erased ones at all: mostly there are none, and nothing is hashed.
    rows = tx.find_many(suppressions, _KEY, wanted, unless_empty=erased_suppressions)
    found = set(rows)
    if _MARK in found:
        found.remove(_MARK)
        for start in range(0, len(wanted), _PAIRS_AT_ONCE):
            found.update(_erased(tx, wanted[start : start + _PAIRS_AT_ONCE]))
    return found


def find_all(tx: Tx, stream_key: int, addresses: Collection[str]) -> dict[str, Suppression]:
    """The suppressions of these lower-cased addresses in a stream, erased ones too."""
    pairs = [(stream_key, address) for address in addresses]
    found = {pair[1]: suppression for pair, suppression in _erased(tx, pairs).items()}
    at = suppressions.c
    query = select(suppressions).where(at.stream_key == stream_key, at.address.in_(addresses))
    # What was added after an erasure is a complaint, and outranks it.
    return found | {row.address: _suppression(row) for row in tx.rows(query)}


def insert(tx: Tx, new: Sequence[Suppression]) -> set[Pair]:
    """Hold addresses back; those that were not before. A complaint takes the place of any earlier reason."""
    fresh = [one for one in new if one.reason is not Reason.SPAM_COMPLAINT]
    known = held_back(tx, [_pair(one) for one in new])
    fresh = [one for one in fresh if _pair(one) not in known]
    complaints = [one for one in new if one.reason is Reason.SPAM_COMPLAINT]
    added = {_pair(one) for one in complaints} - known
    insertion = dialect.insert(tx.connection, suppressions)
    if fresh:
        statement = insertion.values([_values(one) for one in fresh])
        kept = statement.on_conflict_do_nothing(index_elements=_KEY)
        added |= {(row[0], row[1]) for row in tx.rows(kept.returning(*suppressions.primary_key))}
    for one in complaints:
        statement = insertion.values(_values(one))
        tx.run(statement.on_conflict_do_update(index_elements=_KEY, set_=_values(one)))
    return added


def remove(tx: Tx, stream_key: int, addresses: Collection[str]) -> set[str]:
    """Send to these lower-cased addresses again; those of them that were held back."""
    at, erased = suppressions.c, erased_suppressions.c
    own = delete(suppressions).where(at.stream_key == stream_key, at.address.in_(addresses))
    removed = {row.address for row in tx.rows(own.returning(at.address))}
    hashes = {address_hash(address): address for address in addresses}
    hidden = delete(erased_suppressions).where(
        erased.stream_key == stream_key, erased.hash.in_(hashes)
    )
    return removed | {hashes[row.hash] for row in tx.rows(hidden.returning(erased.hash))}


def newest(
    tx: Tx, wanted: SuppressionSearch, *, after: Suppression | None, limit: int
) -> list[Suppression]:
    """The suppressions that match and come after `after`, newest first; erased ones are not listed."""
    at = suppressions.c
    stored = (at.address, type_coerce(at.reason, String), type_coerce(at.origin, String))
    query = select(*stored, at.created_at).where(*_conditions(wanted))
    if after is not None:
        here = tuple_(literal(after.created_at, UtcTime), literal(after.address))
        query = query.where(tuple_(at.created_at, at.address) < here)
    query = query.order_by(at.created_at.desc(), at.address.desc()).limit(limit)
    return [
        Suppression(
            stream_key=wanted.stream_key,
            address=address,
            reason=_REASONS[reason],
            origin=_ORIGINS[origin],
            created_at=created_at,
        )
        for address, reason, origin, created_at in tx.rows(query)
    ]


def count(tx: Tx, stream_keys: Collection[int]) -> dict[int, int]:
    """How many addresses each of these streams holds back; erased ones are not counted."""
    at = suppressions.c
    query = (
        select(at.stream_key, func.count().label("number"))
        .where(at.stream_key.in_(stream_keys))
        .group_by(at.stream_key)
    )
    return {row.stream_key: int(row.number) for row in tx.rows(query)}


def count_found(tx: Tx, wanted: SuppressionSearch) -> int:
    """How many suppressions match; erased ones are not counted."""
    matching = select(func.count()).select_from(suppressions).where(*_conditions(wanted))
    return int(tx.scalar(matching))


def erase(tx: Tx, address: str) -> int:
    """Forget a lower-cased address, yet go on holding it back: only its hash stays. How many streams held it."""
    of_address = suppressions.c.address == address
    held = [_values(_suppression(row)) for row in tx.rows(select(suppressions).where(of_address))]
    for values in held:
        values["hash"] = address_hash(values.pop("address"))
        statement = dialect.insert(tx.connection, erased_suppressions).values(values)
        tx.run(statement.on_conflict_do_update(index_elements=_ERASED_KEY, set_=values))
    return tx.run(delete(suppressions).where(of_address)) if held else 0


def address_hash(address: str) -> str:
    """What stands for an address that was erased."""
    return hashlib.sha256(f"pillarbox suppression {address}".encode()).hexdigest()


def _erased(tx: Tx, pairs: Sequence[Pair]) -> dict[Pair, Suppression]:
    hashes = {(stream, address_hash(address)): (stream, address) for stream, address in pairs}
    columns = tuple_(erased_suppressions.c.stream_key, erased_suppressions.c.hash)
    query = select(erased_suppressions).where(columns.in_(list(hashes)))
    found = {}
    for row in tx.rows(query):
        pair = hashes[row.stream_key, row.hash]
        found[pair] = Suppression(
            stream_key=row.stream_key,
            address=pair[1],
            reason=row.reason,
            origin=row.origin,
            created_at=row.created_at,
        )
    return found


def _conditions(wanted: SuppressionSearch) -> list[ColumnElement[bool]]:
    at = suppressions.c
    equal = {at.reason: wanted.reason, at.origin: wanted.origin, at.address: wanted.address}
    found = [at.stream_key == wanted.stream_key]
    found += [column == value for column, value in equal.items() if value is not None]
    if wanted.since is not None:
        found.append(at.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(at.created_at <= wanted.until)
    if wanted.part is not None:
        found.append(at.address.contains(wanted.part.lower(), autoescape=True))
    return found


def _pair(suppression: Suppression) -> Pair:
    return suppression.stream_key, suppression.address


def _values(suppression: Suppression) -> dict[str, Any]:
    return {column.name: getattr(suppression, column.name) for column in suppressions.c}


def _suppression(row: Row[Any]) -> Suppression:
    return Suppression(**row._asdict())


def delete_of_stream(tx: Tx, stream_key: int, limit: int) -> int:
    """Delete suppressions of a stream, complaints and erased ones too; how many were found."""
    found = 0
    for table, key in ((suppressions, "address"), (erased_suppressions, "hash")):
        of_stream = table.c.stream_key == stream_key
        own = select(table.c[key]).where(of_stream).limit(limit)
        found += tx.run(delete(table).where(of_stream, table.c[key].in_(own)))
    return found
