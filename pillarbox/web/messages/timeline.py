"""The story of one message in steps: accepted, each attempt, what came of it, what it waits for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pillarbox.events.model import Event, EventType
from pillarbox.outbound.model import Message, RecipientState
from pillarbox.outbound.store.attempts import Attempt
from pillarbox.outbound.store.overview import Copy
from pillarbox.web.show import count, duration

KEPT_HERE = {
    "capture": "Kept in the built-in mailbox; nothing left this machine.",
    "sandbox": "Kept here, because its server is a sandbox.",
}
_ATTEMPTS = {
    "delivered": ("Delivered", "check", "good"),
    "deferred": ("Deferred", "retry", "warn"),
    "failed": ("Bounced", "cross", "bad"),
}
_EVENTS = {
    EventType.DELIVERED: ("Delivered", "check", "good"),
    EventType.TRANSIENT: ("Deferred", "retry", "warn"),
    EventType.BOUNCED: ("Bounced", "cross", "bad"),
    EventType.OPENED: ("Opened", "eye", "info"),
    EventType.LINK_CLICKED: ("Link clicked", "link", "info"),
    EventType.SUBSCRIPTION_CHANGED: ("Suppression changed", "ban", "mute"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of a message but its content."""

    message: Message
    copies: Sequence[Copy]
    attempts: Sequence[Attempt]
    events: Sequence[Event]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the story. `at` is None for what is true now; `facts` are short, `transcript` is SMTP."""

    title: str
    icon: str
    tone: str
    at: datetime | None = None
    recipient: str = ""
    text: str = ""
    facts: list[str] = field(default_factory=list)
    transcript: list[tuple[float, str, str]] = field(default_factory=list)
    due_at: datetime | None = None


def tell(facts: Facts) -> list[Step]:
    """The steps in order of time, then what the message waits for."""
    emails = {copy.position: copy.email for copy in facts.copies}
    told = {(emails.get(one.position, ""), one.at) for one in facts.attempts}
    summaries = {
        (event.recipient, event.at): event
        for event in facts.events
        if event.type is EventType.BOUNCED
    }
    steps = [_of_attempt(one, emails.get(one.position, ""), summaries) for one in facts.attempts]
    steps += [
        _of_event(event)
        for event in facts.events
        if event.type not in _OUTCOMES or (event.recipient, event.at) not in told
    ]
    steps.sort(key=lambda step: step.at or facts.now)
    return [_accepted(facts), *_held_back(facts), *steps, *_waiting(facts)]


_OUTCOMES = (EventType.DELIVERED, EventType.TRANSIENT, EventType.BOUNCED)


def _accepted(facts: Facts) -> Step:
    copies = len(facts.copies)
    text = "" if copies == 1 else f"Queued for {count(copies, 'recipient')}."
    return Step(
        title="Accepted", icon="inbox", tone="info", at=facts.message.received_at, text=text
    )


def _held_back(facts: Facts) -> list[Step]:
    return [
        Step(
            title="Not sent",
            icon="ban",
            tone="mute",
            at=facts.message.received_at,
            recipient=copy.email,
            text="The address is suppressed in this stream.",
        )
        for copy in facts.copies
        if copy.state is RecipientState.SUPPRESSED
    ]


def _of_attempt(attempt: Attempt, email: str, bounces: dict[tuple[str, datetime], Event]) -> Step:
    title, icon, tone = _ATTEMPTS.get(attempt.outcome, ("Attempt", "retry", "warn"))
    bounce = bounces.get((email, attempt.at))
    if bounce is not None:
        title, icon, tone = _ATTEMPTS["failed"]
    server = f"{attempt.host} ({attempt.ip})" if attempt.ip else attempt.host
    security = attempt.tls or ("not encrypted" if attempt.ip else "")
    phase = (
        f"at {attempt.phase.upper()}" if attempt.phase and attempt.outcome != "delivered" else ""
    )
    facts = [server, security, phase, f"{attempt.duration_ms:,} ms"]
    return Step(
        title=title,
        icon=icon,
        tone=tone,
        at=attempt.at,
        recipient=email,
        text=attempt.reply,
        facts=[fact for fact in facts if fact],
        transcript=attempt.transcript,
    )


def _of_event(event: Event) -> Step:
    title, icon, tone = _EVENTS[event.type]
    details = event.details
    server = details.get("DestinationServer", "")
    text = details.get("DeliveryMessage") or details.get("Summary") or ""
    if event.type is EventType.DELIVERED and server in KEPT_HERE:
        title, icon, text, server = "Captured", "inbox", KEPT_HERE[server], ""
    if event.type is EventType.SUBSCRIPTION_CHANGED:
        is_off = details.get("SuppressSending", "").lower() == "true"
        title = "Suppressed" if is_off else "Reactivated"
        text = f"By {details.get('Origin', 'unknown').lower()}."
    return Step(
        title=title,
        icon=icon,
        tone=tone,
        at=event.at,
        recipient=event.recipient,
        text=text.removeprefix("smtp;"),
        facts=[server] if server else [],
    )


def _waiting(facts: Facts) -> list[Step]:
    return [step for copy in facts.copies if (step := _waits_for(copy, facts.now)) is not None]


def _waits_for(copy: Copy, now: datetime) -> Step | None:
    if copy.state is RecipientState.DROPPED:
        return Step(
            title="Dropped",
            icon="ban",
            tone="mute",
            recipient=copy.email,
            text="Taken off the queue by hand.",
        )
    if copy.state is not RecipientState.QUEUED:
        return None
    tried = f" after {count(copy.attempts, 'attempt')}" if copy.attempts else ""
    if copy.is_in_hand:
        title, text = "Being delivered now", ""
    elif copy.due_at <= now:
        title, text = "Due now", f"Waits for a free connection{tried}."
    else:
        title = f"Next attempt in {duration(copy.due_at - now)}"
        text = f"Waiting{tried}." + (f" Last reply: {copy.last_reply}" if copy.last_reply else "")
    return Step(
        title=title,
        icon="clock",
        tone="wait",
        recipient=copy.email,
        text=text,
        due_at=None if copy.is_in_hand or copy.due_at <= now else copy.due_at,
    )


def summary(facts: Facts) -> str:
    """The one sentence that answers: did it arrive, and if not, why?"""
    bounce = next((e for e in reversed(facts.events) if e.type is EventType.BOUNCED), None)
    if bounce is not None:
        reply = bounce.details.get("Summary", "").removeprefix("smtp;")
        return f"{bounce.recipient} was refused for good: {reply}" if reply else ""
    waiting = [copy for copy in facts.copies if copy.state is RecipientState.QUEUED]
    if waiting:
        return _why_waiting(waiting, facts.now)
    delivered = [event for event in facts.events if event.type is EventType.DELIVERED]
    if not delivered:
        return ""
    taken = duration(max(event.at for event in delivered) - facts.message.received_at)
    if all(e.details.get("DestinationServer") in KEPT_HERE for e in delivered):
        return KEPT_HERE[delivered[-1].details["DestinationServer"]]
    whom = "" if len(delivered) == 1 else f" to {count(len(delivered), 'recipient')}"
    return f"Delivered{whom} {taken} after it was accepted."


def _why_waiting(waiting: Sequence[Copy], now: datetime) -> str:
    if any(copy.is_in_hand for copy in waiting):
        return "It is being delivered now."
    first = min(waiting, key=lambda copy: copy.due_at)
    if first.due_at <= now:
        return "It is due now."
    when = f"The next attempt is in {duration(first.due_at - now)}"
    return (
        f"{when}, because the last one got: {first.last_reply}" if first.last_reply else f"{when}."
    )
