"""The sending endpoints' JSON. Source: spec sending 2.1, 2.5, 2.6 and 3, templates 7 and 8."""

from typing import Any

from msgspec import UNSET, UnsetType
from typing_extensions import override

from pillarbox.errors import Problem, Refused
from pillarbox.outbound import model
from pillarbox.outbound.model import Accepted, Draft
from pillarbox.templates.fill import Filling
from pillarbox.wire.base import Reply, Request, stamp
from pillarbox.wire.errors import partly_inactive
from pillarbox.wire.lenient import Integer


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
        return self._draft(None)

    def _draft(self, template: Filling | None) -> Draft:
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
            template=template,
        )


class SendWithTemplate(SendEmail):
    """One message to send whose texts come from a template; an id wins over an alias."""

    TemplateId: Integer | None = None
    TemplateAlias: str | None = None
    TemplateModel: dict[str, Any] | None = None
    InlineCss: bool | None = None

    @override
    def to_draft(self) -> Draft:
        wish = Filling(
            wanted=(self.TemplateAlias or None) if self.TemplateId is None else self.TemplateId,
            model=self.TemplateModel,
            inlines_css=self.InlineCss is not False,
        )
        return self._draft(wish)


class SendBatchWithTemplates(Request):
    """Messages to send, each with a template of its own."""

    Messages: list[SendWithTemplate] | None = None

    def messages(self) -> list[SendWithTemplate]:
        """The messages. Refuses WRONG_FIELDS when there is no list."""
        if self.Messages is None:
            raise Refused(Problem.WRONG_FIELDS, paths="$.Messages")
        return self.Messages


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
            SubmittedAt=stamp(accepted.submitted_at),
            MessageID=accepted.message_id,
            Message=text,
        )


class TemplateSendResult(Reply, kw_only=True):
    """The same with a template; Postmark writes the members in another order."""

    To: str | UnsetType = UNSET
    Message: str
    SubmittedAt: str
    MessageID: str
    ErrorCode: int = 0

    @classmethod
    def of(cls, sent: SendResult) -> "TemplateSendResult":
        """The answer to an accepted message."""
        return cls(
            To=sent.To,
            Message=sent.Message,
            SubmittedAt=sent.SubmittedAt,
            MessageID=sent.MessageID,
        )
