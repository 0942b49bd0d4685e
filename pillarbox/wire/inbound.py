"""Inbound messages read back. Source: spec messages 5 to 7."""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from msgspec import UNSET, UnsetType

from pillarbox.clock import EASTERN
from pillarbox.errors import Problem, Refused
from pillarbox.inbound import model
from pillarbox.inbound.model import Correspondent, InboundStatus, mail_list
from pillarbox.wire.base import Reply, encode
from pillarbox.wire.query import MESSAGES, Paged, Since, Until

NO_SENDER = "<>"
_STATUSES = {status.value.lower(): status for status in InboundStatus} | {
    "sent": InboundStatus.PROCESSED
}
_comments = re.compile(r"(?:\s*\([^()]*\))+\s*\Z")


class InboundSearch(Paged, kw_only=True):
    """The query of the inbound list; without a status it lists what was processed."""

    problems = MESSAGES

    recipient: str | None = None
    fromemail: str | None = None
    subject: str | None = None
    mailboxhash: str | None = None
    tag: str | None = None
    status: str | None = None
    fromdate: Since | None = None
    todate: Until | None = None
    messagestream: str | None = None

    def to_search(self, server_id: int, stream_key: int | None) -> model.InboundSearch:
        """The search it asks for. Refuses MESSAGES_BAD_FILTER for an unknown status."""
        status = _STATUSES.get((self.status or "processed").lower())
        if status is None:
            raise Refused(Problem.MESSAGES_BAD_FILTER, name="status")
        return model.InboundSearch(
            server_id=server_id,
            status=status,
            stream_key=stream_key,
            recipient=self.recipient,
            sender=self.fromemail,
            subject=self.subject,
            mailbox_hash=self.mailboxhash,
            tag=self.tag,
            since=self.fromdate,
            until=self.todate,
        )


class FullAddress(Reply):
    """An address in its parts."""

    Email: str
    Name: str
    MailboxHash: str


class InboundAttachment(Reply):
    """An attachment; its content is not part of this API."""

    Name: str
    ContentType: str
    ContentID: str
    ContentLength: int


class InboundMessage(Reply, kw_only=True):
    """A message in the list. Nothing is ever null."""

    From: str
    FromName: str
    FromFull: FullAddress
    To: str
    ToFull: list[FullAddress]
    Cc: str
    CcFull: list[FullAddress]
    Bcc: str
    BccFull: list[FullAddress]
    ReplyTo: str
    OriginalRecipient: str
    Subject: str
    Date: str
    MailboxHash: str
    Tag: str
    Attachments: list[InboundAttachment]
    MessageID: str
    Status: str
    MessageStream: str

    @classmethod
    def of(cls, message: model.InboundMessage) -> "InboundMessage":
        """A message as listed."""
        return cls(**_members(message, _listed(message)))


class InboundMessages(Reply):
    """One page of the list."""

    TotalCount: int
    InboundMessages: list[InboundMessage]


class Header(Reply):
    """One header field."""

    Name: str
    Value: str


class InboundDetails(InboundMessage, kw_only=True):
    """One message with bodies and headers; `BlockedReason` only when it was blocked."""

    TextBody: str
    HtmlBody: str
    StrippedTextReply: str
    Headers: list[Header]
    BlockedReason: str | UnsetType = UNSET

    @classmethod
    def with_content(
        cls, message: model.InboundMessage, content: model.InboundContent
    ) -> "InboundDetails":
        """A message with its content."""
        return cls(
            **_members(message, _listed(message)),
            TextBody=content.text,
            HtmlBody=content.html,
            StrippedTextReply=content.stripped_reply,
            Headers=[Header(name, value) for name, value in content.headers],
            BlockedReason=(message.is_blocked and message.blocked_reason) or UNSET,
        )


class HookAttachment(Reply):
    """An attachment with its content in base64."""

    Name: str
    Content: str
    ContentType: str
    ContentLength: int
    ContentID: str


class InboundHook(Reply, kw_only=True):
    """What the inbound hook is told; `RawEmail` only where the Server wants it. Source: spec inbound 4."""

    FromName: str
    MessageStream: str
    From: str
    FromFull: FullAddress
    To: str
    ToFull: list[FullAddress]
    Cc: str
    CcFull: list[FullAddress]
    Bcc: str
    BccFull: list[FullAddress]
    OriginalRecipient: str
    Subject: str
    MessageID: str
    ReplyTo: str
    MailboxHash: str
    Date: str
    TextBody: str
    HtmlBody: str
    StrippedTextReply: str
    RawEmail: str | UnsetType = UNSET
    Tag: str
    Headers: list[Header]
    Attachments: list[HookAttachment]


def hook_body(
    message: model.InboundMessage,
    content: model.InboundContent,
    attachments: Sequence[bytes],
    raw: str | None,
) -> bytes:
    """The JSON of an inbound message with the contents of its attachments, and its source if wanted."""
    members = _members(message, message.date) | {
        "Attachments": [
            HookAttachment(
                found.name,
                b64encode(data).decode("ascii"),
                found.content_type,
                found.length,
                found.content_id,
            )
            for found, data in zip(message.attachments, attachments, strict=False)
        ],
    }
    del members["Status"]
    return encode(
        InboundHook(
            **members,
            TextBody=content.text,
            HtmlBody=content.html,
            StrippedTextReply=content.stripped_reply,
            RawEmail=UNSET if raw is None else raw,
            Headers=[Header(name, value) for name, value in content.headers],
        )
    )


def listed_date(header: str, received_at: datetime) -> str:
    """A Date header without comments at its end, or the time of arrival when it is no date.

    Source: spec messages 5, because some client libraries parse it.
    """
    date = _comments.sub("", header).strip()
    try:
        parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return format_datetime(received_at.astimezone(EASTERN))
    return date


def _listed(message: model.InboundMessage) -> str:
    return listed_date(message.date, message.received_at)


def _members(message: model.InboundMessage, date: str) -> dict[str, Any]:
    return {
        "From": message.sender.email or NO_SENDER,
        "FromName": message.sender.name,
        "FromFull": FullAddress(
            message.sender.email or NO_SENDER, message.sender.name, message.sender.mailbox_hash
        ),
        "To": mail_list(message.to),
        "ToFull": _full(message.to),
        "Cc": mail_list(message.cc),
        "CcFull": _full(message.cc),
        "Bcc": mail_list(message.bcc),
        "BccFull": _full(message.bcc),
        "ReplyTo": message.reply_to,
        "OriginalRecipient": message.original_recipient,
        "Subject": message.subject,
        "Date": date,
        "MailboxHash": message.mailbox_hash,
        "Tag": message.tag,
        "Attachments": [
            InboundAttachment(found.name, found.content_type, found.content_id, found.length)
            for found in message.attachments
        ],
        "MessageID": message.message_id,
        "Status": message.status.value,
        "MessageStream": message.stream,
    }


def _full(addresses: Iterable[Correspondent]) -> list[FullAddress]:
    return [FullAddress(found.email, found.name, found.mailbox_hash) for found in addresses]
