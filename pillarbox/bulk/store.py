"""Bulk requests in the database: a row that tells how far each is, and what it brought along until it is used up.

`released + failed` is the mark: so many of the request's messages, from the first, are dealt with. It moves only
in the transaction that keeps those messages.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from pillarbox.bulk.model import Content, Entry, Request
from pillarbox.bulk.pack import unpack_content, unpack_entries
from pillarbox.errors import Problem, Refused
from pillarbox.ids import ServerId, first_key, key_of
from pillarbox.servers.store.tables import servers
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import UtcTime

TOPIC = "bulk"

_PENDING = text("finished_at IS NULL")

requests = Table(
    "bulk_requests",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False),
    Column(
        "server_id", Integer, nullable=False
    ),  # the rows of a removed Server are purged in steps
    Column("submitted_at", UtcTime, nullable=False),
    Column("subject", Text),
    Column("total", Integer, nullable=False),
    Column("released", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("finished_at", UtcTime),
    Index("ix_bulk_requests_server", "server_id", "key"),
    Index(
        "ix_bulk_requests_pending",
        "server_id",
        "key",
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    ),
)
contents = Table(
    "bulk_contents",
    metadata,
    Column(
        "request_key",
        ForeignKey("bulk_requests.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("packed", LargeBinary, nullable=False),
)
parts = Table(
    "bulk_parts",
    metadata,
    Column(
        "request_key",
        ForeignKey("bulk_requests.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("packed", LargeBinary, nullable=False),
)

Part = tuple[int, bytes]
"""Packed entries, with the number of entries before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What a request still has to do next: entries from its mark on, to the end of a part."""

    request: Request
    content: Content
    position: int
    """Of the part they stand in."""
    entries: list[Entry]


def keep(tx: Tx, request: Request, content: bytes, packed: Sequence[Part]) -> None:
    """Keep a new request with all that it brought along, and call for it to be worked on."""
    row = {
        "key": request.key,
        "id": request.id,
        "server_id": request.server_id,
        "submitted_at": request.submitted_at,
        "subject": request.subject,
        "total": request.total,
        "released": 0,
        "failed": 0,
    }
    tx.run(insert(requests), row)
    tx.run(insert(contents), {"request_key": request.key, "packed": content})
    tx.insert_many(
        parts,
        ("request_key", "position", "packed"),
        [(request.key, position, part) for position, part in packed],
    )
    tx.wake(TOPIC)


def get(tx: Tx, server_id: ServerId, request_id: str) -> Request:
    """The request of this Server with this id. Refuses BULK_NOT_FOUND."""
    key = key_of(request_id)
    row = None if key is None else tx.first(select(requests).where(requests.c.key == key))
    if row is None or row.server_id != server_id or row.id != request_id.lower():
        raise Refused(Problem.BULK_NOT_FOUND)
    return _request(row)


def list_newest(tx: Tx, server_id: ServerId, *, before: int | None, count: int) -> list[Request]:
    """The Server's requests older than a key, newest first."""
    query = select(requests).where(requests.c.server_id == server_id)
    if before is not None:
        query = query.where(requests.c.key < before)
    return [_request(row) for row in tx.rows(query.order_by(requests.c.key.desc()).limit(count))]


def next_server(tx: Tx, after: int, leaving_out: Collection[int]) -> ServerId | None:
    """The next Server, going round by id, that has a request to work on."""
    query = select(func.min(requests.c.server_id)).where(_PENDING)
    if leaving_out:
        query = query.where(requests.c.key.not_in(leaving_out))
    found = tx.scalar(query.where(requests.c.server_id > after)) or tx.scalar(query)
    return None if found is None else ServerId(found)


def next_key(tx: Tx, server_id: ServerId, after: int, leaving_out: Collection[int]) -> int | None:
    """The key of the Server's next request to work on, going round by age."""
    query = select(func.min(requests.c.key)).where(_PENDING, requests.c.server_id == server_id)
    if leaving_out:
        query = query.where(requests.c.key.not_in(leaving_out))
    found: int | None = tx.scalar(query.where(requests.c.key > after)) or tx.scalar(query)
    return found


def find_rest(tx: Tx, key: int) -> Rest | None:
    """What a request has to do next; None when it is finished or its Server is gone."""
    query = (
        select(requests, contents.c.packed.label("content"), parts.c.position, parts.c.packed)
        .join(contents, contents.c.request_key == requests.c.key)
        .join(parts, parts.c.request_key == requests.c.key)
        .join(servers, servers.c.id == requests.c.server_id)
        .where(requests.c.key == key)
        .order_by(parts.c.position)
        .limit(1)
    )
    row = tx.first(query)
    if row is None:
        return None
    request = _request(row)
    return Rest(
        request=request,
        content=unpack_content(row.content),
        position=row.position,
        entries=unpack_entries(row.packed)[request.done - row.position :],
    )


def move_mark(tx: Tx, request: Request, *, released: int, failed: int) -> bool:
    """Count messages of a request as dealt with; False when somebody else has meanwhile moved its mark."""
    mine = update(requests).where(
        requests.c.key == request.key,
        requests.c.released == request.released,
        requests.c.failed == request.failed,
    )
    counts: dict[str, Any] = {
        "released": request.released + released,
        "failed": request.failed + failed,
    }
    if request.done + released + failed == request.total:
        counts["finished_at"] = tx.now
    return tx.run(mine.values(counts)) == 1


def drop_part(tx: Tx, key: int, position: int) -> None:
    """Forget entries whose messages are made."""
    tx.run(delete(parts).where(parts.c.request_key == key, parts.c.position == position))


def drop_content(tx: Tx, key: int) -> None:
    """Forget the content of a request that is finished."""
    tx.run(delete(contents).where(contents.c.request_key == key))


def delete_old(tx: Tx, before: datetime, limit: int) -> int:
    """Delete some of the finished requests of before an instant; how many."""
    at = requests.c
    old = select(at.key).where(at.key < first_key(before), at.finished_at.is_not(None))
    some = old.order_by(at.key).limit(limit).scalar_subquery()
    return tx.run(delete(requests).where(at.key.in_(some)))


def delete_of_server(tx: Tx, server_id: int, limit: int) -> int:
    """Delete some of the requests of a removed Server, and before that what they brought along; how many rows."""
    own = select(requests.c.key).where(requests.c.server_id == server_id)
    key = tx.scalar(own.join(parts, parts.c.request_key == requests.c.key).limit(1))
    if key is None:
        return tx.run(delete(requests).where(requests.c.key.in_(own.limit(limit))))
    mine = parts.c.request_key == key
    some = select(parts.c.position).where(mine).limit(limit)
    return tx.run(delete(parts).where(mine, parts.c.position.in_(some)))


def is_pending(tx: Tx, *, until: datetime) -> bool:
    """Whether a request that was handed in until then has messages still to be made."""
    query = select(requests.c.key).where(_PENDING, requests.c.submitted_at <= until)
    return tx.first(query.limit(1)) is not None


def _request(row: Row[Any]) -> Request:
    return Request(
        key=row.key,
        id=row.id,
        server_id=ServerId(row.server_id),
        submitted_at=row.submitted_at,
        subject=row.subject,
        total=row.total,
        released=row.released,
        failed=row.failed,
    )
