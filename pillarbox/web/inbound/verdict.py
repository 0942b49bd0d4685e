"""What is known of an inbound message at a glance: where it stands, and whether its sender is genuine. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pillarbox.inbound.model import InboundMessage, InboundStatus
from pillarbox.inbound.store.overview import Hook

_result = re.compile(r"\b(spf|dkim|dmarc)=([a-z]+)([^;]*)").findall
_domain = re.compile(r"(?:header\.d|header\.from|smtp\.mailfrom)=(\S+)").search
_TONES = {
    "pass": "good",
    "fail": "bad",
    "permerror": "bad",
    "softfail": "warn",
    "temperror": "warn",
}
_SAYS = {
    ("spf", "pass"): "This host may send for the domain.",
    ("spf", "fail"): "The domain forbids this host to send for it.",
    ("spf", "softfail"): "The domain does not expect this host to send for it.",
    ("spf", "none"): "The domain does not say who may send for it.",
    ("dkim", "pass"): "The signature is good: nothing was changed on the way.",
    ("dkim", "fail"): "The signature is not good.",
    ("dkim", "none"): "It is not signed.",
    ("dmarc", "pass"): "The address in From is genuine.",
    ("dmarc", "fail"): "The address in From may be forged.",
    ("dmarc", "none"): "The domain in From has no policy.",
}
_NAMES = {"spf": "SPF", "dkim": "DKIM", "dmarc": "DMARC"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """The status in the list."""

    status: str
    tone: str
    icon: str
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of the sender or the content."""

    name: str
    result: str
    tone: str
    text: str


BADGES = {
    InboundStatus.PROCESSED: Badge(status="Processed", tone="good", icon="check"),
    InboundStatus.BLOCKED: Badge(status="Blocked", tone="mute", icon="ban"),
    InboundStatus.QUEUED: Badge(status="Queued", tone="wait", icon="clock"),
    InboundStatus.SCHEDULED: Badge(status="Scheduled", tone="warn", icon="retry"),
    InboundStatus.FAILED: Badge(status="Failed", tone="bad", icon="cross"),
}


def summary(message: InboundMessage, hook: Hook, *, has_hook: bool) -> str:
    """Why the message stands where it does, in a sentence."""
    match message.status:
        case InboundStatus.BLOCKED:
            return message.blocked_reason or "It was blocked."
        case InboundStatus.PROCESSED:
            return f"Your webhook took it. {hook.outcome}".strip()
        case InboundStatus.FAILED if not hook.attempts and not has_hook:
            return "No inbound webhook is set, so nobody was told. Set one, then retry."
        case InboundStatus.FAILED if not hook.attempts:
            return "There was no inbound webhook when it came. You can retry now."
        case InboundStatus.FAILED:
            return f"Your webhook did not take it. {hook.outcome}".strip()
        case InboundStatus.SCHEDULED if hook.outcome and hook.attempts:
            return f"{hook.outcome} It is tried again."
        case _:
            return "Your webhook is about to be called."


def checks(headers: Sequence[tuple[str, str]], *, is_scanned: bool) -> list[Check]:
    """What our own checks found. What the sender wrote into headers of the same name does not count."""
    own = _own(headers)
    found = []
    for name, value in own:
        if name == "authentication-results":
            found += [_check(*one) for one in _result(value)]
    spam = dict(own)
    if is_scanned and "x-spam-score" in spam:
        is_spam = spam.get("x-spam-status", "").lower().startswith("yes")
        found.append(
            Check(
                name="Spam",
                result=spam["x-spam-score"],
                tone="bad" if is_spam else "good",
                text=spam.get("x-spam-tests", "").replace(",", ", "),
            )
        )
    return found


def _own(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Our own checks stand between the two Received fields that we write; names lower-cased."""
    lowered = [(name.lower(), value) for name, value in headers]
    hops = [at for at, (name, _) in enumerate(lowered) if name == "received"][:2]
    return lowered[hops[0] + 1 : hops[1]] if len(hops) == 2 else []


def _check(kind: str, result: str, rest: str) -> Check:
    domain = _domain(rest)
    about = f" ({domain.group(1)})" if domain else ""
    return Check(
        name=_NAMES[kind],
        result=result,
        tone=_TONES.get(result, "mute"),
        text=_SAYS.get((kind, result), "It could not be checked.") + about,
    )
