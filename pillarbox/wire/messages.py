"""Messages read back. Source: spec messages 2 to 4."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, UnsetType, field

from pillarbox.errors import Problem, Refused
from pillarbox.events.model import Event
from pillarbox.mail.address import Address, header_form
from pillarbox.outbound import model
from pillarbox.outbound.model import MessageStatus
from pillarbox.wire.base import Reply, stamp
from pillarbox.wire.query import MESSAGES, Paged, Since, Until

MAX_STORED_BODY = 1_048_576
_HIDDEN = frozenset(
    {"SuppressionReason", "Hit"}
)  # what webhooks tell of an event, and message details do not
_STATUSES = {
    "queued": MessageStatus.QUEUED,
    "sent": MessageStatus.SENT,
    "processed": MessageStatus.SENT,
}


class OutboundSearch(Paged, kw_only=True):
    """The query of the outbound list."""

    problems = MESSAGES

    recipient: str | None = None
    fromemail: str | None = None
    tag: str | None = None
    status: str | None = None
    fromdate: Since | None = None
    todate: Until | None = None
    subject: str | None = None
    messagestream: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    def to_search(self, server_id: int, stream_key: int) -> model.Search:
        """The search it asks for. Refuses MESSAGES_BAD_FILTER for an unknown status."""
        status = None if self.status is None else _STATUSES.get(self.status.lower())
        if self.status is not None and status is None:
            raise Refused(Problem.MESSAGES_BAD_FILTER, name="status")
        return model.Search(
            server_id=server_id,
            stream_key=stream_key,
            recipient=self.recipient,
            sender=self.fromemail,
            tag=self.tag,
            status=status,
            since=self.fromdate,
            until=self.todate,
            subject=self.subject,
            metadata=tuple(self.metadata.items()),
        )


class Mailbox(Reply):
    """An address with its display name, "" when it has none."""

    Email: str
    Name: str


class OutboundMessage(Reply, kw_only=True):
    """A message in the list. `Tag` is left out when there is none."""

    Tag: str | UnsetType = UNSET
    MessageID: str
    MessageStream: str
    To: list[Mailbox]
    Cc: list[Mailbox]
    Bcc: list[Mailbox]
    Recipients: list[str]
    ReceivedAt: str
    From: str
    Subject: str
    Attachments: list[str]
    Status: str
    TrackOpens: bool
    TrackLinks: str
    Metadata: dict[str, str]
    Sandboxed: bool

    @classmethod
    def of(cls, message: model.Message) -> "OutboundMessage":
        """A message as listed."""
        return cls(**_members(message))


class OutboundMessages(Reply):
    """One page of the list."""

    TotalCount: int
    Messages: list[OutboundMessage]


class MessageEvent(Reply):
    """One thing that happened; every value of Details is a text."""

    Recipient: str
    Type: str
    ReceivedAt: str
    Details: dict[str, str]

    @classmethod
    def of(cls, event: Event) -> "MessageEvent":
        """An event as shown."""
        details = {name: text for name, text in event.details.items() if name not in _HIDDEN}
        return cls(event.recipient, event.type.value, stamp(event.at), details)


class OutboundDetails(OutboundMessage, kw_only=True):
    """One message with bodies and events. A body it did not have is left out."""

    TextBody: str | UnsetType = UNSET
    HtmlBody: str | UnsetType = UNSET
    Body: str
    MessageEvents: list[MessageEvent]

    @classmethod
    def with_story(
        cls,
        message: model.Message,
        events: Sequence[Event],
        *,
        source: str,
        bodies: tuple[str | None, str | None],
    ) -> "OutboundDetails":
        """A message with its source, its text and HTML body, and its events, oldest first."""
        text, html = bodies
        return cls(
            **_members(message),
            TextBody=UNSET if text is None else text[:MAX_STORED_BODY],
            HtmlBody=UNSET if html is None else html[:MAX_STORED_BODY],
            Body=source[:MAX_STORED_BODY],
            MessageEvents=[MessageEvent.of(event) for event in events],
        )


class Dump(Reply):
    """A raw source, "" when none is kept."""

    Body: str


def _members(message: model.Message) -> dict[str, Any]:
    who = message.recipients
    return {
        "Tag": message.tag or UNSET,
        "MessageID": message.message_id,
        "MessageStream": message.stream,
        "To": _mailboxes(who.to),
        "Cc": _mailboxes(who.cc),
        "Bcc": _mailboxes(who.bcc),
        "Recipients": [address.email for address in who.all()],
        "ReceivedAt": stamp(message.received_at),
        "From": header_form(message.sender),
        "Subject": message.subject,
        "Attachments": message.attachments,
        "Status": message.status.value,
        "TrackOpens": message.track_opens,
        "TrackLinks": message.track_links.value,
        "Metadata": message.metadata,
        "Sandboxed": message.is_sandboxed,
    }


def _mailboxes(addresses: Sequence[Address]) -> list[Mailbox]:
    return [Mailbox(address.email, address.name) for address in addresses]
