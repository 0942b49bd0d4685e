"""Webhooks and their triggers. Source: spec webhooks 2 and 3."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

DEFAULT_STREAM = "outbound"
MAX_PER_STREAM = 10
MAX_HEADERS = 30
MAX_URL = 2000


class Trigger(StrEnum):
    """The events that a webhook can be called for; the values are the wire's."""

    OPEN = "Open"
    CLICK = "Click"
    DELIVERY = "Delivery"
    BOUNCE = "Bounce"
    SPAM_COMPLAINT = "SpamComplaint"
    SUBSCRIPTION_CHANGE = "SubscriptionChange"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerState:
    """How a webhook stands to one trigger.

    `option` is its one refinement: PostFirstOpenOnly of Open, IncludeContent of Bounce and SpamComplaint.
    Nothing is sent for a trigger that is not verified.
    """

    is_enabled: bool = False
    option: bool = False
    is_verified: bool = True


@dataclass(frozen=True, slots=True)
class HttpAuth:
    """Name and password for basic authentication."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One URL that hears of the events of one stream; `triggers` has all six.

    With a `secret` what it is told is signed.
    """

    id: int
    server_id: int
    stream_key: int
    stream: str
    url: str = field(repr=False)
    auth: HttpAuth | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    secret: str | None = field(default=None, repr=False)
    triggers: Mapping[Trigger, TriggerState]

    @property
    def enabled(self) -> tuple[Trigger, ...]:
        """The triggers that are on, in the order of the table."""
        return tuple(trigger for trigger in Trigger if self.triggers[trigger].is_enabled)

    @property
    def is_verified(self) -> bool:
        """Whether all that is on is verified; of a webhook with nothing on, whether all is."""
        counted = self.enabled or tuple(Trigger)
        return all(self.triggers[trigger].is_verified for trigger in counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerEdit:
    """What a request says about one trigger; None leaves it as it is."""

    is_enabled: bool | None = None
    option: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What a request says about a webhook; None leaves as it is. An `auth` without name and password clears it."""

    url: str | None = field(default=None, repr=False)
    auth: HttpAuth | None = None
    headers: tuple[tuple[str, str], ...] | None = field(default=None, repr=False)
    triggers: Mapping[str, TriggerEdit] = field(default_factory=dict)
    """By the trigger's name as sent, which may be one that does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What came of requests to a webhook for one trigger.

    A request ends a delivery (success or failure) or is to be repeated; times are sums over those of a kind.
    """

    requests: int = 0
    successes: int = 0
    failures: int = 0
    retries: int = 0
    slow: int = 0
    very_slow: int = 0
    terminal_ms: int = 0
    retry_ms: int = 0

    def plus(self, other: "Attempts") -> "Attempts":
        """Both together."""
        return Attempts(
            requests=self.requests + other.requests,
            successes=self.successes + other.successes,
            failures=self.failures + other.failures,
            retries=self.retries + other.retries,
            slow=self.slow + other.slow,
            very_slow=self.very_slow + other.very_slow,
            terminal_ms=self.terminal_ms + other.terminal_ms,
            retry_ms=self.retry_ms + other.retry_ms,
        )


class AttemptOutcome(StrEnum):
    """What a request to a webhook led to."""

    SUCCESS = "success"
    FAILURE = "failure"
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request to a webhook, as statistics count it."""

    webhook_id: int
    trigger: Trigger
    at: datetime
    outcome: AttemptOutcome
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Probe:
    """What one test call led to; `status` is 0 when there was no answer.

    `sent` and `answer`, the beginning of what was answered, are for those who may look at the webhook's log.
    """

    trigger: Trigger
    status: int
    text: str
    sent: bytes = field(default=b"", repr=False)
    answer: str = field(default="", repr=False)
    duration_ms: int = 0

    @property
    def is_good(self) -> bool:
        """Whether the trigger is verified by it: nothing but 200 will do."""
        return self.status == 200
