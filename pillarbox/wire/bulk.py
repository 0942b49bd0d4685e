"""The bulk endpoints' JSON. Source: spec sending 5.

A request may hold hundreds of thousands of messages. It is never decoded as a whole: its members and its messages
are cut apart as text, and each message is read by itself, when its turn comes.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET, UnsetType

from pillarbox.bulk import model
from pillarbox.bulk.model import Content, Entry
from pillarbox.errors import Problem, Refused, RefusedSeverally
from pillarbox.wire.base import (
    Body,
    Bytes,
    Reply,
    Request,
    encode,
    read_items,
    read_members,
    stamp,
)
from pillarbox.wire.email import Attachment, HeaderPair
from pillarbox.wire.errors import Explained, Failure, failure
from pillarbox.wire.lenient import Integer
from pillarbox.wire.query import MAX_PER_CALL, Problems, Query

DEFAULT_COUNT = 50
MOST_WRONG = 100

BULK = Problems(
    bad_value=Problem.BULK_BAD_KEY,
    bad_count=Problem.BULK_BAD_COUNT,
    bad_offset=Problem.BULK_BAD_COUNT,
    too_many=Problem.BULK_BAD_COUNT,
)


class SendBulk(Request):
    """What all messages of a request share."""

    From: str | None = None
    ReplyTo: str | None = None
    Subject: str | None = None
    HtmlBody: str | None = None
    TextBody: str | None = None
    TemplateId: Integer | None = None
    TemplateAlias: str | None = None
    InlineCss: bool | None = None
    Tag: str | None = None
    Metadata: dict[str, str] | None = None
    MessageStream: str | None = None
    TrackOpens: bool | None = None
    TrackLinks: str | None = None
    Headers: list[HeaderPair] | None = None
    Attachments: list[Attachment] | None = None

    def to_content(self) -> Content:
        """The shared content as handed in."""
        return Content(
            sender=self.From,
            reply_to=self.ReplyTo,
            subject=self.Subject,
            html=self.HtmlBody,
            text=self.TextBody,
            tag=self.Tag,
            metadata=self.Metadata or {},
            stream=self.MessageStream,
            track_opens=self.TrackOpens,
            track_links=self.TrackLinks,
            headers=[(header.Name, header.Value) for header in self.Headers or ()],
            attachments=[attachment.to_draft() for attachment in self.Attachments or ()],
            wanted=self.TemplateAlias or None if self.TemplateId is None else self.TemplateId,
            inlines_css=self.InlineCss is not False,
        )


class BulkMessage(Request):
    """One message of a request."""

    To: str | None = None
    Cc: str | None = None
    Bcc: str | None = None
    TemplateModel: dict[str, Any] | None = None
    Metadata: dict[str, str] | None = None
    Headers: list[HeaderPair] | None = None

    def to_entry(self) -> Entry:
        """The message's own part as handed in."""
        return Entry(
            to=self.To,
            cc=self.Cc,
            bcc=self.Bcc,
            model=self.TemplateModel or {},
            metadata=self.Metadata or {},
            headers=[(header.Name, header.Value) for header in self.Headers or ()],
        )


class BulkBody(SendBulk, kw_only=True):
    """A whole request, as the documentation describes it; it is never read in one piece."""

    Messages: list[BulkMessage]


_shared = Body[SendBulk](SendBulk)
_message = Body[BulkMessage](BulkMessage)


class BulkReading:
    """A request of which everything but the messages is read."""

    def __init__(self, body: Bytes) -> None:
        """Refuses NOT_JSON, WRONG_FIELDS."""
        messages = None
        shared = {}
        for name, value in read_members(body).items():
            if name.lower() == "messages":
                messages = None if bytes(value) == b"null" else value
            else:
                shared[name] = value
        self.content: Content = _shared.read(encode(shared)).to_content()
        self._items = read_items(messages, "$.Messages") if messages else []

    def entries(self) -> Iterator[tuple[Entry, int]]:
        """The messages one after the other, each with its size in bytes; each can be had once.

        Refuses NOT_JSON at once, and at the end WRONG_FIELDS with the paths of what is wrong.
        """
        wrong: list[str] = []
        for index, item in enumerate(self._items):
            text = bytes(item)
            try:
                yield _message.read(text, f"$.Messages[{index}]").to_entry(), len(text)
            except Refused as refused:
                if refused.problem is not Problem.WRONG_FIELDS:
                    raise
                wrong.append(refused.details["paths"])
                if len(wrong) == MOST_WRONG:
                    break
        if wrong:
            raise Refused(Problem.WRONG_FIELDS, paths=", ".join(wrong))


class BulkQuery(Query):
    """The query of the list of requests."""

    problems = BULK

    count: int = DEFAULT_COUNT
    PaginationKey: str | None = None

    def page(self) -> tuple[int, int | None]:
        """How many, and the key they are older than. Refuses BULK_BAD_COUNT, BULK_BAD_KEY."""
        if not 1 <= self.count <= MAX_PER_CALL:
            raise Refused(Problem.BULK_BAD_COUNT)
        return self.count, None if self.PaginationKey is None else _key_in(self.PaginationKey)


class BulkStatus(Reply, kw_only=True):
    """How far a request is. `Subject` is left out when a template brings its own."""

    Id: str
    SubmittedAt: str
    Status: str
    TotalMessages: int
    PercentageCompleted: float
    ReleasedCount: int
    FailedCount: int
    Subject: str | UnsetType = UNSET

    @classmethod
    def of(cls, request: model.Request) -> "BulkStatus":
        """The request as its Server sees it."""
        return cls(Id=request.id, **_facts(request))


class BulkAccepted(Reply, kw_only=True):
    """The answer to a new request. The id stands in it twice: clients disagree on its name."""

    Id: str
    ID: str
    SubmittedAt: str
    Status: str
    TotalMessages: int
    PercentageCompleted: float
    ReleasedCount: int
    FailedCount: int
    Subject: str | UnsetType = UNSET

    @classmethod
    def of(cls, request: model.Request) -> "BulkAccepted":
        """The request as it was taken in."""
        return cls(Id=request.id, ID=request.id, **_facts(request))


class BulkRequests(Reply):
    """A page of requests; `PaginationKey` is left out of the last one."""

    Requests: list[BulkStatus]
    PaginationKey: str | UnsetType = UNSET

    @classmethod
    def of(cls, requests: list[model.Request], *, has_more: bool) -> "BulkRequests":
        """A page, newest first, and whether there are older ones."""
        key = _pagination_key(requests[-1].key) if has_more else UNSET
        return cls([BulkStatus.of(request) for request in requests], key)


class Failures(Reply):
    """The body of an error that stands for several, by the field each is about."""

    ErrorCode: int
    Message: str
    Errors: dict[str, list[Failure]]


def explain(refused: RefusedSeverally) -> Explained:
    """The refusal with all that it stands for in its body."""
    whole = failure(refused)
    errors = {field: [failure(one) for one in many] for field, many in refused.by_field.items()}
    return Explained(refused.problem, Failures(whole.ErrorCode, whole.Message, errors))


def _facts(request: model.Request) -> dict[str, Any]:
    percentage = request.percentage
    return {
        "SubmittedAt": stamp(request.submitted_at),
        "Status": request.status.value,
        "TotalMessages": request.total,
        "PercentageCompleted": int(percentage) if percentage == int(percentage) else percentage,
        "ReleasedCount": request.released,
        "FailedCount": request.failed,
        "Subject": UNSET if request.subject is None else request.subject,
    }


def _pagination_key(key: int) -> str:
    return base64.urlsafe_b64encode(key.to_bytes(8)).decode().rstrip("=")


def _key_in(text: str) -> int:
    """Refuses BULK_BAD_KEY."""
    try:
        packed = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Problem.BULK_BAD_KEY) from None
    key = int.from_bytes(packed)
    if len(packed) != 8 or key >> 63:
        raise Refused(Problem.BULK_BAD_KEY)
    return key
