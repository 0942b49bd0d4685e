"""A database as it looks after 60 busy days, made of rows, not mail: a million messages take minutes.

Rows go straight into the stores' tables, with keys and times spread evenly over the days; then the chores are done
that would have been done meanwhile. Three Servers share the
mail; the first has most of it, so that what it asks meets both its own rows and those of others.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from pillarbox.bench.messages import ID_HEADER, bench_id, recipient
from pillarbox.bounces import store as bounces
from pillarbox.bounces.model import BounceSearch
from pillarbox.events import store as events
from pillarbox.ids import first_key, message_id
from pillarbox.outbound import pack
from pillarbox.outbound.model import MessageStatus, RecipientState
from pillarbox.outbound.store import blocks, tables
from pillarbox.retention import tidy
from pillarbox.servers.model import NewServer, Server
from pillarbox.servers.store import servers
from pillarbox.stats import store as stats
from pillarbox.stats.model import ALL, UNIQUE, Kind, date_of, day_number, day_of
from pillarbox.storage.db import Database
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import dump_json, micros
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Origin, Reason

DAYS, YEAR = 60, 365
RARE_SUBJECT = "Zahlungserinnerung"
RARE_TAG, COUNTED_TAG = "audit", "receipt"
_RARE_EVERY, _QUEUED_EVERY, _BOUNCE_EVERY = 25_000, 5000, 50
_NEVER = 10**15  # microseconds: nothing of this is ever delivered
_QUEUED_SINCE = timedelta(hours=1)  # enough for a key of its own in each millisecond
_CHUNK = 5000
_PEOPLE = 50_000
_SUPPRESSED = 2000
_CONNECTIONS = 7  # that have counted on one day, on PostgreSQL
_UNFOLDED = 3  # days of which their counters are not put together yet
_STREAMS = ("outbound", "outbound", "outbound", "broadcast")
_SENDERS = (
    "shop@sender.bench.example",
    "billing@sender.bench.example",
    "team@sender.bench.example",
)
_TAGS = ("receipt", "welcome", "reset", "invoice", "shipped", "digest", "survey", None, None)
_SUBJECTS = (
    "Your order {n} is on its way",
    "Receipt for order {n}",
    "Reset your password",
    "Welcome to the Garden Club",
    "Invoice {n} is ready for you",
    "Three things to plant this week",
    "Someone answered your question about tomatoes",
)
_TYPES = ("HardBounce", "SoftBounce", "Transient", "Blocked", "SpamComplaint", "DnsError")
_RAW = "From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\r\nHello.\r\n"

_MESSAGE = (
    "key message_id server_id stream_key received_at status is_sandboxed sender sender_key subject tag "
    "tag_key recipients metadata track_opens track_links body_form size_bytes"
)
_RECIPIENT = (
    "message_key position server_id stream_key email address_key state lane due_at attempts"
)
_EVENT = "server_id stream_key message_key recipient type at details"
_BOUNCE = (
    "server_id stream_key type at is_inactive message_key message_id email email_key sender subject tag "
    "tag_key details rule content"
)

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Filled:
    """What there is to ask for: the newest message and bounces of the first Server."""

    message_id: str
    bounce_ids: list[int]


@dataclass(slots=True)
class _Rows:
    messages: Rows
    contents: Rows
    metadata: Rows
    recipients: Rows
    events: Rows
    bounces: Rows

    def insert(self, tx: Tx) -> None:
        """Write everything down."""
        tx.insert_many(tables.messages, _names(_MESSAGE), self.messages)
        tx.insert_many(tables.contents, ("message_key", "raw"), self.contents)
        names = ("server_id", "name", "value", "message_key")
        tx.insert_many(tables.message_metadata, names, self.metadata)
        tx.insert_many(tables.recipients, _names(_RECIPIENT), self.recipients)
        tx.insert_many(events.events, _names(_EVENT), self.events)
        tx.insert_many(bounces.bounces, _names(_BOUNCE), self.bounces)


@dataclass(frozen=True, slots=True)
class _Message:
    key: int
    message_id: str
    server_id: int
    stream_key: int
    at: int
    sender: str
    subject: str
    tag: str | None
    to: list[str]

    def row(self, metadata: dict[str, str], size: int, *, is_queued: bool) -> tuple[Any, ...]:
        """The row of the message itself."""
        return (
            *(self.key, self.message_id, self.server_id, self.stream_key, self.at),
            (MessageStatus.QUEUED if is_queued else MessageStatus.SENT).value,
            *(False, self.sender, self.sender, self.subject, self.tag, self.tag),
            dump_json([[[email, ""] for email in self.to], [], []]),
            dump_json(metadata) if metadata else None,
            *(False, "None", 1, size),
        )

    def bounce(self, kind: str) -> tuple[Any, ...]:
        """The row of a bounce of the message."""
        return (
            *(self.server_id, self.stream_key, kind, self.at, kind == "HardBounce"),
            *(self.key, self.message_id, self.to[0], self.to[0], self.sender, self.subject),
            *(self.tag, self.tag, "smtp;550 5.1.1 user unknown", "bench", None),
        )


def fill(db: Database, *, messages: int) -> Filled:
    """Fill an empty installation. The first Server must be there."""
    now = db.clock.now()
    with db.transaction() as tx:
        everybody = [servers.list_servers(tx)[0]]
        everybody += [
            servers.insert_server(tx, NewServer(name=f"Bench {number}")) for number in (1, 2)
        ]
    last, rng = "", Random(1)  # noqa: S311 - the same data in every run
    step = timedelta(days=DAYS) / messages
    for start in range(0, messages, _CHUNK):
        rows = _Rows([], [], [], [], [], [])
        for number in range(start, min(start + _CHUNK, messages)):
            name = _add(rows, everybody, number, now - (messages - number) * step, rng)
            last = name if _is_first(number) else last
        with db.transaction() as tx:
            rows.insert(tx)
    with db.transaction() as tx:
        _hold_back(tx, everybody[0], now)
        _count(tx, everybody[0], now, connections=1 if db.is_sqlite else _CONNECTIONS)
    _do_chores(db)
    with db.transaction() as tx:
        _, found = bounces.search(tx, BounceSearch(server_id=everybody[0].id), count=20, offset=0)
    return Filled(message_id=last, bounce_ids=[bounce.id for bounce in found])


def fill_queue(db: Database, *, run: str, messages: int, domains: int) -> None:
    """Add messages of a run (bench/messages) of the first Server that are due now. The lanes get them in turn."""
    now = db.clock.now() - _QUEUED_SINCE
    with db.transaction() as tx:
        server = servers.list_servers(tx)[0]
    stream = server.streams["outbound"].key
    sender = _SENDERS[0]
    for start in range(0, messages, _CHUNK):
        rows = _Rows([], [], [], [], [], [])
        for number in range(start, min(start + _CHUNK, messages)):
            at = now + timedelta(milliseconds=number)
            key, email = first_key(at), recipient(number, domains)
            place = (key, message_id(key), server.id, stream, micros(at))
            message = _Message(*place, sender, _SUBJECTS[2], None, [email])
            raw = f"{ID_HEADER}: {bench_id(run, number)}\r\n" + _RAW.format(
                sender=sender, to=email, subject=message.subject
            )
            rows.messages.append(message.row({}, len(raw), is_queued=True))
            rows.contents.append((key, raw.encode()))
            _add_copy(rows, message, 0, email, due_at=message.at)
        with db.transaction() as tx:
            rows.insert(tx)


def address(number: int) -> str:
    """One of the people who got mail."""
    return f"person{number % _PEOPLE}@d{number % 200}.bench.example"


def _is_first(number: int) -> bool:
    """Whether a message is the first Server's."""
    return number % 10 < 7


def _names(columns: str) -> tuple[str, ...]:
    return tuple(columns.split())


def _add(rows: _Rows, everybody: Sequence[Server], number: int, at: datetime, rng: Random) -> str:
    """The rows of one message; its MessageID."""
    server = everybody[0 if _is_first(number) else 1 + number % 2]
    stream = server.streams[rng.choice(_STREAMS)].key
    key = first_key(at)
    name, when = message_id(key), micros(at)
    is_rare = number % _RARE_EVERY == 0
    tag = RARE_TAG if is_rare else rng.choice(_TAGS)
    subject = RARE_SUBJECT if is_rare else rng.choice(_SUBJECTS).format(n=number)
    sender = rng.choice(_SENDERS)
    to = [address(person) for person in rng.sample(range(_PEOPLE), 1 + (number % 5 == 0))]
    metadata = {"order": str(number), "shop": f"s{rng.randrange(40)}"} if number % 3 == 0 else {}
    raw = _RAW.format(sender=sender, to=", ".join(to), subject=subject).encode()
    message = _Message(key, name, server.id, stream, when, sender, subject, tag, to)
    rows.messages.append(message.row(metadata, len(raw), is_queued=number % _QUEUED_EVERY == 0))
    rows.contents.append((key, raw))
    rows.metadata += [(server.id, field, value, key) for field, value in metadata.items()]
    for position, email in enumerate(to):
        due_at = message.at + _NEVER if number % _QUEUED_EVERY == 0 else None
        _add_copy(rows, message, position, email, due_at=due_at)
    if number % _BOUNCE_EVERY == 0:
        rows.bounces.append(message.bounce(_TYPES[number // _BOUNCE_EVERY % len(_TYPES)]))
    return name


def _add_copy(
    rows: _Rows, message: _Message, position: int, email: str, *, due_at: int | None
) -> None:
    """A copy that is delivered, or due at an instant."""
    place = (message.server_id, message.stream_key)
    state = RecipientState.DELIVERED if due_at is None else RecipientState.QUEUED
    due, attempts = (message.at, 1) if due_at is None else (due_at, 0)
    queue = (state.value, email.partition("@")[2], due, attempts)
    rows.recipients.append((message.key, position, *place, email, email, *queue))
    if due_at is None:
        details = '{"DeliveryMessage":"smtp;250 OK","DestinationServer":"mx","DestinationIP":""}'
        rows.events.append(
            (*place, message.key, email, "Delivered", message.at + 1_000_000, details)
        )


def _do_chores(db: Database) -> None:
    """Pack subjects and fold counters, each step in a transaction of its own as the chores do it."""

    def repeat(step: Callable[[Tx], object]) -> None:
        is_left: object = True
        while is_left:
            with db.transaction() as tx:
                is_left = step(tx)

    now = db.clock.now()
    before = first_key(now - pack.LEFT_ALONE)
    with db.transaction() as tx:
        due = blocks.list_due(tx, before=before)
    for server_id, stream_key in due:
        repeat(partial(blocks.pack_next, server_id=server_id, stream_key=stream_key, before=before))
    for step in tidy.STEPS:
        repeat(step)


def _hold_back(tx: Tx, server: Server, now: datetime) -> None:
    columns = ("stream_key", "address", "reason", "origin", "created_at")
    facts = (Reason.HARD_BOUNCE.value, Origin.RECIPIENT.value, micros(now))
    stream = server.streams["outbound"].key
    rows = [(stream, f"gone{number}@bench.example", *facts) for number in range(_SUPPRESSED)]
    tx.insert_many(suppressions.suppressions, columns, rows)


def _count(tx: Tx, server: Server, now: datetime, *, connections: int) -> None:
    """Counters of a year, for all mail and for one tag, as several connections would have left them."""
    today = date_of(day_of(now))
    for day in range(YEAR + 5):
        on = day_number(today - timedelta(days=day))
        places = [
            (server.id, tag, on, server.streams[slug].key, own)
            for tag in ("", COUNTED_TAG)
            for slug in ("outbound", "broadcast")
            for own in (range(connections) if day < _UNFOLDED else (stats.FOLDED,))
        ]
        sums = "sent tracked with_open_tracking with_link_tracking links"
        columns = _names(f"server_id tag day stream_key counter {sums}")
        tx.insert_many(stats.daily_sent, columns, [(*place, 90, 9, 5, 5, 20) for place in places])
        rows = [
            (server_id, tag, kind.value, on, stream, name, own, 3)
            for server_id, tag, on, stream, own in places
            for kind, name in _names_of_counters()
        ]
        columns = _names("server_id tag kind day stream_key name counter count")
        tx.insert_many(stats.daily_counts, columns, rows)


def _names_of_counters() -> Iterator[tuple[Kind, str]]:
    yield from ((Kind.BOUNCES, kind) for kind in _TYPES)
    for kind in (Kind.OPENS, Kind.CLICKS):
        yield from ((kind, name) for name in (ALL, UNIQUE))
    for kind in (Kind.OPEN_PLATFORMS, Kind.CLICK_PLATFORMS):
        yield from ((kind, name) for name in ("Desktop", "Mobile", "Unknown"))
    yield from ((Kind.EMAIL_CLIENTS, f"Client {number}") for number in range(5))
    yield from ((Kind.READ_TIMES, f"{number}s") for number in range(5))
    yield from ((Kind.BROWSERS, f"Browser {number}") for number in range(5))
    yield from ((Kind.CLICK_LOCATIONS, name) for name in ("HTML", "Text"))
