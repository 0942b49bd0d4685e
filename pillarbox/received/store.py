"""Received mail in the database. A row is a mail for one recipient; rows of one SMTP transaction share the source.

Whoever takes a row pushes its `due_at` ahead and marks it with a lease; a process that dies leaves rows that are
simply due again. A row is gone once it is processed, and the source with the last of its rows.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    func,
    or_,
    select,
    text,
    update,
)

from pillarbox.ids import MessageKey, key_of
from pillarbox.received.model import Claimed, Received, Route, Target
from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import TextEnum, UtcTime, micros

TOPIC = "received"
SMALL = 256 * 1024
LEASE = timedelta(minutes=5)

_OF_SERVER = text("server_id IS NOT NULL")

received_mail = Table(
    "received_mail",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("content_key", BigInteger, nullable=False, index=True),
    Column("message_id", String(36), nullable=False),
    Column("route", TextEnum(Route), nullable=False),
    Column("server_id", Integer),
    Column("stream_key", Integer),
    Column("recipient", String(320), nullable=False),
    Column("recipient_key", String(320), nullable=False, index=True),  # lower-cased
    Column("mail_from", String(320), nullable=False),
    Column("sender_key", String(320), nullable=False, index=True),
    Column("peer_ip", String(45), nullable=False),
    Column("helo", String(255), nullable=False),
    Column("protocol", String(20), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("lease", BigInteger),
    Column("attempts", Integer, nullable=False),
    Index("ix_received_due", "route", "due_at"),
    Index("ix_received_server", "server_id", sqlite_where=_OF_SERVER, postgresql_where=_OF_SERVER),
)
received_contents = Table(
    "received_contents",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("raw", LargeBinary, nullable=False),
)
_MAIL = (
    "key content_key message_id route server_id stream_key recipient recipient_key mail_from"
    " sender_key peer_ip helo protocol size_bytes received_at due_at lease attempts"
).split()
# By every mail that was processed: to make these statements would cost more than to run them.
_TAKE_AWAY_SQLITE = (
    "DELETE FROM received_mail WHERE key = :key AND lease = :lease RETURNING key, content_key"
)
_TAKE_AWAY_POSTGRES = text("""
    DELETE FROM received_mail
    USING unnest(CAST(:keys AS bigint[]), CAST(:leases AS bigint[])) AS held(held_key, held_lease)
    WHERE key = held_key AND lease = held_lease
    RETURNING key, content_key
""")
_DROP_SQLITE = """
    DELETE FROM received_contents WHERE key = :key
    AND NOT EXISTS (SELECT 1 FROM received_mail WHERE content_key = :key)
"""
_DROP_POSTGRES = text("""
    DELETE FROM received_contents WHERE key = ANY(CAST(:keys AS bigint[]))
    AND NOT EXISTS (SELECT 1 FROM received_mail WHERE content_key = received_contents.key)
""")
_NO_LEASES: Mapping[MessageKey, int] = {}


def insert(
    tx: Tx,
    transactions: Sequence[Sequence[Received]],
    leases: Mapping[MessageKey, int] = _NO_LEASES,
) -> None:
    """Keep what SMTP transactions brought: the mails of each, which have one source.

    Those with a lease are in hand, as if they had been claimed.
    """
    sources = [(mails[0].key, mails[0].raw) for mails in transactions]
    tx.insert_many(received_contents, ("key", "raw"), sources)
    until = micros(tx.now + LEASE)
    rows = [
        _values(mail, mails[0].key, leases.get(mail.key), until)
        for mails in transactions
        for mail in mails
    ]
    tx.insert_many(received_mail, tuple(_MAIL), rows)
    if len(leases) < len(rows):
        tx.wake(TOPIC)


def last_key(tx: Tx) -> int:
    """The newest key that was ever kept here and still is; 0 for none."""
    return int(tx.scalar(select(func.max(received_mail.c.key))) or 0)


def is_waiting(tx: Tx, server_id: int, message_id: str) -> bool:
    """Whether mail for this Server that will have this MessageID waits to be processed."""
    at, key = received_mail.c, key_of(message_id)
    query = select(at.message_id).where(at.key == key, at.server_id == server_id)
    row = None if key is None else tx.first(query)
    return row is not None and row.message_id == message_id.lower()


def claim(tx: Tx, routes: Collection[Route], *, lease: int, limit: int) -> list[Claimed]:
    """Take mails that are due, oldest first; the source of large ones is left for later."""
    at = received_mail.c
    rows: list[Row[Any]] = []
    for route in routes:
        due = (
            select(at.key)
            .where(at.route == route, at.due_at <= tx.now)
            .order_by(at.due_at)
            .limit(limit - len(rows))
            .with_for_update(skip_locked=True)
        )
        taking = update(received_mail).where(at.key.in_(due.scalar_subquery()))
        taking = taking.values(lease=lease, due_at=tx.now + LEASE, attempts=at.attempts + 1)
        rows += tx.rows(taking.returning(received_mail)) if len(rows) < limit else []
    sources = _sources(tx, {row.content_key for row in rows if row.size_bytes <= SMALL})
    rows.sort(key=lambda row: row.key)
    return [_claimed(row, sources.get(row.content_key, b"")) for row in rows]


def load(tx: Tx, claimed: Claimed) -> Claimed:
    """The same with its source."""
    at = received_mail.c
    source = select(received_contents.c.raw).where(
        received_contents.c.key.in_(
            select(at.content_key).where(at.key == claimed.mail.key).scalar_subquery()
        )
    )
    raw = tx.scalar(source)
    mail = replace(claimed.mail, raw=b"" if raw is None else bytes(raw))
    return structs.replace(claimed, mail=mail)


def finish(tx: Tx, claimed: Sequence[Claimed]) -> set[MessageKey]:
    """Put mails away whose lease still holds; which these are. Nothing is kept of them here any more."""
    gone = _take_away(tx, [(one.mail.key, one.lease) for one in claimed])
    _drop_sources(tx, {content_key for _, content_key in gone})
    return {key for key, _ in gone}


def put_off(tx: Tx, claimed: Claimed, due_at: datetime) -> None:
    """Have a mail tried again later."""
    at = received_mail.c
    mine = update(received_mail).where(at.key == claimed.mail.key, at.lease == claimed.lease)
    tx.run(mine.values(lease=None, due_at=due_at))


def release_all(tx: Tx) -> None:
    """Make mails that were in hand due now: for a node that starts where there can be no other."""
    held = update(received_mail).where(received_mail.c.lease.is_not(None))
    tx.run(held.values(lease=None, due_at=tx.now))


def next_due(tx: Tx, routes: Collection[Route]) -> datetime | None:
    """When the next mail of these routes is due."""
    at = received_mail.c
    found = [tx.scalar(select(func.min(at.due_at)).where(at.route == route)) for route in routes]
    return min((due for due in found if due is not None), default=None)


def delete_of_server(tx: Tx, server_id: int, limit: int) -> int:
    """Delete mail for a Server that waits to be processed; how many mails were found."""
    at = received_mail.c
    some = select(at.key).where(at.server_id == server_id).limit(limit)
    return _delete(tx, at.key.in_(some))


def erase(tx: Tx, address: str, *, limit: int) -> int:
    """Delete some of the mail from or to a lower-cased address; how many."""
    at = received_mail.c
    named = or_(at.recipient_key == address, at.sender_key == address)
    return _delete(tx, at.key.in_(select(at.key).where(named).limit(limit)))


def _delete(tx: Tx, condition: Any) -> int:
    gone = tx.rows(delete(received_mail).where(condition).returning(received_mail.c.content_key))
    _drop_sources(tx, {row.content_key for row in gone})
    return len(gone)


def _drop_sources(tx: Tx, keys: Collection[int]) -> None:
    """Delete the sources that no mail needs any more."""
    if dialect.is_sqlite(tx.connection):
        dialect.sqlite_run(tx.connection, _DROP_SQLITE, [{"key": key} for key in keys])
    elif keys:
        tx.run(_DROP_POSTGRES, {"keys": list(keys)})


def _take_away(tx: Tx, held: Sequence[tuple[int, int]]) -> Sequence[tuple[MessageKey, int]]:
    """Delete the rows (key, lease) that are still held so; their keys and those of their sources."""
    rows: Sequence[Sequence[Any]] = ()
    if dialect.is_sqlite(tx.connection):
        each = [{"key": key, "lease": lease} for key, lease in held]
        rows = dialect.sqlite_rows(tx.connection, _TAKE_AWAY_SQLITE, each)
    elif held:
        keys, leases = zip(*held, strict=True)
        rows = tx.rows(_TAKE_AWAY_POSTGRES, {"keys": list(keys), "leases": list(leases)})
    return [(MessageKey(key), content_key) for key, content_key in rows]


def _sources(tx: Tx, keys: Collection[int]) -> dict[int, bytes]:
    at = received_contents.c
    if not keys:
        return {}
    return {
        row.key: bytes(row.raw) for row in tx.rows(select(at.key, at.raw).where(at.key.in_(keys)))
    }


def _values(mail: Received, content_key: int, lease: int | None, until: int) -> tuple[Any, ...]:
    at = micros(mail.received_at)
    return (
        mail.key,
        content_key,
        mail.message_id,
        mail.target.route.value,
        mail.target.server_id,
        mail.target.stream_key,
        mail.recipient,
        mail.recipient.lower(),
        mail.mail_from,
        mail.mail_from.lower(),
        mail.peer_ip,
        mail.helo,
        mail.protocol,
        len(mail.raw),
        at,
        at if lease is None else until,
        lease,
        0 if lease is None else 1,
    )


def _claimed(row: Row[Any], raw: bytes) -> Claimed:
    target = Target(route=row.route, server_id=row.server_id, stream_key=row.stream_key)
    mail = Received(
        key=MessageKey(row.key),
        message_id=row.message_id,
        target=target,
        recipient=row.recipient,
        mail_from=row.mail_from,
        peer_ip=row.peer_ip,
        helo=row.helo,
        protocol=row.protocol,
        received_at=row.received_at,
        raw=raw,
    )
    return Claimed(mail=mail, lease=row.lease, attempts=row.attempts, size_bytes=row.size_bytes)
