"""Why a copy waits: the rule that holds it back, as far as the database knows it. Pure.

What the delivery role remembers of a destination, how many connections it allows it now, is known to that role
alone; the database says how many copies are in hand and how many are due before this one.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from pillarbox.outbound.model import RecipientState, domain_of, is_bulk
from pillarbox.outbound.store.overview import CROWD_COUNTED, Copy, Crowd
from pillarbox.outbound.store.suspensions import Suspension
from pillarbox.relay.schedule import FIRST, LONGEST, WINDOW
from pillarbox.web.messages.story import Facts
from pillarbox.web.show import count, duration, utc

UNATTENDED_AFTER = timedelta(minutes=1)
"""What is due for so long, with nothing in hand for its destination, is looked at by nobody."""
_RULES = (
    (
        r"gr[ae]y-?\s?list",
        "Greylisting",
        "{host} wants to see a second attempt some minutes later.",
    ),
    (r"^\d{3}[ -]4\.4\.3\b", "DNS failure", "The mail servers of {domain} could not be looked up."),
    (r"^454[ -]4\.7\.0 TLS", "No encryption", "{host} offers no TLS that can be used."),
    (r"^451[ -]4\.4\.[12]\b", "No answer", "No mail server of {domain} answered to the end."),
    (
        r"^421|too (?:many|much)|rate.?limit|throttl|slow down|4\.7\.28",
        "Asked to slow down",
        "{host} takes no more mail from here for now.",
    ),
    (r"[45]\.2\.2|quota|mailbox.{0,20}full", "Mailbox full", "The mailbox takes no mail now."),
    (r"^4", "Deferred", "{host} refused it for now."),
)
_COMPILED = tuple((re.compile(found, re.IGNORECASE), rule, why) for found, rule, why in _RULES)
_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Why one copy waits. `next_at` is None when it is due or in hand; `gives_up_at` when that is the end."""

    recipient: str
    rule: str
    why: str
    next_at: datetime | None
    gives_up_at: datetime
    attempts: int
    last_reply: str
    schedule: str
    suspended: str = ""
    """The destination, when it is suspended."""

    @property
    def can_be_hurried(self) -> bool:
        """Whether trying now changes anything."""
        return self.next_at is not None and not self.suspended


def waits(facts: Facts) -> list[Wait]:
    """Why each copy that waits does; none when nothing waits."""
    waiting = [copy for copy in facts.copies if copy.state is RecipientState.QUEUED]
    return [_wait(copy, facts) for copy in waiting]


def _wait(copy: Copy, facts: Facts) -> Wait:
    is_later = not copy.is_in_hand and copy.due_at > facts.now
    suspension = None if copy.is_in_hand else facts.suspensions.get(domain_of(copy.lane))
    if suspension is not None:
        rule, why = "Its destination is suspended", words_of(suspension)
    else:
        rule, why = _later(copy, facts) if is_later else _now(copy, facts)
    return Wait(
        recipient=copy.email,
        rule=rule,
        why=why,
        next_at=copy.due_at if is_later else None,
        gives_up_at=facts.message.received_at + WINDOW,
        attempts=copy.attempts,
        last_reply=copy.last_reply or "",
        schedule=_schedule(copy.attempts) if is_later and copy.attempts else "",
        suspended=suspension.domain if suspension else "",
    )


def words_of(suspension: Suspension) -> str:
    """Who suspended a destination, when, why, and until when."""
    until = f"until {utc(suspension.until)}" if suspension.until else "until it is resumed"
    why = f": {suspension.reason}" if suspension.reason else ""
    return f"{suspension.by} suspended {suspension.domain} on {utc(suspension.at)}, {until}{why}"


def rule_of(reply: str, *, host: str, domain: str) -> tuple[str, str] | None:
    """The rule that an answer has set off, and why it holds mail back; None for an answer that says nothing."""
    for pattern, rule, why in _COMPILED:
        if pattern.search(reply[:_LOOKED_AT]):
            return rule, why.format(host=host, domain=domain)
    return None


def _now(copy: Copy, facts: Facts) -> tuple[str, str]:
    """The rule for a copy that need not wait any longer."""
    if copy.is_in_hand:
        return "None", "It is being delivered now."
    domain = domain_of(copy.lane)
    crowd = facts.crowds.get(copy.lane, Crowd(in_hand=0, due=0))
    if crowd.in_hand:
        first = " Other mail to it goes before bulk mail." if is_bulk(copy.lane) else ""
        busy = (
            f"{_some(crowd.in_hand)} to {domain} are being delivered, {_some(crowd.due)} are due."
        )
        return "The destination’s limit", f"{busy}{first}"
    if facts.now - copy.due_at > UNATTENDED_AFTER:
        why = "It is due, but nothing takes it up. Is the role “delivery” running?"
        return "Nothing delivers", why
    return "Its turn", f"It is due now, with {_some(crowd.due)} to {domain}."


def _later(copy: Copy, facts: Facts) -> tuple[str, str]:
    """The rule that an answer has set off."""
    tries = [one for one in facts.attempts if one.position == copy.position]
    host = tries[-1].host if tries and tries[-1].host else domain_of(copy.lane)
    found = rule_of(copy.last_reply or "", host=host, domain=domain_of(copy.lane))
    return found or ("Its time has not come", "It is not due yet.")


def _schedule(attempts: int) -> str:
    """How the pause after so many attempts is found."""
    pause = min(LONGEST, FIRST * (1 << min(attempts - 1, 10)))
    again = "" if pause == LONGEST else f", then twice as long each time, up to {duration(LONGEST)}"
    return f"About {duration(pause)} after {count(attempts, 'attempt')}{again}"


def _some(number: int) -> str:
    if number >= CROWD_COUNTED:
        return f"{CROWD_COUNTED:,} or more copies"
    return "1 copy" if number == 1 else f"{number} copies"
