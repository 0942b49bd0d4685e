"""The sending endpoints' JSON. Source: spec sending 2.1, 2.5, 2.6 and 3."""

from msgspec import UNSET, UnsetType

from pillarbox.outbound import model
from pillarbox.outbound.model import Accepted, Draft
from pillarbox.wire.base import Reply, Request, submitted
from pillarbox.wire.errors import partly_inactive


class HeaderPair(Request):
    """One custom header."""

    Name: str | None = None
    Value: str | None = None


class Attachment(Request):
    """One file; `Content` is base64 text. The last three members are what clients add; they mean nothing."""

    Name: str | None = None
    Content: str | None = None
    ContentType: str | None = None
    ContentID: str | None = None

    def to_draft(self) -> model.Attachment:
        """The attachment as handed in."""
        return model.Attachment(
            name=self.Name,
            content=self.Content,
            content_type=self.ContentType,
            content_id=self.ContentID,
        )


class SendEmail(Request):
    """One message to send."""

    From: str | None = None
    To: str | None = None
    Cc: str | None = None
    Bcc: str | None = None
    Subject: str | None = None
    Tag: str | None = None
    HtmlBody: str | None = None
    TextBody: str | None = None
    ReplyTo: str | None = None
    Headers: list[HeaderPair] | None = None
    TrackOpens: bool | None = None
    TrackLinks: str | None = None
    Metadata: dict[str, str] | None = None
    Attachments: list[Attachment] | None = None
    MessageStream: str | None = None

    def to_draft(self) -> Draft:
        """The message as handed in."""
        return Draft(
            sender=self.From,
            to=self.To,
            cc=self.Cc,
            bcc=self.Bcc,
            reply_to=self.ReplyTo,
            subject=self.Subject,
            tag=self.Tag,
            html=self.HtmlBody,
            text=self.TextBody,
            headers=[(header.Name, header.Value) for header in self.Headers or ()],
            track_opens=self.TrackOpens,
            track_links=self.TrackLinks,
            metadata=self.Metadata or {},
            attachments=[attachment.to_draft() for attachment in self.Attachments or ()],
            stream=self.MessageStream,
        )


class SendResult(Reply, kw_only=True):
    """What became of an accepted message. `To` repeats the request and is left out when it had none."""

    To: str | UnsetType = UNSET
    SubmittedAt: str
    MessageID: str
    ErrorCode: int = 0
    Message: str = "OK"

    @classmethod
    def of(cls, accepted: Accepted, email: SendEmail, *, is_test: bool = False) -> "SendResult":
        """The answer to an accepted message; `is_test` is the test token's, for which nothing was kept."""
        text = "Test job accepted" if is_test else "OK"
        if accepted.inactive:
            text = partly_inactive(accepted.inactive)
        return cls(
            To=email.To or UNSET,
            SubmittedAt=submitted(accepted.submitted_at),
            MessageID=accepted.message_id,
            Message=text,
        )
