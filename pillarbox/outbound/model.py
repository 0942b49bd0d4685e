"""Outbound messages: as handed in, as checked and composed, and as kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from pillarbox.ids import MessageKey
from pillarbox.mail.address import Address
from pillarbox.servers.model import Server, Stream, TrackLinks
from pillarbox.templates.fill import Filling


class MessageStatus(StrEnum):
    """Whether the delivery has taken a message up yet. Events, not this, tell what came of it."""

    QUEUED = "Queued"
    SENT = "Sent"


class RecipientState(StrEnum):
    """Where one recipient's copy stands."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    SUPPRESSED = "suppressed"
    DROPPED = "dropped"


class UnsubscribeLink(StrEnum):
    """What becomes of unsubscribe links when copies are made."""

    MANAGED = "managed"
    """Header fields, placeholders, and a footer where there is no placeholder."""
    PLACEHOLDER = "placeholder"
    """Only placeholders are filled in."""


@dataclass(slots=True, kw_only=True)
class Attachment:
    """An attachment as handed in; `content` is still base64 text (None when it was not given)."""

    name: str | None
    content: str | None
    content_type: str | None = None
    content_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Draft:
    """A message as handed in by the API: nothing checked yet. None and "" both mean: not given.

    With a `template` the texts come from there; then none of its own may be given, not even an empty one.
    """

    sender: str | None = None
    to: str | None = None
    cc: str | None = None
    bcc: str | None = None
    reply_to: str | None = None
    subject: str | None = None
    tag: str | None = None
    html: str | None = None
    text: str | None = None
    headers: list[tuple[str | None, str | None]] = field(default_factory=list)
    track_opens: bool | None = None
    track_links: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    stream: str | None = None
    template: Filling | None = None


class Recipients(Struct, frozen=True, kw_only=True, gc=False):
    """Who a message goes to."""

    to: list[Address]
    cc: list[Address]
    bcc: list[Address]

    def all(self) -> list[Address]:
        """To, then Cc, then Bcc, with repetitions."""
        return [*self.to, *self.cc, *self.bcc]

    def distinct(self) -> list[Address]:
        """Each address once, in that order."""
        return list({address.key: address for address in reversed(self.all())}.values())[::-1]


@dataclass(slots=True, kw_only=True)
class Prepared:
    """A message that passed all checks that need no database, composed and ready to be kept.

    `render_error` says why its template could not be filled: then it bounces instead of leaving.
    """

    key: MessageKey
    message_id: str
    server: Server
    stream: Stream
    received_at: datetime
    sender: Address
    sender_text: str
    recipients: Recipients
    subject: str
    tag: str | None
    metadata: dict[str, str]
    attachments: list[str]
    track_opens: bool
    track_links: TrackLinks
    bounce_type: str | None
    body_form: int
    raw: bytes
    render_error: str | None = None
    links: int = 0
    """How many different links of it are tracked."""
    unsubscribe: UnsubscribeLink | None = None


class Accepted(Struct, frozen=True, gc=False):
    """A message that is kept; `inactive` are addresses it will not go to."""

    message_id: str
    submitted_at: datetime
    inactive: tuple[str, ...] = ()


class Message(Struct, frozen=True, kw_only=True, gc=False):
    """An outbound message as kept. A frozen dataclass takes eight times as long to make; lists are long."""

    key: MessageKey
    message_id: str
    server_id: int
    stream_key: int
    stream: str
    received_at: datetime
    sender: Address
    recipients: Recipients
    subject: str
    tag: str | None
    metadata: dict[str, str]
    attachments: list[str]
    track_opens: bool
    track_links: TrackLinks
    status: MessageStatus
    is_sandboxed: bool
    body_form: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Filters of the outbound list; None means any. Instants are inclusive."""

    server_id: int
    stream_key: int | None = None
    recipient: str | None = None
    sender: str | None = None
    tag: str | None = None
    status: MessageStatus | None = None
    since: datetime | None = None
    until: datetime | None = None
    subject: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()


ERASED_DOMAIN = "erased.invalid"
"""The domain of the addresses that stand where those of data removals stood."""


def lane_of(domain: str, *, is_bulk: bool) -> str:
    """The lane of the queue for a destination: bulk mail waits in a lane of its own."""
    return f"{domain} bulk" if is_bulk else domain


def lanes_of(domain: str) -> list[str]:
    """Both lanes of a destination."""
    return [lane_of(domain, is_bulk=False), lane_of(domain, is_bulk=True)]


def is_bulk(lane: str) -> bool:
    """Whether a lane holds bulk mail."""
    return lane.endswith(" bulk")


def domain_of(lane: str) -> str:
    """The destination domain of a lane."""
    return lane.removesuffix(" bulk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What webhooks repeat of a message."""

    message_id: str
    tag: str | None
    metadata: Mapping[str, str]
