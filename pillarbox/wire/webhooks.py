"""Webhooks as they are managed. Source: spec webhooks 2."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pillarbox.errors import Problem, Refused
from pillarbox.webhooks import model
from pillarbox.webhooks.model import Attempts, Edit, Probe, Trigger, TriggerEdit
from pillarbox.wire.base import Reply, Request
from pillarbox.wire.errors import Explained
from pillarbox.wire.events import whole_seconds
from pillarbox.wire.lenient import Integer, reader_of
from pillarbox.wire.query import Problems, Query

PERIOD = timedelta(hours=24)
WEBHOOKS = Problems(
    bad_value=Problem.WEBHOOK_FIELD_INVALID,
    bad_count=Problem.WEBHOOK_FIELD_INVALID,
    bad_offset=Problem.WEBHOOK_FIELD_INVALID,
    too_many=Problem.WEBHOOK_FIELD_INVALID,
)
_STATUSES = {"verified": True, "unverified": False}


class WebhookFilter(Query):
    """The query of the list."""

    problems = WEBHOOKS

    MessageStream: str | None = None
    Status: str | None = None

    def wanted_status(self) -> bool | None:
        """Whether only verified ones, only others, or all are wanted. Refuses WEBHOOK_STATUS_FILTER_INVALID."""
        if self.Status is None:
            return None
        wanted = _STATUSES.get(self.Status.lower())
        if wanted is None:
            raise Refused(Problem.WEBHOOK_STATUS_FILTER_INVALID)
        return wanted


class VerifyOption(Query):
    """Whether to call the URL before saving; the body may say so, too."""

    problems = WEBHOOKS

    Verify: bool | None = None


class HttpAuthBody(Request):
    """Name and password as sent."""

    Username: str | None = None
    Password: str | None = None


class HttpHeaderBody(Request):
    """One header as sent."""

    Name: str | None = None
    Value: str | None = None


class TriggerBody(Request):
    """What is said about one trigger; each kind looks at its own members."""

    Enabled: bool | None = None
    PostFirstOpenOnly: bool | None = None
    IncludeContent: bool | None = None


_read_trigger = reader_of(TriggerBody)


class WebhookBody(Request):
    """The body of creating and editing."""

    ID: Integer | None = None
    Url: str | None = None
    MessageStream: str | None = None
    Status: str | None = None
    HttpAuth: HttpAuthBody | None = None
    HttpHeaders: list[HttpHeaderBody] | None = None
    Triggers: dict[str, Any] | None = None
    Verify: bool | None = None

    def to_new(self) -> Edit:
        """What a new webhook is made of.

        Refuses WRONG_FIELDS in triggers, WEBHOOK_ID_GIVEN, WEBHOOK_STATUS_GIVEN.
        """
        edit = self._to_edit()
        if self.ID is not None:
            raise Refused(Problem.WEBHOOK_ID_GIVEN)
        self._refuse_status()
        return edit

    def to_change(self, webhook: model.Webhook) -> Edit:
        """What is to change of a webhook.

        Refuses WRONG_FIELDS in triggers, WEBHOOK_IDENTITY_CHANGED, WEBHOOK_STATUS_GIVEN.
        """
        edit = self._to_edit()
        is_other = self.ID not in (None, webhook.id)
        if is_other or (self.MessageStream or webhook.stream).lower() != webhook.stream:
            raise Refused(Problem.WEBHOOK_IDENTITY_CHANGED)
        self._refuse_status()
        return edit

    def _refuse_status(self) -> None:
        if self.Status is not None:
            raise Refused(Problem.WEBHOOK_STATUS_GIVEN)

    def _to_edit(self) -> Edit:
        auth, headers = self.HttpAuth, self.HttpHeaders
        return Edit(
            url=self.Url,
            auth=None if auth is None else model.HttpAuth(auth.Username or "", auth.Password or ""),
            headers=None
            if headers is None
            else tuple((header.Name or "", header.Value or "") for header in headers),
            triggers=_triggers(self.Triggers or {}),
        )


def _triggers(given: Mapping[str, Any]) -> dict[str, TriggerEdit]:
    """What is said about each trigger, by its name as sent. Refuses WRONG_FIELDS."""
    wrong: list[str] = []
    edits = {}
    for name, value in given.items():
        if value is None:
            continue
        body = _read_trigger(value, f"$.Triggers.{name}", wrong)
        if body is not None:
            is_open = name.lower() == Trigger.OPEN.value.lower()
            option = body.PostFirstOpenOnly if is_open else body.IncludeContent
            edits[name] = TriggerEdit(is_enabled=body.Enabled, option=option)
    if wrong:
        raise Refused(Problem.WRONG_FIELDS, paths=", ".join(wrong))
    return edits


class HttpAuth(Reply):
    """Name and password, shown as they were given."""

    Username: str
    Password: str


class HttpHeader(Reply):
    """One header of the webhook's own."""

    Name: str
    Value: str


class OpenTrigger(Reply):
    """Whether opens are told, and which."""

    Enabled: bool
    PostFirstOpenOnly: bool


class PlainTrigger(Reply):
    """Whether an event is told."""

    Enabled: bool


class ContentTrigger(Reply):
    """Whether an event is told, and with the source of the report."""

    Enabled: bool
    IncludeContent: bool


class Triggers(Reply):
    """All triggers, always."""

    Open: OpenTrigger
    Click: PlainTrigger
    Delivery: PlainTrigger
    Bounce: ContentTrigger
    SpamComplaint: ContentTrigger
    SubscriptionChange: PlainTrigger

    @classmethod
    def of(cls, states: Mapping[Trigger, model.TriggerState]) -> "Triggers":
        """The triggers of a webhook."""
        opened, bounced = states[Trigger.OPEN], states[Trigger.BOUNCE]
        complained = states[Trigger.SPAM_COMPLAINT]
        return cls(
            OpenTrigger(opened.is_enabled, opened.option),
            PlainTrigger(states[Trigger.CLICK].is_enabled),
            PlainTrigger(states[Trigger.DELIVERY].is_enabled),
            ContentTrigger(bounced.is_enabled, bounced.option),
            ContentTrigger(complained.is_enabled, complained.option),
            PlainTrigger(states[Trigger.SUBSCRIPTION_CHANGE].is_enabled),
        )


class Webhook(Reply):
    """A webhook. `HttpAuth` is null when there is none, `HttpHeaders` never."""

    ID: int
    Url: str
    MessageStream: str
    Status: str
    HttpAuth: HttpAuth | None
    HttpHeaders: list[HttpHeader]
    Triggers: Triggers

    @classmethod
    def of(cls, webhook: model.Webhook) -> "Webhook":
        """A webhook as shown."""
        auth = webhook.auth
        return cls(
            ID=webhook.id,
            Url=webhook.url,
            MessageStream=webhook.stream,
            Status=_status(is_verified=webhook.is_verified),
            HttpAuth=None if auth is None else HttpAuth(auth.username, auth.password),
            HttpHeaders=[HttpHeader(name, value) for name, value in webhook.headers],
            Triggers=Triggers.of(webhook.triggers),
        )


class Webhooks(Reply):
    """The list; it has no TotalCount."""

    Webhooks: list[Webhook]


class ProbeResult(Reply):
    """What one test call led to."""

    TriggerType: str
    Success: bool
    StatusCode: int
    Message: str


class Verification(Reply, kw_only=True):
    """What the test calls led to."""

    Id: int
    Url: str
    Success: bool
    Results: list[ProbeResult]
    Message: str

    @classmethod
    def of(cls, webhook: model.Webhook, probes: Sequence[Probe]) -> "Verification":
        """The result of verifying a webhook."""
        return cls(**_verification(webhook, probes))


class FailedVerification(Verification, kw_only=True):
    """The same as the body of an error."""

    ErrorCode: int = 1364


def verification_failed(webhook: model.Webhook, probes: Sequence[Probe]) -> Explained:
    """The refusal of a webhook whose URL did not answer every call well. Refuses WEBHOOK_VERIFICATION_FAILED."""
    body = FailedVerification(**_verification(webhook, probes))
    return Explained(Problem.WEBHOOK_VERIFICATION_FAILED, body, summary=body.Message)


def _verification(webhook: model.Webhook, probes: Sequence[Probe]) -> dict[str, Any]:
    good = sum(probe.is_good for probe in probes)
    return {
        "Id": webhook.id,
        "Url": webhook.url,
        "Success": good == len(probes),
        "Results": [
            ProbeResult(probe.trigger.value, probe.is_good, probe.status, probe.text)
            for probe in probes
        ],
        "Message": f"{good}/{len(probes)} triggers verified successfully",
    }


class TimeRange(Reply):
    """The time that statistics cover."""

    StartTime: str
    EndTime: str
    Hours: int


class Counts(Reply):
    """What came of requests. Averages are null when there is nothing to average."""

    TotalRequests: int
    SuccessCount: int
    FailureCount: int
    RetryCount: int
    SuccessRate: float
    SlowCount: int
    VerySlowCount: int
    AverageTerminalResponseTimeMs: int | None
    AverageRetryResponseTimeMs: int | None

    @classmethod
    def of(cls, made: Attempts) -> "Counts":
        """The metrics of these requests; the rate is of all deliveries that have ended."""
        ended = made.successes + made.failures
        return cls(
            TotalRequests=made.requests,
            SuccessCount=made.successes,
            FailureCount=made.failures,
            RetryCount=made.retries,
            SuccessRate=round(100 * made.successes / ended, 1) if ended else 0.0,
            SlowCount=made.slow,
            VerySlowCount=made.very_slow,
            AverageTerminalResponseTimeMs=round(made.terminal_ms / ended) if ended else None,
            AverageRetryResponseTimeMs=(
                round(made.retry_ms / made.retries) if made.retries else None
            ),
        )


class Statistics(Reply, kw_only=True):
    """A webhook's last day."""

    WebhookId: int
    ServerId: int
    MessageStreamId: str
    Url: str
    Statuses: dict[str, str]
    TimeRange: TimeRange
    Metrics: Counts
    MetricsByTrigger: dict[str, Counts]

    @classmethod
    def of(
        cls, webhook: model.Webhook, made: Mapping[Trigger, Attempts], until: datetime
    ) -> "Statistics":
        """The statistics of the 24 hours before an instant."""
        everything = Attempts()
        for attempts in made.values():
            everything = everything.plus(attempts)
        return cls(
            WebhookId=webhook.id,
            ServerId=webhook.server_id,
            MessageStreamId=webhook.stream,
            Url=webhook.url,
            Statuses={
                trigger.value: _status(is_verified=state.is_verified)
                for trigger, state in webhook.triggers.items()
            },
            TimeRange=TimeRange(whole_seconds(until - PERIOD), whole_seconds(until), 24),
            Metrics=Counts.of(everything),
            MetricsByTrigger={
                trigger.value: Counts.of(attempts) for trigger, attempts in made.items()
            },
        )


def _status(*, is_verified: bool) -> str:
    return "verified" if is_verified else "unverified"
