"""What people see: where messages stand, and one message with all that is known of it. See also `activity`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, literal_column, select

from pillarbox.events.model import EventType
from pillarbox.events.store import events
from pillarbox.ids import key_of
from pillarbox.outbound.model import Message, RecipientState
from pillarbox.outbound.store import rows
from pillarbox.outbound.store.tables import messages, recipients
from pillarbox.servers.store.tables import servers
from pillarbox.storage.tx import Tx

CROWD_COUNTED = 1000
_QUEUED: ColumnElement[str] = literal_column("'queued'")  # so that the index of what waits serves
_WAS_TRIED: ColumnElement[bool] = literal_column("recipients.attempts > 0").label("was_tried")


@dataclass(slots=True, kw_only=True)
class Standing:
    """How many of a message's copies are in which state, and which kinds of events there were."""

    queued: int = 0
    deferred: int = 0
    delivered: int = 0
    bounced: int = 0
    suppressed: int = 0
    dropped: int = 0
    events: set[EventType] = field(default_factory=set)

    @property
    def total(self) -> int:
        """The number of copies."""
        return (
            self.queued
            + self.deferred
            + self.delivered
            + self.bounced
            + self.suppressed
            + self.dropped
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One recipient's copy: where it stands, and when it is due while it waits."""

    position: int
    email: str
    lane: str
    state: RecipientState
    due_at: datetime
    is_in_hand: bool
    attempts: int
    last_reply: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What else is in a lane of the queue: copies in hand, and copies that are due."""

    in_hand: int
    due: int


def standings(tx: Tx, keys: Sequence[int]) -> dict[int, Standing]:
    """Where each of these messages stands."""
    found = {key: Standing() for key in keys}
    columns = (recipients.c.message_key, recipients.c.state, _WAS_TRIED)
    counts = (
        select(*columns, func.count().label("copies"))
        .where(recipients.c.message_key.in_(keys))
        .group_by(*columns)
    )
    for row in tx.rows(counts):
        is_deferred = row.state is RecipientState.QUEUED and row.was_tried
        name = "deferred" if is_deferred else row.state.value
        standing = found[row.message_key]
        setattr(standing, name, getattr(standing, name) + row.copies)
    kinds = select(events.c.message_key, events.c.type).where(events.c.message_key.in_(keys))
    for row in tx.rows(kinds.distinct()):
        found[row.message_key].events.add(row.type)
    return found


def find(tx: Tx, message_id: str) -> Message | None:
    """The message with this MessageID, whatever its Server."""
    key = key_of(message_id)
    if key is None:
        return None
    message = rows.find(tx, key)
    return message if message and message.message_id == message_id.lower() else None


def neighbours(tx: Tx, key: int) -> tuple[str | None, str | None]:
    """The MessageIDs of the message before (newer) and the one after (older), by key."""
    ids = select(messages.c.message_id).limit(1)
    newer = tx.scalar(ids.where(messages.c.key > key).order_by(messages.c.key))
    older = tx.scalar(ids.where(messages.c.key < key).order_by(messages.c.key.desc()))
    return newer, older


def copies(tx: Tx, message_key: int) -> list[Copy]:
    """The copies of a message, in the order of its recipients."""
    query = select(recipients).where(recipients.c.message_key == message_key)
    return [
        Copy(
            position=row.position,
            email=row.email,
            lane=row.lane,
            state=row.state,
            due_at=row.due_at,
            is_in_hand=row.lease is not None,
            attempts=row.attempts,
            last_reply=row.last_reply,
        )
        for row in tx.rows(query.order_by(recipients.c.position))
    ]


def crowd(tx: Tx, lane: str) -> Crowd:
    """How busy a lane is; no more than CROWD_COUNTED of each are counted."""
    columns = recipients.c
    own = select(columns.message_key).where(columns.lane == lane, columns.state == _QUEUED)
    held = own.where(columns.lease.is_not(None)).limit(CROWD_COUNTED)
    due = own.where(columns.lease.is_(None), columns.due_at <= tx.now).limit(CROWD_COUNTED)
    in_hand, waiting = (
        int(tx.scalar(select(func.count()).select_from(some.subquery()))) for some in (held, due)
    )
    return Crowd(in_hand=in_hand, due=waiting)


def version(tx: Tx, message_key: int) -> tuple[object, ...]:
    """A value that differs as soon as anything has happened to a message."""
    last = tx.scalar(select(func.max(events.c.id)).where(events.c.message_key == message_key))
    columns = recipients.c
    query = select(columns.state, columns.attempts, columns.due_at, columns.lease)
    rows = tx.rows(query.where(columns.message_key == message_key).order_by(columns.position))
    return (last, *map(tuple, rows))


def is_empty(tx: Tx) -> bool:
    """Whether there is no message at all."""
    return tx.first(select(messages.c.key).limit(1)) is None


def server_names(tx: Tx) -> dict[int, str]:
    """The name of every Server by id, in order."""
    query = select(servers.c.id, servers.c.name).order_by(servers.c.id)
    return {row.id: row.name for row in tx.rows(query)}
