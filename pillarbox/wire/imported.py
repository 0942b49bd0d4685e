"""Postmark's answers as the import reads them: the shapes of our requests, open to members that are new to us.

What an account shows of a thing is, but for its id, what a request to create it would say.
"""

from datetime import UTC, datetime
from typing import TypeVar

from pillarbox.mail.address import bare_key
from pillarbox.suppressions import model
from pillarbox.suppressions.model import Origin, Reason
from pillarbox.webhooks.model import Edit
from pillarbox.wire.base import Body, Bytes, Request
from pillarbox.wire.domains import NewDomain
from pillarbox.wire.lenient import Integer
from pillarbox.wire.senders import NewSender
from pillarbox.wire.server import CreateServer
from pillarbox.wire.streams import CreateStream
from pillarbox.wire.templates import EditTemplate
from pillarbox.wire.triggers import NewInboundRule
from pillarbox.wire.webhooks import HttpAuthBody, WebhookBody

T = TypeVar("T")

_REASONS = {reason.value: reason for reason in Reason}
_ORIGINS = {origin.value: origin for origin in Origin}


class Found(Request, forbid_unknown_fields=False):
    """Base of what is read from an account."""


class FoundServer(CreateServer, kw_only=True, forbid_unknown_fields=False):
    """A Server with its tokens."""

    ID: Integer | None = None
    ApiTokens: list[str] | None = None


class FoundServers(Found):
    """One page of Servers."""

    Servers: list[FoundServer] | None = None


class FoundStream(CreateStream, kw_only=True, forbid_unknown_fields=False):
    """A message stream."""


class FoundStreams(Found):
    """All streams of a Server."""

    MessageStreams: list[FoundStream] | None = None


class FoundTemplate(EditTemplate, forbid_unknown_fields=False):
    """A template; in a list without its texts."""

    TemplateId: Integer | None = None


class FoundTemplates(Found):
    """One page of templates."""

    Templates: list[FoundTemplate] | None = None


class FoundSuppression(Found):
    """A suppression."""

    EmailAddress: str | None = None
    SuppressionReason: str | None = None
    Origin: str | None = None
    CreatedAt: str | None = None

    def to_suppression(self, stream_key: int, now: datetime) -> model.Suppression | None:
        """The suppression as it is kept here, None when its address is none; of unknown kinds a manual one."""
        address = bare_key(self.EmailAddress or "")
        if address is None:
            return None
        return model.Suppression(
            stream_key=stream_key,
            address=address,
            reason=_REASONS.get(self.SuppressionReason or "", Reason.MANUAL),
            origin=_ORIGINS.get(self.Origin or "", Origin.CUSTOMER),
            created_at=_instant(self.CreatedAt, now),
        )


class FoundSuppressions(Found):
    """All suppressions of a stream."""

    Suppressions: list[FoundSuppression] | None = None


class FoundWebhook(WebhookBody, forbid_unknown_fields=False):
    """A webhook."""

    def to_whole(self) -> Edit:
        """All that is known of it: what it does not have is set to nothing. Refuses WRONG_FIELDS."""
        self.HttpAuth = self.HttpAuth or HttpAuthBody("", "")
        self.HttpHeaders = self.HttpHeaders or []
        return self._to_edit()


class FoundWebhooks(Found):
    """All webhooks of a Server."""

    Webhooks: list[FoundWebhook] | None = None


class FoundRule(NewInboundRule, forbid_unknown_fields=False):
    """An inbound rule."""


class FoundRules(Found):
    """One page of inbound rules."""

    InboundRules: list[FoundRule] | None = None


class FoundDomain(NewDomain, kw_only=True, forbid_unknown_fields=False):
    """A domain; in a list without its hosts."""

    ID: Integer | None = None


class FoundDomains(Found):
    """One page of domains."""

    Domains: list[FoundDomain] | None = None


class FoundSender(Found):
    """A sender signature; in a list without note."""

    ID: Integer | None = None
    EmailAddress: str | None = None
    Name: str | None = None
    ReplyToEmailAddress: str | None = None
    ConfirmationPersonalNote: str | None = None

    def to_request(self) -> NewSender:
        """The request that creates it; the hosts of its domain are that domain's."""
        return NewSender(
            FromEmail=self.EmailAddress,
            Name=self.Name,
            ReplyToEmail=self.ReplyToEmailAddress,
            ConfirmationPersonalNote=self.ConfirmationPersonalNote,
        )


class FoundSenders(Found):
    """One page of sender signatures."""

    SenderSignatures: list[FoundSender] | None = None


def read(shape: type[T], body: Bytes) -> T:
    """An answer as this shape. Refuses NOT_JSON, WRONG_FIELDS."""
    reader: Body[T] = Body(shape)
    return reader.read(body)


def _instant(text: str | None, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return now
    return min(at if at.tzinfo is not None else at.replace(tzinfo=UTC), now).astimezone(UTC)
