"""Opens and clicks in the database.

Each can be found by a dozen things. Instead of an index for each of them there is a table of facets, a row for
every value of a hit, ordered by time within a value: one of the filters says where to start, the others are
looked up hit by hit.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    exists,
    func,
    select,
    tuple_,
    update,
)

from pillarbox.servers.store.tables import streams
from pillarbox.storage.schema import metadata
from pillarbox.storage.text import replaced
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import Json, TextEnum, UtcTime, dump_json, micros
from pillarbox.tracking.model import (
    LONGEST_FACET,
    ClickLocation,
    Hit,
    HitKind,
    HitSearch,
    Place,
    Platform,
    Product,
    facet_value,
    facets,
)

_FACETS_AT_ONCE = 200
_Id = BigInteger().with_variant(Integer, "sqlite")

hits = Table(
    "hits",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("kind", TextEnum(HitKind), nullable=False),
    Column("server_id", Integer, nullable=False),
    Column("stream_key", Integer, nullable=False),
    Column("message_key", BigInteger, nullable=False),
    Column("message_id", String(36), nullable=False),
    Column("recipient", String(320), nullable=False),
    Column("recipient_key", String(320), nullable=False),
    Column("tag", Text),
    Column("at", UtcTime, nullable=False),
    Column("platform", TextEnum(Platform), nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("read_seconds", Integer, nullable=False),
    Column("client", Json, nullable=False),
    Column("os", Json, nullable=False),
    Column("place", Json, nullable=False),
    Column("link", Text, nullable=False),
    Column("link_hash", String(64), nullable=False),
    Column("location", TextEnum(ClickLocation)),
    UniqueConstraint("message_key", "kind", "recipient_key", "link_hash", name="uq_hits_first"),
    Index("ix_hits_stream", "stream_key", "kind", "at", "id"),
)
_FIRST = ("message_key", "kind", "recipient_key", "link_hash")
_COLUMNS = tuple(column.name for column in hits.c if column.name != "id")
hit_facets = Table(
    "hit_facets",
    metadata,
    Column("stream_key", Integer, primary_key=True, autoincrement=False),
    Column("kind", TextEnum(HitKind), primary_key=True),
    Column("name", String(20), primary_key=True),
    Column("value", String(LONGEST_FACET), primary_key=True),
    Column("at", UtcTime, primary_key=True),
    Column("hit_id", _Id, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)


def insert_hits(tx: Tx, new: Sequence[Hit]) -> list[bool]:
    """Keep opens and clicks, each if it is its recipient's first; which are, in their order."""
    rows = [_row(hit) for hit in new]
    firsts = {_first(row): index for index, row in reversed(list(enumerate(rows)))}
    candidates = [rows[index] for index in sorted(firsts.values())]
    kept = tx.insert_new(hits, _COLUMNS, candidates, returning=(*_FIRST, "id"))
    ids = {firsts[row[:-1]]: row[-1] for row in kept}
    facet_rows = [
        (hit.stream_key, hit.kind.value, name, value, micros(hit.at), hit_id)
        for index, hit_id in ids.items()
        for hit in (new[index],)
        for name, value in sorted(facets(hit))
    ]
    tx.insert_many(hit_facets, tuple(hit_facets.c.keys()), facet_rows)
    return [index in ids for index in range(len(new))]


def insert_hit(tx: Tx, hit: Hit) -> bool:
    """The same for one."""
    return insert_hits(tx, [hit])[0]


def _first(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(row[_COLUMNS.index(name)] for name in _FIRST)


def delete_of_stream(tx: Tx, stream_key: int, limit: int) -> int:
    """Delete hits of a stream and their facets; how many rows were found."""
    found = 0
    for table in (hits, hit_facets):
        key = table.primary_key.columns
        own = select(*key).where(table.c.stream_key == stream_key).limit(limit)
        found += tx.run(delete(table).where(tuple_(*key).in_(own)))
    return found


def search(tx: Tx, wanted: HitSearch, *, count: int, offset: int) -> tuple[int, list[Hit]]:
    """How many hits match, and `count` of them after the `offset` newest, newest first."""
    if wanted.facets:
        query, at, key = _by_facets(wanted)
    else:
        at, key = hits.c.at, hits.c.id
        query = select(key).where(
            hits.c.stream_key == wanted.stream_key, hits.c.kind == wanted.kind
        )
    if wanted.since is not None:
        query = query.where(at >= wanted.since)
    if wanted.until is not None:
        query = query.where(at <= wanted.until)
    return _page(tx, query.order_by(at.desc(), key.desc()), count, offset)


def list_of_message(
    tx: Tx, message_key: int, kind: HitKind, *, count: int, offset: int
) -> tuple[int, list[Hit]]:
    """The same of one message."""
    query = select(hits.c.id).where(hits.c.message_key == message_key, hits.c.kind == kind)
    return _page(tx, query.order_by(hits.c.at.desc(), hits.c.id.desc()), count, offset)


def delete_old(tx: Tx, before: datetime, limit: int) -> int:
    """Delete some of the hits of before an instant; how many.

    They go in the order of their ids, which is that of time: the first that is younger ends it.
    """
    rows = tx.rows(_hits().order_by(hits.c.id).limit(limit))
    old = list(takewhile(lambda row: row.at < before, rows))
    _delete(tx, old)
    return len(old)


def erase_of_messages(tx: Tx, message_keys: Sequence[int], address: str, *, alias: str) -> None:
    """Forget the opens and clicks of one recipient, lower-cased, of these messages; others lose the address."""
    of_messages = hits.c.message_key.in_(message_keys)
    _delete(tx, tx.rows(_hits().where(of_messages, hits.c.recipient_key == address)))
    for column in (hits.c.link, hits.c.tag):
        names_it = func.lower(column).contains(address, autoescape=True)
        for row in tx.rows(select(hits.c.id, column.label("text")).where(of_messages, names_it)):
            text = replaced(row.text, address, alias)
            tx.run(update(hits).where(hits.c.id == row.id).values({column: text}))
            if column is hits.c.tag:
                facet = (hit_facets.c.hit_id == row.id, hit_facets.c.name == "tag")
                tx.run(update(hit_facets).where(*facet).values(value=facet_value("tag", text)))


def _hits() -> Select[Any]:
    return select(hits, streams.c.slug).join(
        streams, streams.c.key == hits.c.stream_key, isouter=True
    )


def _delete(tx: Tx, rows: Sequence[Row[Any]]) -> None:
    """Delete hits with their facets, which are found by what the hits say."""
    keys = [
        (row.stream_key, row.kind, name, value, row.at, row.id)
        for row in rows
        for name, value in facets(_hit(row))
    ]
    entry = tuple_(*hit_facets.primary_key.columns)
    for start in range(0, len(keys), _FACETS_AT_ONCE):
        part = keys[start : start + _FACETS_AT_ONCE]
        tx.run(delete(hit_facets).where(entry.in_(part)))
    if rows:
        tx.run(delete(hits).where(hits.c.id.in_([row.id for row in rows])))


def _by_facets(
    wanted: HitSearch,
) -> tuple[Select[tuple[int]], ColumnElement[Any], ColumnElement[int]]:
    """The query of hits with these facets; it starts from the one that tells most apart."""
    (name, value), *others = sorted(wanted.facets.items(), key=lambda item: _ORDER.index(item[0]))
    start = hit_facets.c
    query = select(start.hit_id).where(
        start.stream_key == wanted.stream_key,
        start.kind == wanted.kind,
        start.name == name,
        start.value == facet_value(name, value),
    )
    for other_name, other_value in others:
        other = hit_facets.alias()
        query = query.where(
            exists().where(
                other.c.stream_key == wanted.stream_key,
                other.c.kind == wanted.kind,
                other.c.name == other_name,
                other.c.value == facet_value(other_name, other_value),
                other.c.at == start.at,
                other.c.hit_id == start.hit_id,
            )
        )
    return query, start.at, start.hit_id


_ORDER = (
    "recipient",
    "city",
    "tag",
    "client_name",
    "region",
    "os_name",
    "country",
    "client_family",
    "client_company",
    "os_family",
    "os_company",
    "platform",
)


def _page(tx: Tx, query: Select[tuple[int]], count: int, offset: int) -> tuple[int, list[Hit]]:
    everything = query.order_by(None).with_only_columns(func.count(), maintain_column_froms=True)
    total = int(tx.scalar(everything))
    ids = [row[0] for row in tx.rows(query.limit(count).offset(offset))]
    if not ids:
        return total, []
    rows = tx.rows(_hits().where(hits.c.id.in_(ids)))
    found = {row.id: _hit(row) for row in rows}
    return total, [found[one] for one in ids]


def _row(hit: Hit) -> tuple[Any, ...]:
    """In the order of the columns."""
    return (
        hit.kind.value,
        hit.server_id,
        hit.stream_key,
        hit.message_key,
        hit.message_id,
        hit.recipient,
        hit.recipient.lower(),
        hit.tag,
        micros(hit.at),
        hit.platform.value,
        hit.user_agent,
        hit.read_seconds,
        dump_json([hit.client.name, hit.client.company, hit.client.family]),
        dump_json([hit.os.name, hit.os.company, hit.os.family]),
        dump_json(hit.place.known()),
        hit.link,
        hashlib.sha256(hit.link.encode("utf-8", "replace")).hexdigest(),
        hit.location and hit.location.value,
    )


def _hit(row: Row[Any]) -> Hit:
    return Hit(
        kind=row.kind,
        server_id=row.server_id,
        stream_key=row.stream_key,
        stream=row.slug or "",
        message_key=row.message_key,
        message_id=row.message_id,
        recipient=row.recipient,
        tag=row.tag,
        at=row.at,
        platform=row.platform,
        user_agent=row.user_agent,
        read_seconds=row.read_seconds,
        client=Product(*row.client),
        os=Product(*row.os),
        place=Place(**row.place),
        link=row.link,
        location=row.location,
    )
