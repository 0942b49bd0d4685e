"""Bounces in the database, and how many of each type a Server has ever had.

The numbers are kept apart from the bounces: delivery statistics cover the whole history of a Server, the bounces
do not.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    case,
    delete,
    func,
    literal,
    select,
    text,
    update,
)

from pillarbox.bounces.model import TYPES, Bounce, BounceSearch, BounceType, NewBounce
from pillarbox.errors import Problem, Refused
from pillarbox.outbound.store.tables import messages
from pillarbox.servers.store.tables import streams
from pillarbox.stats.model import LONGEST_NAME, tag_key
from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import TextEnum, UtcTime

FIRST_ID = 1_000_000_001  # small numbers serve client libraries as "does not exist"
LAST_ID = (1 << 53) - 1  # larger ones are no integers in JavaScript
DUMP_KEPT = timedelta(days=30)
_WITH_CONTENT = text("content IS NOT NULL")

bounces = Table(
    "bounces",
    metadata,
    Column(
        "id",
        BigInteger().with_variant(Integer, "sqlite"),
        Identity(start=FIRST_ID),
        primary_key=True,
    ),
    Column("server_id", Integer, nullable=False),
    Column("stream_key", Integer, nullable=False),
    Column("type", TextEnum(BounceType), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("is_inactive", Boolean, nullable=False),
    Column("message_key", BigInteger),
    Column("message_id", String(36)),  # NULL when there is none, so that those are never the same
    Column("email", String(320), nullable=False),
    Column("email_key", String(320), nullable=False),
    Column("sender", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("tag", Text),
    Column("tag_key", String(LONGEST_NAME)),  # a tag may be too long for an index
    Column("details", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("content", LargeBinary),
    Index("ix_bounces_server", "server_id", "at", "id"),
    Index("ix_bounces_stream", "server_id", "stream_key", "at", "id"),
    Index("ix_bounces_type", "server_id", "stream_key", "type", "at", "id"),
    Index(
        "ix_bounces_tag",
        "server_id",
        "tag_key",
        "at",
        "id",
        sqlite_where=text("tag_key IS NOT NULL"),
        postgresql_where=text("tag_key IS NOT NULL"),
    ),
    Index(
        "ix_bounces_inactive",
        "stream_key",
        "email_key",
        sqlite_where=text("is_inactive = 1"),
        postgresql_where=text("is_inactive"),
    ),
    Index("ix_bounces_email", "email_key"),
    Index("ix_bounces_dump", "at", sqlite_where=_WITH_CONTENT, postgresql_where=_WITH_CONTENT),
    Index("uq_bounces_cause", "message_id", "email_key", "type", unique=True),
    sqlite_autoincrement=True,
)

# Each connection to PostgreSQL counts in a row of its own: transactions that record several bounces never wait for
# each other, and so never for each other in a circle.
bounce_totals = Table(
    "bounce_totals",
    metadata,
    Column("server_id", Integer, primary_key=True, autoincrement=False),
    Column("type", TextEnum(BounceType), primary_key=True),
    Column("counter", Integer, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
)

_FIRST_ON_SQLITE = text("""
    INSERT INTO sqlite_sequence (name, seq) SELECT 'bounces', :before
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'bounces')
""")
_HAS_CONTENT = func.length(bounces.c.content).is_not(None)  # asks SQLite for the length only
_LISTED = [column for column in bounces.c if column is not bounces.c.content]


def insert(tx: Tx, new: NewBounce) -> Bounce | None:
    """Keep a bounce and count it; None when its message, recipient and type are already known."""
    if dialect.is_sqlite(tx.connection):
        tx.run(_FIRST_ON_SQLITE, {"before": FIRST_ID - 1})
    tag = _storable(new.tag) if new.tag else None
    values = {
        "server_id": new.server_id,
        "stream_key": new.stream_key,
        "type": new.type,
        "at": new.at,
        "is_inactive": TYPES[new.type].deactivates,
        "message_key": new.message_key,
        "message_id": new.message_id.lower() or None,
        "email": _storable(new.email),
        "email_key": _storable(new.email).lower(),
        "sender": _storable(new.sender),
        "subject": _storable(new.subject),
        "tag": tag,
        "tag_key": tag_key(tag) or None,
        "details": _storable(new.details),
        "rule": new.rule,
        "content": None if new.content is None else new.content.encode("utf-8", "replace"),
    }
    statement = dialect.insert(tx.connection, bounces).values(values)
    key = tx.scalar(
        statement.on_conflict_do_nothing(
            index_elements=["message_id", "email_key", "type"]
        ).returning(bounces.c.id)
    )
    if key is None:
        return None
    _count_one(tx, new)
    return get(tx, new.server_id, key)


def exists(tx: Tx, *, message_id: str, email: str, type: BounceType) -> bool:  # noqa: A002 - the word for it
    """Whether this bounce of a message to a recipient is already known."""
    query = select(literal(1)).where(
        bounces.c.message_id == message_id.lower(),
        bounces.c.email_key == email.lower(),
        bounces.c.type == type,
    )
    return tx.first(query) is not None


def find(tx: Tx, server_id: int, bounce_id: int) -> Bounce | None:
    """The bounce of this Server with this id, with its content."""
    if not 0 < bounce_id <= LAST_ID:
        return None
    query = (
        select(bounces, _HAS_CONTENT.label("has_content"), streams.c.slug)
        .join(streams, streams.c.key == bounces.c.stream_key, isouter=True)
        .where(bounces.c.id == bounce_id, bounces.c.server_id == server_id)
    )
    row = tx.first(query)
    return None if row is None else _bounce(tx, row, row.content)


def get(tx: Tx, server_id: int, bounce_id: int) -> Bounce:
    """The same. Refuses BOUNCE_NOT_FOUND."""
    bounce = find(tx, server_id, bounce_id)
    if bounce is None:
        raise Refused(Problem.BOUNCE_NOT_FOUND)
    return bounce


def list_by_ids(tx: Tx, ids: Collection[int], *, with_content: bool) -> dict[int, Bounce]:
    """These bounces by id, with their contents or without; those that are gone are left out."""
    columns = [*_LISTED, bounces.c.content] if with_content else _LISTED
    query = (
        select(*columns, _HAS_CONTENT.label("has_content"), streams.c.slug)
        .join(streams, streams.c.key == bounces.c.stream_key, isouter=True)
        .where(bounces.c.id.in_(ids))
    )
    return {
        row.id: _bounce(tx, row, row.content if with_content else None) for row in tx.rows(query)
    }


def find_rule(tx: Tx, bounce_id: int) -> str:
    """What decided the type of a bounce, as `classify.Verdict.rule`; "" when it is not known."""
    return str(tx.scalar(select(bounces.c.rule).where(bounces.c.id == bounce_id)) or "")


def find_place(tx: Tx, bounce_id: int) -> tuple[int, int | None]:
    """The keys of the stream and the message of a bounce, which must exist."""
    query = select(bounces.c.stream_key, bounces.c.message_key).where(bounces.c.id == bounce_id)
    stream_key, message_key = tx.rows(query)[0]
    return stream_key, message_key


def search(tx: Tx, wanted: BounceSearch, *, count: int, offset: int) -> tuple[int, list[Bounce]]:
    """How many bounces match, and `count` of them after the `offset` newest, newest first, without content."""
    conditions = _conditions(wanted)
    total = tx.scalar(select(func.count()).select_from(bounces).where(*conditions))
    query = (
        select(*_LISTED, _HAS_CONTENT.label("has_content"), streams.c.slug)
        .join(streams, streams.c.key == bounces.c.stream_key, isouter=True)
        .where(*conditions)
        .order_by(bounces.c.at.desc(), bounces.c.id.desc())
        .limit(count)
        .offset(offset)
    )
    return total, [_bounce(tx, row, None) for row in tx.rows(query)]


def totals(tx: Tx, server_id: int) -> dict[BounceType, int]:
    """How many bounces of each type a Server has had, ever; types without any are left out."""
    at = bounce_totals.c
    query = select(at.type, func.sum(at.count).label("number")).where(at.server_id == server_id)
    found = {row.type: int(row.number) for row in tx.rows(query.group_by(at.type))}
    return {known: found[known] for known in TYPES if known in found}


def count_inactive(tx: Tx, server_id: int) -> int:
    """How many addresses of a Server are deactivated and could be activated again."""
    own = select(streams.c.key).where(streams.c.server_id == server_id)
    held = [known for known, facts in TYPES.items() if facts.deactivates and facts.can_activate]
    query = select(func.count(bounces.c.email_key.distinct())).where(
        bounces.c.stream_key.in_(own), bounces.c.is_inactive, bounces.c.type.in_(held)
    )
    return int(tx.scalar(query))


def list_tags(tx: Tx, server_id: int) -> list[str]:
    """The tags of a Server's messages that have bounced, in order.

    Goes from tag to tag in the index, so that it costs as many steps as there are tags, not bounces.
    """
    at = bounces.c
    own = select(func.min(at.tag_key)).where(at.server_id == server_id, at.tag_key.is_not(None))
    keys = own.cte("keys", recursive=True)
    following = own.where(at.tag_key > keys.c[0]).scalar_subquery()
    keys = keys.union_all(select(following).where(keys.c[0].is_not(None)))
    of_key = select(at.tag).where(at.server_id == server_id, at.tag_key == keys.c[0]).limit(1)
    tags = select(of_key.scalar_subquery()).where(keys.c[0].is_not(None))
    return sorted(row[0] for row in tx.rows(tags))


def mark_active(tx: Tx, stream_key: int, addresses: Sequence[str]) -> int:
    """Note that bounces no longer deactivate lower-cased addresses in a stream; how many did."""
    statement = update(bounces).where(
        bounces.c.stream_key == stream_key,
        bounces.c.email_key.in_(addresses),
        bounces.c.is_inactive,
    )
    return tx.run(statement.values(is_inactive=False))


def delete_of_stream(tx: Tx, server_id: int, stream_key: int, limit: int) -> int:
    """Delete bounces of a stream; how many were found."""
    own = select(bounces.c.id).where(
        bounces.c.server_id == server_id, bounces.c.stream_key == stream_key
    )
    return tx.run(delete(bounces).where(bounces.c.id.in_(own.limit(limit))))


def delete_dumps(tx: Tx, limit: int) -> int:
    """Forget some of the reports that are not shown any more; how many. The bounces stay."""
    at = bounces.c
    some = select(at.id).where(_WITH_CONTENT, at.at <= tx.now - DUMP_KEPT).limit(limit)
    statement = update(bounces).where(at.id.in_(some.scalar_subquery()))
    return tx.run(statement.values(content=None))


def delete_totals(tx: Tx, server_id: int) -> None:
    """Forget how many bounces a Server has had."""
    tx.run(delete(bounce_totals).where(bounce_totals.c.server_id == server_id))


def tags_naming(tx: Tx, address: str) -> set[tuple[int, str]]:
    """Server and tag of bounces of a lower-cased address whose tag contains it."""
    at = bounces.c
    names_it = func.lower(at.tag).contains(address, autoescape=True)
    rows = tx.rows(select(at.server_id, at.tag).where(at.email_key == address, names_it))
    return {(row.server_id, row.tag) for row in rows}


def erase_of_messages(tx: Tx, message_keys: Sequence[int], address: str) -> None:
    """Forget what bounces repeat of these messages: subject, report, a tag that names a lower-cased address."""
    at = bounces.c
    sent = select(messages.c.message_id).where(messages.c.key.in_(message_keys))
    names_it = func.lower(at.tag).contains(address, autoescape=True)
    statement = update(bounces).where(at.message_id.in_(sent))
    tx.run(
        statement.values(
            subject="",
            content=None,
            tag=case((names_it, None), else_=at.tag),
            tag_key=case((names_it, None), else_=at.tag_key),
        )
    )


def erase(tx: Tx, address: str, *, alias: str, limit: int) -> int:
    """Forget a lower-cased address, and what was said of it, in some bounces; how many."""
    at = bounces.c
    some = select(at.id).where(at.email_key == address).limit(limit)
    statement = update(bounces).where(at.id.in_(some.scalar_subquery()))
    erased = {"email": alias, "email_key": alias, "subject": "", "details": "", "content": None}
    is_sender = func.lower(at.sender) == address
    names_it = func.lower(at.tag).contains(address, autoescape=True)
    return tx.run(
        statement.values(
            erased
            | {
                "sender": case((is_sender, alias), else_=at.sender),
                "tag": case((names_it, None), else_=at.tag),
                "tag_key": case((names_it, None), else_=at.tag_key),
            }
        )
    )


def _count_one(tx: Tx, new: NewBounce) -> None:
    own = dialect.own_counter(tx.connection)
    values = {"server_id": new.server_id, "type": new.type, "counter": own, "count": 1}
    statement = dialect.insert(tx.connection, bounce_totals).values(values)
    tx.run(
        statement.on_conflict_do_update(
            index_elements=["server_id", "type", "counter"],
            set_={"count": bounce_totals.c.count + 1},
        )
    )


def _conditions(wanted: BounceSearch) -> list[ColumnElement[bool]]:
    at = bounces.c
    server: ColumnElement[int] = at.server_id
    stream: ColumnElement[int] = at.stream_key
    if wanted.message_id is not None:
        # The sums keep SQLite from choosing an index in which every bounce of the stream would be read.
        server, stream = server + 0, stream + 0
    equal: dict[ColumnElement[Any], object] = {
        server: wanted.server_id,
        stream: wanted.stream_key,
        at.type: wanted.type,
        at.is_inactive: wanted.inactive,
        at.tag_key: None if wanted.tag is None else tag_key(wanted.tag),
        at.message_id: None if wanted.message_id is None else wanted.message_id.lower(),
    }
    found = [column == value for column, value in equal.items() if value is not None]
    if wanted.email is not None:
        found.append(at.email_key.contains(wanted.email.lower(), autoescape=True))
    if wanted.since is not None:
        found.append(at.at >= wanted.since)
    if wanted.until is not None:
        found.append(at.at <= wanted.until)
    return found


def _storable(text: str) -> str:
    """Text without what PostgreSQL cannot keep: NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _bounce(tx: Tx, row: Row[Any], content: bytes | None) -> Bounce:
    has_dump = row.has_content and row.at > tx.now - DUMP_KEPT
    return Bounce(
        id=row.id,
        type=row.type,
        message_id=row.message_id or "",
        server_id=row.server_id,
        stream=row.slug or "",
        tag=row.tag,
        email=row.email,
        sender=row.sender,
        subject=row.subject,
        details=row.details,
        at=row.at,
        inactive=row.is_inactive,
        has_dump=has_dump,
        content=bytes(content).decode("utf-8") if content is not None and has_dump else None,
    )
