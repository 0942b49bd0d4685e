"""What a mail that came back means for the copy it is about. Pure: a message in, a judgement out.

    complaint -> status notification -> read receipt -> challenge -> new address -> automatic answer -> virus
    -> (un)subscribe -> relay test -> report in prose -> nothing

Who it is about, and whether that can be believed, is decided in `intake`.
Source: spec bounce-classification 6.2, 6.3 and 7.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pillarbox.bounces import answers
from pillarbox.bounces.answers import Answer
from pillarbox.bounces.classify import Verdict, classify, scan
from pillarbox.bounces.model import TYPES, BounceType
from pillarbox.mail import arf, dsn, dsn_text, report_fields
from pillarbox.mail.arf import Feedback
from pillarbox.mail.dsn import Action, RecipientStatus
from pillarbox.mail.dsn_text import Told
from pillarbox.mail.parse import Message

LONGEST_DETAILS = 1000
_SUBJECT_SHOWN = 200
_VIRUS_LOOKED_AT = 2048

_FEEDBACK = {
    "virus": BounceType.VIRUS_NOTIFICATION,
    "opt-out": BounceType.UNSUBSCRIBE,
    "opt-out-list": BounceType.UNSUBSCRIBE,
}
_IGNORED_FEEDBACK = ("not-spam", "auth-failure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What to record. `is_final`: the copy has not arrived, and will not."""

    verdict: Verdict
    details: str
    is_final: bool = False


def judge(
    message: Message, *, sent_to: str, is_from_nobody: bool = False, is_complaint: bool = False
) -> Judgement | None:
    """What a mail says of the copy that went to `sent_to`; None when there is nothing to record.

    `is_from_nobody`: its envelope sender is empty. `is_complaint`: it came to the address for complaints.
    """
    feedback = arf.read(message)
    if feedback is not None or is_complaint:
        return _complaint(feedback or Feedback())
    statuses = dsn.read(message)
    if statuses is not None:
        return _notification(statuses, sent_to)
    if report_fields.report_type(message) == "disposition-notification":
        return None
    return _answer(message, Answer(message, is_from_nobody=is_from_nobody), sent_to)


def _complaint(feedback: Feedback) -> Judgement | None:
    if feedback.kind in _IGNORED_FEEDBACK:
        return None
    kind = _FEEDBACK.get(feedback.kind, BounceType.SPAM_COMPLAINT)
    said = f"feedback-type: {feedback.kind or 'abuse'}"
    return _judged(kind, "arf", f"{said}; {feedback.user_agent}" if feedback.user_agent else said)


def _notification(statuses: Sequence[RecipientStatus], sent_to: str) -> Judgement | None:
    """What a status notification says of us; of one that cannot be read nothing is known."""
    if not statuses:
        return _judged(BounceType.UNKNOWN, "dsn", "", is_final=True)
    own = [status for status in statuses if status.names(sent_to)] or statuses
    failed = [_failure(status) for status in own if status.action is Action.FAILED]
    if failed:
        return _mildest(failed)
    for status in own:
        if status.action is Action.DELAYED:
            return _judged(BounceType.TRANSIENT, "dsn:delayed", _details(status))
    return None


def _failure(status: RecipientStatus) -> Judgement:
    text = status.diagnostic or status.comment
    return Judgement(
        verdict=classify(text, status=status.status), details=_details(status), is_final=True
    )


def _details(status: RecipientStatus) -> str:
    said = status.diagnostic or status.comment
    return said[:LONGEST_DETAILS] if said else f"action: {status.action}\r\n"


def _mildest(found: Sequence[Judgement]) -> Judgement:
    """Of several the first that does not suppress: one gone member of a list is not the list."""
    mild = [one for one in found if not TYPES[one.verdict.type].deactivates]
    return (mild or found)[0]


def _answer(message: Message, answer: Answer, sent_to: str) -> Judgement | None:
    """What mail means that follows no standard."""
    is_report = answers.is_report(answer) and not answers.is_vacation(answer)
    for kind, holds, may_be_report in _KINDS:
        if (may_be_report or not is_report) and holds(answer):
            return _judged(kind, "answer", (message.header("subject") or "")[:_SUBJECT_SHOWN])
    if answers.is_success(answer):
        return None
    return _prose(answer, sent_to) if is_report or answer.is_from_nobody else None


def _is_challenge(answer: Answer) -> bool:
    return scan(answer.beginning, only=("challenge",)) is not None


def _is_virus_alert(answer: Answer) -> bool:
    beginning = answer.beginning[:_VIRUS_LOOKED_AT]
    return scan(beginning, only=("virus-1", "virus-2")) is not None


# A mail system's report may well say that it was made automatically, or that somebody has left.
_KINDS: tuple[tuple[BounceType, Callable[[Answer], bool], bool], ...] = (
    (BounceType.CHALLENGE_VERIFICATION, _is_challenge, True),
    (BounceType.ADDRESS_CHANGE, answers.is_address_change, False),
    (BounceType.AUTO_RESPONDER, answers.is_automatic, False),
    (BounceType.VIRUS_NOTIFICATION, _is_virus_alert, True),
    (BounceType.UNSUBSCRIBE, answers.is_unsubscribe, True),
    (BounceType.SUBSCRIBE, answers.is_subscribe, True),
    (BounceType.OPEN_RELAY_TEST, answers.is_relay_probe, True),
)


def _prose(answer: Answer, sent_to: str) -> Judgement:
    told = dsn_text.read(answer.body)
    own = [one for one in told if one.recipient == sent_to.lower()] or told
    if answers.is_delay(answer):
        return _judged(BounceType.TRANSIENT, "prose:delayed", _quoted(own[0]))
    return _mildest([_told(one) for one in own])


def _told(told: Told) -> Judgement:
    """By the answer that a report quotes; without one, or without a clue in it, by what else it says."""
    verdict = classify(told.reply) if told.reply else Verdict(BounceType.UNKNOWN, "none")
    if verdict.type is BounceType.UNKNOWN:
        verdict = scan(told.prose) or scan(told.context) or verdict
    return Judgement(verdict=verdict, details=_quoted(told), is_final=True)


def _quoted(told: Told) -> str:
    if told.reply:
        return f"smtp;{told.reply}"[:LONGEST_DETAILS]
    return " ".join(told.prose.split())[:LONGEST_DETAILS]


def _judged(kind: BounceType, rule: str, details: str, *, is_final: bool = False) -> Judgement:
    return Judgement(
        verdict=Verdict(kind, rule), details=details[:LONGEST_DETAILS], is_final=is_final
    )
