"""Inbound messages as they are kept. Source: spec inbound 3 and 6, messages 5 and 6."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from pillarbox.ids import MessageKey

BLOCKED_BY_SPAM = "Inbound request blocked by spam threshold."


class InboundStatus(StrEnum):
    """Where a message stands; the values are the wire's."""

    PROCESSED = "Processed"
    BLOCKED = "Blocked"
    QUEUED = "Queued"
    SCHEDULED = "Scheduled"
    FAILED = "Failed"


class Correspondent(Struct, frozen=True, gc=False):
    """An address of a header, with its display name and the part after its plus sign."""

    email: str
    name: str = ""

    @property
    def mailbox_hash(self) -> str:
        """What follows the first plus sign of the local part, "" when there is none."""
        return mailbox_hash(self.email)


class InboundAttachment(Struct, frozen=True, kw_only=True, gc=False):
    """An attachment without its content, which stays in the raw message; `length` is that of the decoded bytes."""

    name: str
    content_type: str
    content_id: str = ""
    length: int


class InboundMessage(Struct, frozen=True, kw_only=True, gc=False):
    """A message as listed. `date` is the sender's header as it came, "" when there was none."""

    key: MessageKey
    message_id: str
    server_id: int
    stream_key: int
    stream: str
    received_at: datetime
    status: InboundStatus
    blocked_reason: str | None = None
    original_recipient: str
    sender: Correspondent
    to: tuple[Correspondent, ...] = ()
    cc: tuple[Correspondent, ...] = ()
    bcc: tuple[Correspondent, ...] = ()
    reply_to: str = ""
    subject: str = ""
    date: str = ""
    tag: str = ""
    attachments: tuple[InboundAttachment, ...] = ()
    defects: tuple[str, ...] = ()
    """What was wrong with the source; it was read all the same."""

    @property
    def is_blocked(self) -> bool:
        """Whether a rule or the spam threshold holds the message back now."""
        return self.status is InboundStatus.BLOCKED

    @property
    def mailbox_hash(self) -> str:
        """The hash of the address that took the message in."""
        return mailbox_hash(self.original_recipient)


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundContent:
    """What the details show besides; `headers` in the order and with the additions of the webhook."""

    raw: bytes = field(repr=False)
    text: str = ""
    html: str = ""
    stripped_reply: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class HookTry(Struct, frozen=True, kw_only=True, gc=False):
    """One call of a message's hook; without an answer `status` is 0 and `response` says why."""

    message_key: int
    at: datetime
    duration_ms: int
    url: str
    status: int
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSearch:
    """Filters of the inbound list; None means any. Instants are inclusive."""

    server_id: int
    status: InboundStatus = InboundStatus.PROCESSED
    stream_key: int | None = None
    recipient: str | None = None
    sender: str | None = None
    subject: str | None = None
    mailbox_hash: str | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def mailbox_hash(address: str) -> str:
    """What follows the first plus sign of an address's local part. Source: spec inbound 1.4."""
    local, _, _ = address.rpartition("@")
    return local.partition("+")[2]


def mail_list(addresses: tuple[Correspondent, ...]) -> str:
    """Addresses as one text: a name in quotes, then the address in brackets; bare without a name."""
    return ", ".join(_formatted(address) for address in addresses)


def _formatted(address: Correspondent) -> str:
    if not address.name:
        return address.email
    name = address.name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}" <{address.email}>'
