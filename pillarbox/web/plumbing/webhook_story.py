"""How webhooks and their calls are told: in words and colours. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pillarbox.web.plumbing.webhook_form import LABELS
from pillarbox.webhook_delivery.event_desk import without_credentials
from pillarbox.webhooks.call import Call, CallAttempt, CallState, Listed, Waiting
from pillarbox.webhooks.model import Attempts, Trigger, Webhook

MAX_SHOWN = 256 * 1024
_MOSTLY = 50.0
_OFTEN_SLOW = 0.2

STATES = {
    CallState.WAITING: ("Pending", "wait", "clock"),
    CallState.TAKEN: ("Succeeded", "good", "check"),
    CallState.GIVEN_UP: ("Failed", "bad", "cross"),
    CallState.DROPPED: ("Dropped", "mute", "ban"),
}
FILTERS = {
    "failed": CallState.GIVEN_UP,
    "pending": CallState.WAITING,
    "succeeded": CallState.TAKEN,
}


@dataclass(frozen=True, slots=True)
class Pill:
    """A word with its colour; `hint` says what it means."""

    text: str
    tone: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A webhook in the list."""

    url: str
    path: str
    stream: str
    triggers: tuple[str, ...]
    pills: tuple[Pill, ...]
    made: Attempts
    waiting: Waiting | None
    is_server: bool = False

    @property
    def rate(self) -> str:
        """The share of calls that succeeded."""
        share = success_rate(self.made)
        return "–" if share is None else f"{share:.1f} %".replace(".0 %", " %")


def line(
    webhook: Webhook, path: str, made: Mapping[Trigger, Attempts], waiting: Waiting | None
) -> Line:
    """A webhook as a line."""
    total = total_of(made)
    return Line(
        url=without_credentials(webhook.url),
        path=path,
        stream=webhook.stream,
        triggers=tuple(LABELS[kind][0] for kind in LABELS if kind in webhook.enabled),
        pills=tuple(pills(webhook, total)),
        made=total,
        waiting=waiting,
    )


def pills(webhook: Webhook, made: Attempts) -> list[Pill]:
    """What is to be known of a webhook at a glance."""
    if not webhook.enabled:
        return [Pill("Off", "mute", "No trigger is on, so nothing is sent.")]
    found = []
    if not webhook.is_verified:
        found.append(
            Pill("Paused", "warn", "Not verified: nothing is sent until a test call succeeds.")
        )
    found += health(made)
    return found or [Pill("Active", "good")]


def health(made: Attempts) -> list[Pill]:
    """What the last day's calls say."""
    found = []
    share = success_rate(made)
    if share is not None and share < _MOSTLY:
        found.append(Pill("Failing", "bad", "Most calls of the last 24 hours failed."))
    elif made.retries and not made.successes:
        found.append(Pill("Retrying", "warn", "No call of the last 24 hours has succeeded yet."))
    if made.requests and made.slow / made.requests > _OFTEN_SLOW:
        found.append(
            Pill("Slow", "warn", "Calls often take more than 2 seconds, so few are made at a time.")
        )
    return found


def total_of(made: Mapping[Trigger, Attempts]) -> Attempts:
    """All triggers together."""
    total = Attempts()
    for attempts in made.values():
        total = total.plus(attempts)
    return total


def success_rate(made: Attempts) -> float | None:
    """Of the calls that ended, the share that succeeded, in percent."""
    ended = made.successes + made.failures
    return 100 * made.successes / ended if ended else None


def pill_of(call: Call | Listed) -> Pill:
    """Where a call stands."""
    text, tone, _ = STATES[call.state]
    if call.state is CallState.WAITING and call.attempts:
        return Pill("Retrying", "warn")
    return Pill(text, tone)


def said(attempt: CallAttempt) -> str:
    """What came of one try, in few words."""
    return str(attempt.status) if attempt.status else "No answer"


def pretty(body: str) -> str:
    """JSON with a line for each member; anything else as it is."""
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        text = body
    return text[:MAX_SHOWN]


def message_of(body: str) -> str:
    """The MessageID that a payload names, "" when it names none."""
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    named = found.get("MessageID") if isinstance(found, dict) else None
    return named if isinstance(named, str) else ""
