"""Writing down what an attempt led to: one state change, one transaction, state row and event row together.

outcomes -> still ours? -> decide (pure) -> attempts, recipients, events, bounces
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from pillarbox.bounces.classify import LocalCause, Verdict, classify, local_details, local_verdict
from pillarbox.bounces.model import NewBounce
from pillarbox.bounces.record import record
from pillarbox.errors import Refused
from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.outbound.model import RecipientState, domain_of
from pillarbox.outbound.store import attempts, messages, queue
from pillarbox.outbound.store.attempts import Attempt
from pillarbox.outbound.store.queue import Claimed, Move
from pillarbox.outbound.store.to_send import Content
from pillarbox.relay.job import Outcome, Result
from pillarbox.relay.schedule import next_try
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import instant

DETAILS_LENGTH = 1000
_RNG = random.Random()  # noqa: S311 - spreads retries, guards nothing


class Settlement(Struct, frozen=True, kw_only=True, gc=False):
    """An outcome together with the copy it is about.

    `verdict` is the type and the details of a bounce that was decided without an attempt, `report` the mail that
    is made up for it.
    """

    copy: Claimed
    content: Content
    outcome: Outcome
    verdict: tuple[Verdict, str] | None = None
    report: str | None = None


class Settled(Struct, frozen=True, kw_only=True, gc=False):
    """What was decided: when the copy is due again (None: done with it). Not `was_ours`: the lease was lost."""

    was_ours: bool
    due_at: datetime | None = None


@dataclass(slots=True)
class _Ledger:
    """What is to be written for a group of settlements."""

    moves: list[Move] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    bounces: list[tuple[Settlement, Verdict, str]] = field(default_factory=list)
    results: list[Settled] = field(default_factory=list)


def settle(tx: Tx, settlements: Sequence[Settlement]) -> list[Settled | Refused]:
    """Write down what attempts led to.

    Delivered: recipient done, event Delivered. Deferred: event Transient and due again by the schedule, or
    bounced when the window is used up. Failed: bounced (bounces.record). A copy whose lease was lost is left
    alone.
    Source: RFC 5321 section 4.5.4.1; spec bounce-classification 1.
    """
    held = queue.still_held(tx, [s.outcome.id for s in settlements])
    ledger = _Ledger()
    for settlement in settlements:
        if settlement.outcome.id in held:
            _decide(ledger, settlement, tx.now)
        else:
            ledger.results.append(Settled(was_ours=False))
    ours = [s for s in settlements if s.outcome.id in held]
    queue.move(tx, ledger.moves)
    messages.mark_sent(tx, sorted({s.copy.message_key for s in ours if s.copy.attempts == 0}))
    attempts.insert(tx, [_attempt(s.outcome) for s in ours if s.outcome.transcript])
    events.append(tx, ledger.events)
    for settlement, verdict, details in ledger.bounces:
        _record_bounce(tx, settlement, verdict, details)
    return list(ledger.results)


def _decide(ledger: _Ledger, settlement: Settlement, now: datetime) -> None:
    outcome = settlement.outcome
    if settlement.verdict is not None:
        _bounce(ledger, settlement, *settlement.verdict)
    elif outcome.result is Result.DELIVERED:
        ledger.moves.append(_move(settlement, RecipientState.DELIVERED))
        ledger.events.append(_event(settlement, EventType.DELIVERED))
        ledger.results.append(Settled(was_ours=True))
    elif outcome.result is Result.FAILED:
        _bounce(ledger, settlement, *_verdict(outcome, settlement.copy))
    else:
        _defer(ledger, settlement, now)


def _defer(ledger: _Ledger, settlement: Settlement, now: datetime) -> None:
    due = next_try(
        settlement.copy.attempts + 1,
        received_at=settlement.content.received_at,
        now=now,
        rng=_RNG,
    )
    if due is None:
        _bounce(ledger, settlement, *_verdict(settlement.outcome, settlement.copy))
        return
    ledger.moves.append(_move(settlement, RecipientState.QUEUED, due))
    ledger.events.append(_event(settlement, EventType.TRANSIENT))
    ledger.results.append(Settled(was_ours=True, due_at=due))


def _bounce(ledger: _Ledger, settlement: Settlement, verdict: Verdict, details: str) -> None:
    ledger.moves.append(_move(settlement, RecipientState.BOUNCED))
    ledger.bounces.append((settlement, verdict, details))
    ledger.results.append(Settled(was_ours=True))


def _verdict(outcome: Outcome, copy: Claimed) -> tuple[Verdict, str]:
    """The bounce's type and Details text: by what the remote side said, else by the local cause."""
    if outcome.cause:
        cause = LocalCause(outcome.cause)
        subject = outcome.reply if cause is LocalCause.BAD_ADDRESS else domain_of(copy.lane)
        return local_verdict(cause), local_details(cause, subject)
    return classify(outcome.reply, phase=outcome.phase), f"smtp;{outcome.reply}"[:DETAILS_LENGTH]


def _attempt(outcome: Outcome) -> Attempt:
    return Attempt(
        message_key=outcome.message_key,
        position=outcome.position,
        at=instant(outcome.at),
        duration_ms=outcome.duration_ms,
        outcome=outcome.result.value,
        host=outcome.host,
        ip=outcome.ip,
        tls=outcome.tls,
        phase=outcome.phase,
        reply=outcome.reply[:DETAILS_LENGTH],
        transcript=outcome.transcript,
    )


def _move(settlement: Settlement, state: RecipientState, due_at: datetime | None = None) -> Move:
    copy = settlement.copy
    return Move(
        message_key=copy.message_key,
        position=copy.position,
        lease=copy.lease,
        state=state,
        attempts=copy.attempts + 1,
        due_at=due_at,
        last_reply=settlement.outcome.reply[:DETAILS_LENGTH],
    )


def _event(settlement: Settlement, kind: EventType) -> Event:
    outcome = settlement.outcome
    where = f"{outcome.host} ({outcome.ip})" if outcome.ip else outcome.host
    return Event(
        server_id=settlement.copy.server_id,
        stream_key=settlement.copy.stream_key,
        message_key=settlement.copy.message_key,
        recipient=settlement.copy.email,
        type=kind,
        at=instant(outcome.at),
        details={
            "DeliveryMessage": f"smtp;{outcome.reply}"[:DETAILS_LENGTH],
            "DestinationServer": where,
            "DestinationIP": outcome.ip,
        },
    )


def _record_bounce(tx: Tx, settlement: Settlement, verdict: Verdict, details: str) -> None:
    copy = settlement.copy
    facts = messages.facts(tx, copy.message_key)
    record(
        tx,
        NewBounce(
            type=verdict.type,
            rule=verdict.rule,
            server_id=copy.server_id,
            stream_key=copy.stream_key,
            message_key=copy.message_key,
            message_id=settlement.content.message_id,
            email=copy.email,
            sender=facts.sender,
            subject=facts.subject,
            tag=facts.tag,
            details=details,
            at=instant(settlement.outcome.at),
            content=settlement.report,
        ),
    )
