"""Servers and message streams as the program sees them. Source: spec servers-and-streams 1 and 4."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pillarbox.ids import ServerId, StreamKey

COLORS = ("Purple", "Blue", "Turquoise", "Green", "Red", "Yellow", "Grey", "Orange")
MAX_STREAMS = 10
KEPT_ARCHIVED = timedelta(days=45)
"""An archived stream can be brought back for so long; then it is removed."""


class DeliveryType(StrEnum):
    """Whether a Server's mail leaves."""

    LIVE = "Live"
    SANDBOX = "Sandbox"


class TrackLinks(StrEnum):
    """Which bodies get their links rewritten."""

    NONE = "None"
    HTML_AND_TEXT = "HtmlAndText"
    HTML_ONLY = "HtmlOnly"
    TEXT_ONLY = "TextOnly"

    @property
    def has_html(self) -> bool:
        """Whether links of the HTML body are."""
        return self in (TrackLinks.HTML_AND_TEXT, TrackLinks.HTML_ONLY)

    @property
    def has_text(self) -> bool:
        """Whether links of the text body are."""
        return self in (TrackLinks.HTML_AND_TEXT, TrackLinks.TEXT_ONLY)


class StreamType(StrEnum):
    """What a message stream carries."""

    TRANSACTIONAL = "Transactional"
    BROADCASTS = "Broadcasts"
    INBOUND = "Inbound"


class Unsubscribe(StrEnum):
    """Who handles unsubscribes of a stream."""

    NONE = "None"
    POSTMARK = "Postmark"
    CUSTOM = "Custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A message stream; `slug` is the ID on the wire, `key` the one inside."""

    key: StreamKey
    server_id: ServerId
    slug: str
    name: str
    type: StreamType
    unsubscribe: Unsubscribe
    description: str | None = None
    created_at: datetime
    updated_at: datetime | None = None
    archived_at: datetime | None = None

    @property
    def purge_at(self) -> datetime | None:
        """When it will be removed, if it is archived."""
        return None if self.archived_at is None else self.archived_at + KEPT_ARCHIVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A Server with everything that a request under its token needs."""

    id: ServerId
    name: str
    color: str = "Blue"
    delivery_type: DeliveryType = DeliveryType.LIVE
    is_smtp_activated: bool = True
    is_raw_email_enabled: bool = False
    inbound_hash: str
    inbound_domain: str = ""
    inbound_spam_threshold: int = 0
    inbound_hook_url: str = ""
    bounce_hook_url: str = ""
    open_hook_url: str = ""
    delivery_hook_url: str = ""
    click_hook_url: str = ""
    is_first_open_only: bool = False
    track_opens: bool = False
    track_links: TrackLinks = TrackLinks.NONE
    includes_bounce_content: bool = False
    has_smtp_error_hooks: bool = False
    tokens: tuple[str, ...] = ()
    streams: dict[str, Stream] = field(default_factory=dict)
    """The Server's streams that are not archived, by lower-cased slug."""

    @property
    def is_sandbox(self) -> bool:
        """Whether nothing of this Server ever leaves."""
        return self.delivery_type is DeliveryType.SANDBOX

    def stream(self, slug: str) -> Stream | None:
        """The active stream of this name, in any case."""
        return self.streams.get(slug.lower())

    def stream_by_key(self, key: int) -> Stream | None:
        """The active stream with this inner key."""
        return next((s for s in self.streams.values() if s.key == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewServer:
    """What is chosen when a Server is created; the rest has defaults."""

    name: str
    delivery_type: DeliveryType = DeliveryType.LIVE
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of a Server that are to be changed; None leaves one as it is."""

    name: str | None = None
    color: str | None = None
    is_smtp_activated: bool | None = None
    is_raw_email_enabled: bool | None = None
    inbound_domain: str | None = None
    inbound_spam_threshold: int | None = None
    inbound_hook_url: str | None = None
    bounce_hook_url: str | None = None
    open_hook_url: str | None = None
    delivery_hook_url: str | None = None
    click_hook_url: str | None = None
    is_first_open_only: bool | None = None
    track_opens: bool | None = None
    track_links: TrackLinks | None = None
    includes_bounce_content: bool | None = None
    has_smtp_error_hooks: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStream:
    """A stream as somebody wants it; nothing of it is checked yet."""

    type: str | None
    slug: str | None
    name: str | None
    description: str | None = None
    unsubscribe: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamChange:
    """What is to be changed of a stream, not checked yet; None leaves it as it is."""

    name: str | None = None
    description: str | None = None
    unsubscribe: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedStream:
    """A stream that is gone while things that bear its number may still be kept."""

    key: int
    server_id: int
    removed_at: datetime
    is_server_gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpToken:
    """SMTP credentials that belong to one stream: access key as user, secret key as password."""

    access_key: str
    secret_key: str
    server_id: ServerId
    stream_key: StreamKey


DEFAULT_STREAMS = (
    ("outbound", "Default Transactional Stream", StreamType.TRANSACTIONAL, Unsubscribe.NONE),
    ("broadcast", "Default Broadcast Stream", StreamType.BROADCASTS, Unsubscribe.POSTMARK),
    ("inbound", "Default Inbound Stream", StreamType.INBOUND, Unsubscribe.NONE),
)

SYSTEM = Server(
    id=ServerId(0),
    name="Pillarbox",
    inbound_hash="",
    streams={
        "outbound": Stream(
            key=StreamKey(0),
            server_id=ServerId(0),
            slug="outbound",
            name="Pillarbox's own mail",
            type=StreamType.TRANSACTIONAL,
            unsubscribe=Unsubscribe.NONE,
            created_at=datetime.fromtimestamp(0, UTC),
        )
    },
)
"""The Server of the mail that Pillarbox sends itself. It stands in no table: nobody can list or change it."""
