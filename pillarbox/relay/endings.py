"""Settling the copies that do not leave: captured, sandboxed, made for testing, or without a text.

They count as tried, so that everything else happens as with a remote host. Source: spec sending 10.
"""

from pillarbox.bounces.classify import Verdict
from pillarbox.bounces.model import BounceType
from pillarbox.config import Config
from pillarbox.mail import trace
from pillarbox.outbound.store.queue import Claimed
from pillarbox.outbound.store.to_send import Content
from pillarbox.relay import route
from pillarbox.relay.job import Outcome, Result
from pillarbox.relay.outcome import DETAILS_LENGTH, Settlement
from pillarbox.relay.route import Endings, Ends, FakeBounce
from pillarbox.storage.types import instant

TEST_DETAILS = "Test bounce details"
_SANDBOX = "250 2.0.0 OK (sandbox blackhole)"

# The types whose real bounces come with a report, and the status it would show.
_STATUSES = {
    BounceType.HARD_BOUNCE: "5.1.1",
    BounceType.TRANSIENT: "4.4.1",
    BounceType.ADDRESS_CHANGE: "5.1.6",
    BounceType.DNS_ERROR: "4.4.3",
    BounceType.SPAM_NOTIFICATION: "5.7.1",
    BounceType.UNKNOWN: "5.0.0",
    BounceType.SOFT_BOUNCE: "5.2.2",
    BounceType.VIRUS_NOTIFICATION: "5.7.1",
    BounceType.BLOCKED: "5.7.1",
    BounceType.DMARC_POLICY: "5.7.26",
}
_ANSWERS = frozenset(
    {
        BounceType.UNSUBSCRIBE,
        BounceType.SUBSCRIBE,
        BounceType.AUTO_RESPONDER,
        BounceType.OPEN_RELAY_TEST,
        BounceType.CHALLENGE_VERIFICATION,
    }
)


def endings_of(config: Config) -> Endings:
    """What ends here, by the settings."""
    return Endings(
        mode=config.delivery,
        bounce_testing=frozenset({route.BOUNCE_TESTING, config.bounce_testing_domain}),
        blackholes=frozenset({route.BLACKHOLE, config.blackhole_domain}),
    )


def ends_here(copy: Claimed, content: Content, endings: Endings, *, at: int) -> Settlement | None:
    """The settlement of a copy that does not leave; None when it does."""
    if content.render_error is not None:
        return _without_text(copy, content, at)
    way = route.choose(
        copy.email, endings, bounce_type=content.bounce_type, is_sandboxed=content.is_sandboxed
    )
    if isinstance(way, FakeBounce):
        return _fake(copy, content, way.type, at)
    return _kept(copy, content, way.where, at) if isinstance(way, Ends) else None


def _kept(copy: Claimed, content: Content, where: str, at: int) -> Settlement:
    reply = _SANDBOX if where == "sandbox" else f"250 2.0.0 Ok: kept by {where}"
    return Settlement(
        copy=copy, content=content, outcome=_outcome(copy, Result.DELIVERED, reply, where, at)
    )


def _fake(copy: Claimed, content: Content, kind: BounceType, at: int) -> Settlement:
    return Settlement(
        copy=copy,
        content=content,
        outcome=_outcome(copy, Result.FAILED, "Test bounce", "bounce-testing", at),
        verdict=(Verdict(kind, "fake"), TEST_DETAILS),
        report=_report(copy, content, kind, at),
    )


def _without_text(copy: Claimed, content: Content, at: int) -> Settlement:
    """The settlement of a copy whose template could not be filled."""
    verdict = Verdict(BounceType.TEMPLATE_RENDERING_FAILED, "template")
    details = (content.render_error or "")[:DETAILS_LENGTH]
    return Settlement(
        copy=copy,
        content=content,
        outcome=_outcome(copy, Result.FAILED, "Template rendering failed", "templates", at),
        verdict=(verdict, details),
    )


def _outcome(copy: Claimed, result: Result, reply: str, host: str, at: int) -> Outcome:
    return Outcome(
        message_key=copy.message_key,
        position=copy.position,
        lease=copy.lease,
        result=result,
        reply=reply,
        host=host,
        at=at,
    )


def _report(copy: Claimed, content: Content, kind: BounceType, at: int) -> str | None:
    """The mail that would have come back, for applications that read it; None for what is found on this side."""
    head = [
        "Return-Path: <>",
        f"From: {'Somebody' if kind in _ANSWERS else 'MAILER-DAEMON'} <{copy.email}>",
        f"Date: {trace.date(instant(at))}",
        "Auto-Submitted: auto-replied",
        f"X-PM-Message-Id: {content.message_id}",
    ]
    if kind in _ANSWERS:
        lines = [*head, f"Subject: Test bounce: {kind}", "", TEST_DETAILS]
    elif status := _STATUSES.get(kind):
        lines = [*head, *_notification(copy, status)]
    else:
        return None
    return "".join(f"{line}\r\n" for line in lines)


def _notification(copy: Claimed, status: str) -> list[str]:
    return [
        "Subject: Undelivered Mail Returned to Sender",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="report"',
        "",
        "--report",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        f"<{copy.email}>: {TEST_DETAILS}",
        "",
        "--report",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; bounce-testing",
        "",
        f"Final-Recipient: rfc822; {copy.email}",
        f"Action: {'delayed' if status.startswith('4') else 'failed'}",
        f"Status: {status}",
        f"Diagnostic-Code: X-Pillarbox; {TEST_DETAILS}",
        "",
        "--report--",
    ]
