"""Calls: one event that is to be told to one URL, again and again until it is taken or given up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from pillarbox.webhooks.effective import Subscription
from pillarbox.webhooks.model import AttemptOutcome, HttpAuth, Trigger


class CallState(StrEnum):
    """Where a call stands."""

    WAITING = "waiting"
    TAKEN = "taken"
    """The other side has it."""
    GIVEN_UP = "given_up"
    """Refused for good, or tried as often as is tried."""
    DROPPED = "dropped"
    """Its webhook is gone."""


class NewCall(Struct, frozen=True, kw_only=True, gc=False):
    """A call to be made. `payload_key` names what is said, see `payload_key`."""

    lane: str
    trigger: Trigger
    server_id: int
    stream_key: int
    webhook_id: int | None
    payload_key: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What calls say, word for word; several calls may say the same."""

    key: int
    recipient: str
    body: bytes = field(repr=False)


class Claimed(Struct, frozen=True, kw_only=True, gc=False):
    """A call that was taken in hand for a while. `attempts` were made before."""

    id: int
    lease: int
    lane: str
    trigger: Trigger
    server_id: int
    webhook_id: int | None
    payload_key: int
    size_bytes: int
    attempts: int

    @property
    def event_id(self) -> int:
        """The event it tells of."""
        return self.payload_key >> 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a call goes, as configured when it is made."""

    url: str = field(repr=False)
    auth: HttpAuth | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    secret: str | None = field(default=None, repr=False)


class Move(Struct, frozen=True, kw_only=True, gc=False):
    """Where a call stands after an attempt; what still waits is due at `due_at`."""

    id: int
    state: CallState
    due_at: datetime | None = None


class CallAttempt(Struct, frozen=True, kw_only=True, gc=False):
    """One request that was made, and the beginning of what was answered; without an answer `status` is 0."""

    call_id: int
    at: datetime
    duration_ms: int
    url: str
    status: int
    outcome: AttemptOutcome
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as people see it, with all its attempts, oldest first. `body` is "" once it is no longer kept."""

    id: int
    trigger: Trigger
    server_id: int
    webhook_id: int | None
    state: CallState
    created_at: datetime
    due_at: datetime
    body: str
    attempts: tuple[CallAttempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A call as a line of a list. `message_id` is that of the message it tells of, while that is kept."""

    id: int
    trigger: Trigger
    state: CallState
    recipient: str
    message_id: str | None
    created_at: datetime
    due_at: datetime
    attempts: tuple[CallAttempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many calls of a lane wait, and when the next is due."""

    count: int
    due_at: datetime


def payload_key(event_id: int, *, has_content: bool) -> int:
    """The key of what is said of an event, with the content of a bounce or without."""
    return event_id << 1 | has_content


def lane_of(subscription: Subscription, server_id: int) -> str:
    """The lane of calls for a subscription: what waits there never delays other lanes."""
    if subscription.webhook_id is not None:
        return f"{subscription.webhook_id}"
    return f"server {server_id} {subscription.trigger}"


Targets = Mapping[str, Target]
"""Where calls go, by lane."""
