"""Servers and message streams as the program sees them. Source: spec servers-and-streams 1 and 4."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pillarbox.ids import ServerId, StreamKey


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
