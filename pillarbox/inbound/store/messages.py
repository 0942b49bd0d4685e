"""Inbound messages in the database: their queue for the hook, the list, and their content apart.

A message whose hook is to be called is due at `due_at`; who takes it pushes that ahead and marks it with a lease,
as in the outbound queue. Every list is of one Server and one status, so each index begins with those; SQLite,
which prefers the index with most columns fixed, then starts from the filter that was asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
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
    literal_column,
    select,
    text,
    type_coerce,
    update,
)

from pillarbox.ids import MessageKey, first_key, key_of
from pillarbox.inbound.model import (
    Correspondent,
    InboundAttachment,
    InboundContent,
    InboundMessage,
    InboundSearch,
    InboundStatus,
)
from pillarbox.mail.charsets import storable
from pillarbox.servers.store.tables import servers, streams
from pillarbox.stats.model import LONGEST_NAME, tag_key
from pillarbox.storage.schema import metadata
from pillarbox.storage.text import contains
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import Json, TextEnum, UtcTime, dump_json, dump_strange_json, micros

TOPIC = "inbound"
LIST = "inbound list"
"""The topic that wakes when a list of messages would look different."""
LEASE = timedelta(seconds=60)
MAX_BYTES = 16 * 1024 * 1024  # of messages deleted at once
_BLOCKED = text("status = 'Blocked'")
_HASHED, _TAGGED, _DUE = (
    text("mailbox_hash <> ''"),
    text("tag_key <> ''"),
    text("due_at IS NOT NULL"),
)


def _index(name: str, column: str, condition: Any = None) -> Index:
    order = ("server_id", "status", column, "received_at", "key")
    if condition is None:
        return Index(name, *order)
    return Index(name, *order, sqlite_where=condition, postgresql_where=condition)


inbound_messages = Table(
    "inbound_messages",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", String(36), nullable=False),
    Column("server_id", Integer, nullable=False),
    Column("stream_key", Integer, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("status", TextEnum(InboundStatus), nullable=False),
    Column("blocked_reason", Text),
    Column("recipient", String(320), nullable=False),
    Column("recipient_key", String(320), nullable=False),
    Column("mailbox_hash", String(320), nullable=False),
    Column("sender", String(320), nullable=False),
    Column("sender_key", String(320), nullable=False),
    Column("sender_name", Text, nullable=False),
    Column("correspondents", Json, nullable=False),
    Column("reply_to", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("date", Text, nullable=False),
    Column("tag", Text, nullable=False),
    Column("tag_key", String(LONGEST_NAME), nullable=False, server_default=""),
    Column("attachments", Json, nullable=False),
    Column("defects", Json),
    Column("size_bytes", Integer, nullable=False),
    Column("due_at", UtcTime),
    Column("lease", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("last_outcome", Text),
    Index("ix_inbound_status", "server_id", "status", "received_at", "key"),
    _index("ix_inbound_recipient", "recipient_key"),
    _index("ix_inbound_sender", "sender_key"),
    _index("ix_inbound_hash", "mailbox_hash", _HASHED),
    _index("ix_inbound_tag", "tag_key", _TAGGED),
    Index("ix_inbound_blocked", "received_at", sqlite_where=_BLOCKED, postgresql_where=_BLOCKED),
    Index("ix_inbound_due", "server_id", "due_at", sqlite_where=_DUE, postgresql_where=_DUE),
)
inbound_contents = Table(
    "inbound_contents",
    metadata,
    Column(
        "message_key",
        ForeignKey("inbound_messages.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("raw", LargeBinary, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("stripped_reply", Text, nullable=False),
    Column("headers", Json, nullable=False),
)


class New(Struct, frozen=True, kw_only=True, gc=False):
    """A message to keep; its hook is called from `due_at` on, or never by itself."""

    message: InboundMessage
    content: InboundContent
    due_at: datetime | None = None


def insert(
    tx: Tx, batch: Sequence[New], leases: Mapping[MessageKey, int] = MappingProxyType({})
) -> None:
    """Keep messages; those with a lease are in hand, as if they had been claimed."""
    rows = [_row(tx, new, leases.get(new.message.key)) for new in batch]
    tx.insert_many(inbound_messages, tuple(_MESSAGE), rows)
    contents = [_content_row(new.message.key, new.content) for new in batch]
    tx.insert_many(inbound_contents, _CONTENT, contents)
    if batch:
        tx.wake(LIST)
    queued = [new.message for new in batch if new.due_at and new.message.key not in leases]
    lanes = {str(message.server_id) for message in queued}
    if lanes:
        tx.wake(TOPIC, *lanes)


def insert_message(
    tx: Tx, message: InboundMessage, content: InboundContent, *, due_at: datetime | None = None
) -> None:
    """Keep one message."""
    insert(tx, [New(message=message, content=content, due_at=due_at)])


def last_key(tx: Tx) -> int:
    """The newest key that is kept; 0 for none."""
    return int(tx.scalar(select(func.max(inbound_messages.c.key))) or 0)


def delete_of_server(tx: Tx, server_id: int, limit: int) -> int:
    """Delete messages of a Server with their contents; how many were found."""
    at = inbound_messages.c
    own = select(at.key).where(at.server_id == server_id).limit(limit)
    return tx.run(delete(inbound_messages).where(at.key.in_(own)))


def delete_old(tx: Tx, before: datetime, *, blocked_before: datetime, limit: int) -> int:
    """Delete some of the messages of before an instant, or blocked ones of before another; how many."""
    at = inbound_messages.c
    query = select(at.key, at.size_bytes).limit(limit)
    found = [
        *tx.rows(query.where(at.key < first_key(before)).order_by(at.key)),
        *tx.rows(query.where(_BLOCKED, at.received_at < blocked_before).order_by(at.received_at)),
    ]
    sizes = accumulate(row.size_bytes for row in found)
    fitting = sum(1 for size in sizes if size <= MAX_BYTES)
    keys = {row.key for row in found[: max(fitting, 1)]}
    return tx.run(delete(inbound_messages).where(at.key.in_(keys))) if keys else 0


def erase(tx: Tx, address: str, *, limit: int) -> int:
    """Delete some of the messages from or to a lower-cased address, in all Servers; how many."""
    at = inbound_messages.c
    everywhere = (at.server_id.in_(select(servers.c.id)), at.status.in_(list(InboundStatus)))
    found = 0
    for column in (at.sender_key, at.recipient_key):
        some = select(at.key).where(*everywhere, column == address).limit(limit)
        found += tx.run(delete(inbound_messages).where(at.key.in_(some)))
    return found


def find_addressed(tx: Tx, address: str, *, limit: int) -> list[int]:
    """Keys of messages that have a lower-cased address in To, Cc or Bcc; reads through all of them."""
    addressed = func.lower(type_coerce(inbound_messages.c.correspondents, Text))
    names_it = addressed.contains(dump_json(address), autoescape=True)
    query = select(inbound_messages.c.key).where(names_it).limit(limit)
    return [row.key for row in tx.rows(query)]


def delete_messages(tx: Tx, keys: Sequence[int]) -> int:
    """Delete messages by their keys; how many."""
    return tx.run(delete(inbound_messages).where(inbound_messages.c.key.in_(keys)))


def find(tx: Tx, server_id: int, message_id: str) -> InboundMessage | None:
    """The message of this Server with this MessageID."""
    key = key_of(message_id)
    if key is None:
        return None
    row = tx.first(joined().where(inbound_messages.c.key == key))
    if row is None or row.server_id != server_id or row.message_id != message_id.lower():
        return None
    return message_of(row)


def find_by_key(tx: Tx, key: int) -> InboundMessage | None:
    """The message with this key."""
    row = tx.first(joined().where(inbound_messages.c.key == key))
    return None if row is None else message_of(row)


def find_content(tx: Tx, key: MessageKey) -> InboundContent:
    """Source, bodies and headers of a message; all empty once they are no longer kept."""
    row = tx.first(select(inbound_contents).where(inbound_contents.c.message_key == key))
    if row is None:
        return InboundContent(raw=b"")
    return InboundContent(
        raw=bytes(row.raw),
        text=row.text,
        html=row.html,
        stripped_reply=row.stripped_reply,
        headers=tuple((name, value) for name, value in row.headers),
    )


def search(
    tx: Tx, wanted: InboundSearch, *, count: int, offset: int
) -> tuple[int, list[InboundMessage]]:
    """How many messages match, and `count` of them after the `offset` newest, newest first."""
    conditions = _conditions(tx, wanted)
    at = inbound_messages.c
    total = tx.scalar(select(func.count()).select_from(inbound_messages).where(*conditions))
    keys = (
        select(at.key)
        .where(*conditions)
        .order_by(at.received_at.desc(), at.key.desc())
        .limit(count)
        .offset(offset)
    )
    found = [row.key for row in tx.rows(keys)]
    rows = {row.key: row for row in tx.rows(joined().where(at.key.in_(found)))} if found else {}
    return int(total), [message_of(rows[key]) for key in found]


def reschedule(tx: Tx, key: MessageKey, before: Sequence[InboundStatus]) -> bool:
    """Have the hook called now and anew, if the message is in one of these states; whether it was."""
    at = inbound_messages.c
    statement = (
        update(inbound_messages)
        .where(at.key == key, at.status.in_(before))
        .values(status=InboundStatus.SCHEDULED, due_at=tx.now, lease=None, attempts=0)
        .returning(at.server_id)
    )
    row = tx.first(statement)
    if row is not None:
        tx.wake(TOPIC, str(row.server_id))
        tx.wake(LIST)
    return row is not None


def _conditions(tx: Tx, wanted: InboundSearch) -> list[ColumnElement[bool]]:
    at = inbound_messages.c
    found = [at.server_id == wanted.server_id, at.status == wanted.status]
    equal = {
        at.stream_key: wanted.stream_key,
        at.recipient_key: _lower(wanted.recipient),
        at.sender_key: _lower(wanted.sender),
        at.mailbox_hash: wanted.mailbox_hash,
        at.tag_key: None if wanted.tag is None else tag_key(wanted.tag),
    }
    found += [column == value for column, value in equal.items() if value is not None]
    for column in (at.mailbox_hash, at.tag_key):
        if equal[column]:  # a partial index is used only when its condition is repeated
            found.append(column != literal_column("''"))
    if wanted.since is not None:
        found.append(at.received_at >= wanted.since)
    if wanted.until is not None:
        found.append(at.received_at <= wanted.until)
    if wanted.subject is not None:
        found.append(contains(tx.connection, at.subject, wanted.subject))
    return found


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


_MESSAGE = (
    "key message_id server_id stream_key received_at status blocked_reason recipient recipient_key mailbox_hash"
    " sender sender_key sender_name correspondents reply_to subject date tag tag_key attachments defects"
    " size_bytes due_at lease attempts"
).split()
_CONTENT = ("message_key", "raw", "text", "html", "stripped_reply", "headers")


def _row(tx: Tx, new: New, lease: int | None) -> tuple[Any, ...]:
    message, due_at = new.message, new.due_at if lease is None else tx.now + LEASE
    sender = storable(message.sender.email)
    return (
        message.key,
        message.message_id,
        message.server_id,
        message.stream_key,
        micros(message.received_at),
        message.status.value,
        message.blocked_reason,
        message.original_recipient,
        message.original_recipient.lower(),
        message.mailbox_hash,
        sender,
        sender.lower(),
        storable(message.sender.name),
        dump_strange_json([_pairs(message.to), _pairs(message.cc), _pairs(message.bcc)]),
        storable(message.reply_to),
        storable(message.subject),
        storable(message.date),
        storable(message.tag),
        tag_key(storable(message.tag)),
        dump_strange_json(
            [
                [one.name, one.content_type, one.content_id, one.length]
                for one in message.attachments
            ]
        ),
        dump_strange_json(list(message.defects)),
        len(new.content.raw),
        None if due_at is None else micros(due_at),
        lease,
        0,
    )


def _content_row(key: MessageKey, content: InboundContent) -> tuple[Any, ...]:
    return (
        key,
        content.raw,
        storable(content.text),
        storable(content.html),
        storable(content.stripped_reply),
        dump_strange_json(content.headers),
    )


def _pairs(addresses: Sequence[Correspondent]) -> list[list[str]]:
    return [[address.email, address.name] for address in addresses]


def joined() -> Any:
    """All messages with the names of their streams, for `message_of`."""
    at = inbound_messages
    return select(at, streams.c.slug).join(streams, streams.c.key == at.c.stream_key, isouter=True)


def message_of(row: Row[Any]) -> InboundMessage:
    """A row as a message."""
    to, cc, bcc = (
        tuple(Correspondent(email, name) for email, name in part) for part in row.correspondents
    )
    return InboundMessage(
        key=MessageKey(row.key),
        message_id=row.message_id,
        server_id=row.server_id,
        stream_key=row.stream_key,
        stream=row.slug or "",
        received_at=row.received_at,
        status=row.status,
        blocked_reason=row.blocked_reason,
        original_recipient=row.recipient,
        sender=Correspondent(row.sender, row.sender_name),
        to=to,
        cc=cc,
        bcc=bcc,
        reply_to=row.reply_to,
        subject=row.subject,
        date=row.date,
        tag=row.tag,
        attachments=tuple(
            InboundAttachment(name=name, content_type=kind, content_id=content_id, length=length)
            for name, kind, content_id, length in row.attachments
        ),
        defects=tuple(row.defects or ()),
    )
