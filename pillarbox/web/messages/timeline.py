"""The story of one message in steps: accepted, each attempt, what came of it, what it waits for. Pure."""

from collections.abc import Sequence
from datetime import datetime

from pillarbox.bounces.model import COUNTED_AS_BOUNCED, TYPES, Bounce, BounceType
from pillarbox.events.model import Event, EventType
from pillarbox.outbound.model import RecipientState, domain_of
from pillarbox.outbound.store.attempts import Attempt
from pillarbox.outbound.store.overview import Copy
from pillarbox.web.messages.reactions import of_call, of_hit, of_repeats
from pillarbox.web.messages.story import Facts, Step
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
    EventType.SUBSCRIPTION_CHANGED: ("Suppression changed", "ban", "mute"),
}


MAX_STEPS = 200
"""Steps that are shown: the first and the last ones, when there are more."""


def tell(facts: Facts) -> list[Step]:
    """The steps in order of time, then what the message waits for."""
    emails = {copy.position: copy.email for copy in facts.copies}
    told = {(emails.get(one.position, ""), one.at) for one in facts.attempts}
    summaries = {
        (event.recipient, event.at): event
        for event in facts.events
        if event.type is EventType.BOUNCED
    }
    delivered = {e.recipient: e.at for e in facts.events if e.type is EventType.DELIVERED}
    steps = [_of_attempt(one, emails.get(one.position, ""), summaries) for one in facts.attempts]
    steps += [
        of_hit(event, delivered) if event.type in _HITS else _of_event(event, facts)
        for event in facts.events
        if event.type not in _OUTCOMES or (event.recipient, event.at) not in told
    ]
    steps += of_repeats(facts.repeated_opens)
    steps += [of_call(call, now=facts.now) for call in facts.calls]
    steps.sort(key=lambda step: step.at or facts.now)
    return [_accepted(facts), *_held_back(facts), *_shortened(steps), *_waiting(facts)]


def _shortened(steps: list[Step]) -> list[Step]:
    """No more than people read, and than a page should hold."""
    if len(steps) <= MAX_STEPS:
        return steps
    left_out = count(len(steps) - MAX_STEPS, "step")
    gap = Step(title=f"{left_out} left out", icon="down", tone="mute", at=steps[MAX_STEPS // 2].at)
    return [*steps[: MAX_STEPS // 2], gap, *steps[-MAX_STEPS // 2 :]]


_HITS = (EventType.OPENED, EventType.LINK_CLICKED)
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


def _of_event(event: Event, facts: Facts) -> Step:
    title, icon, tone = _EVENTS[event.type]
    details = event.details
    server = details.get("DestinationServer", "")
    text = details.get("DeliveryMessage") or details.get("Summary") or ""
    if event.type is EventType.DELIVERED and server in KEPT_HERE:
        title, icon, text, server = "Captured", "inbox", KEPT_HERE[server], ""
    if event.type is EventType.BOUNCED and (bounce := bounce_of(event, facts)) is not None:
        title = TYPES[bounce.type].name
        icon = "ban" if bounce.type is BounceType.SPAM_COMPLAINT else icon
    if event.type is EventType.SUBSCRIPTION_CHANGED:
        title, text = _suppression(details)
    return Step(
        title=title,
        icon=icon,
        tone=tone,
        at=event.at,
        recipient=event.recipient,
        text=text.removeprefix("smtp;"),
        facts=[server] if server else [],
    )


def bounce_of(event: Event, facts: Facts) -> Bounce | None:
    """The record of a bounce, while it is kept."""
    digits = event.details.get("BounceID", "")
    return facts.bounces.get(int(digits)) if digits.isdecimal() else None


def _suppression(details: dict[str, str]) -> tuple[str, str]:
    is_off = details.get("SuppressSending", "").lower() == "true"
    by = f"By {details.get('Origin', 'unknown').lower()}."
    why = _REASONS.get(details.get("SuppressionReason", ""), "") if is_off else ""
    return ("Suppressed" if is_off else "Reactivated"), f"{why} {by}".strip()


_REASONS = {
    "HardBounce": "Because of a hard bounce.",
    "SpamComplaint": "Because of a spam complaint.",
    "ManualSuppression": "Suppressed by hand.",
}


def _waiting(facts: Facts) -> list[Step]:
    return [step for copy in facts.copies if (step := _waits_for(copy, facts)) is not None]


def _waits_for(copy: Copy, facts: Facts) -> Step | None:
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
    elif domain_of(copy.lane) in facts.suspensions:
        title, text = "Waits for its destination", f"{domain_of(copy.lane)} is suspended."
    elif copy.due_at <= facts.now:
        title, text = "Due now", f"Waits for a free connection{tried}."
    else:
        title = f"Next attempt in {duration(copy.due_at - facts.now)}"
        text = f"Waiting{tried}."
    return Step(
        title=title,
        icon="clock",
        tone="wait",
        recipient=copy.email,
        text=text,
        due_at=None if copy.is_in_hand or copy.due_at <= facts.now else copy.due_at,
    )


def summary(facts: Facts) -> str:
    """The one sentence that answers: did it arrive, and if not, why?"""
    bounce = next((e for e in reversed(facts.events) if e.type is EventType.BOUNCED), None)
    if bounce is not None:
        return _bounced(bounce, facts)
    waiting = [copy for copy in facts.copies if copy.state is RecipientState.QUEUED]
    if waiting:
        return _why_waiting(waiting, facts)
    delivered = [event for event in facts.events if event.type is EventType.DELIVERED]
    if not delivered:
        return ""
    taken = duration(max(event.at for event in delivered) - facts.message.received_at)
    if all(e.details.get("DestinationServer") in KEPT_HERE for e in delivered):
        return KEPT_HERE[delivered[-1].details["DestinationServer"]]
    whom = "" if len(delivered) == 1 else f" to {count(len(delivered), 'recipient')}"
    return f"Delivered{whom} {taken} after it was accepted."


def _bounced(event: Event, facts: Facts) -> str:
    reply = event.details.get("Summary", "").removeprefix("smtp;")
    known = bounce_of(event, facts)
    if known is not None and known.type is BounceType.SPAM_COMPLAINT:
        return f"{event.recipient} reported it as spam."
    if known is not None and known.type not in COUNTED_AS_BOUNCED:
        return f"{event.recipient}: {TYPES[known.type].name.lower()}. {reply}".strip()
    return f"{event.recipient} was refused for good: {reply}" if reply else ""


def _why_waiting(waiting: Sequence[Copy], facts: Facts) -> str:
    if any(copy.is_in_hand for copy in waiting):
        return "It is being delivered now."
    held = [copy for copy in waiting if domain_of(copy.lane) in facts.suspensions]
    if len(held) == len(waiting):
        return f"Its destination {domain_of(held[0].lane)} is suspended."
    first = min(waiting, key=lambda copy: copy.due_at)
    if first.due_at <= facts.now:
        return "It is due now."
    when = f"The next attempt is in {duration(first.due_at - facts.now)}"
    return (
        f"{when}, because the last one got: {first.last_reply}" if first.last_reply else f"{when}."
    )
