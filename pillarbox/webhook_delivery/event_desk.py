"""The desk of events: calls that the event log led to. Source: spec webhooks 6.

take:   claim -> where each goes now (dropped when its webhook is gone) -> what it says
settle: still ours? -> judge -> state, attempts, statistics
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from pillarbox.servers.store import servers
from pillarbox.storage.tx import Tx
from pillarbox.webhook_delivery.desk import Taken
from pillarbox.webhook_delivery.job import EVENT_ID, TRACE_ID, Held, Job, Outcome, guid
from pillarbox.webhook_delivery.schedule import Ladder, judge
from pillarbox.webhooks.call import CallAttempt, CallState, Claimed, Move, Target
from pillarbox.webhooks.effective import of_server
from pillarbox.webhooks.model import Attempt, AttemptOutcome, Trigger
from pillarbox.webhooks.store import calls, log
from pillarbox.webhooks.store import webhooks as store

SMALL = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDesk:
    """Calls for events. `secret` makes the ids of events and calls unlike those of other installations."""

    ladder: Ladder
    timeout_s: float
    secret: bytes = field(repr=False)
    topic: str = calls.TOPIC

    def lanes(self, tx: Tx) -> Mapping[str, datetime]:
        """Every lane with waiting calls."""
        return calls.lanes(tx)

    def take(self, tx: Tx, wanted: Sequence[tuple[str, int]], lease: int) -> Taken:
        """Claim due calls; those whose webhook is gone are dropped."""
        claimed = calls.claim(tx, wanted, lease)
        targets = find_targets(tx, claimed)
        calls.drop(tx, [call.id for call in claimed if call.lane not in targets])
        there = [call for call in claimed if call.lane in targets]
        small = sorted({call.payload_key for call in there if call.size_bytes <= SMALL})
        bodies = calls.load_bodies(tx, small) if small else {}
        return Taken(
            jobs=[
                self._job(call, targets[call.lane], bodies.get(call.payload_key)) for call in there
            ],
            next_due=calls.next_dues(tx, [lane for lane, _ in wanted]),
        )

    def load(self, tx: Tx, job: Job) -> bytes | None:
        """What a call says."""
        return calls.load_bodies(tx, [job.about.payload_key]).get(job.about.payload_key)

    def settle(self, tx: Tx, outcomes: Sequence[Outcome]) -> list[datetime | None]:
        """Write outcomes down. Those of calls that somebody else has taken over are left alone."""
        held = calls.still_held(tx, [outcome.job.held for outcome in outcomes])
        ours = [outcome for outcome in outcomes if outcome.job.id in held]
        moves = {outcome.job.id: self._move(outcome) for outcome in ours}
        calls.move(tx, list(moves.values()))
        log.insert_attempts(tx, [_attempt(outcome) for outcome in ours])
        _count(tx, ours)
        due = {call_id: move.due_at for call_id, move in moves.items()}
        return [due.get(outcome.job.id) for outcome in outcomes]

    def extend(self, tx: Tx, held: Sequence[Held]) -> None:
        """Keep hold of calls."""
        calls.extend(tx, held)

    def release(self, tx: Tx, held: Sequence[Held]) -> None:
        """Give calls back untried."""
        calls.release(tx, held)

    def _job(self, call: Claimed, target: Target, body: bytes | None) -> Job:
        return Job(
            id=call.id,
            lease=call.lease,
            lane=call.lane,
            target=target,
            headers=(
                ("X-PM-Retries-Remaining", str(self.ladder.remaining(call.attempts))),
                (TRACE_ID, guid(self.secret, b"call", call.id)),
                (EVENT_ID, guid(self.secret, b"event", call.event_id)),
            ),
            body=body,
            size_bytes=call.size_bytes,
            attempts=call.attempts,
            about=call,
        )

    def _move(self, outcome: Outcome) -> Move:
        job = outcome.job
        verdict = judge(outcome.status)
        if verdict is AttemptOutcome.SUCCESS:
            return Move(id=job.id, state=CallState.TAKEN)
        due_at = self.ladder.next_try(job.attempts + 1, outcome.ended_at)
        if verdict is AttemptOutcome.FAILURE or due_at is None:
            return Move(id=job.id, state=CallState.GIVEN_UP)
        return Move(id=job.id, state=CallState.WAITING, due_at=due_at)


def find_targets(tx: Tx, claimed: Sequence[Claimed]) -> dict[str, Target]:
    """Where calls go as things are configured now, by lane; lanes of what is gone are left out."""
    webhook_ids = {call.webhook_id for call in claimed if call.webhook_id is not None}
    by_id = store.targets(tx, webhook_ids) if webhook_ids else {}
    found = {call.lane: by_id[call.webhook_id] for call in claimed if call.webhook_id in by_id}
    of_servers = {call.server_id for call in claimed if call.webhook_id is None}
    urls: dict[tuple[int, Trigger], str] = {
        (server.id, one.trigger): one.url
        for server in (servers.list_hooked(tx, of_servers) if of_servers else ())
        for one in of_server(server)
    }
    for call in claimed:
        url = urls.get((call.server_id, call.trigger))
        if call.webhook_id is None and url is not None:
            found[call.lane] = Target(url=url)
    return found


def _attempt(outcome: Outcome) -> CallAttempt:
    return CallAttempt(
        call_id=outcome.job.id,
        at=outcome.started_at,
        duration_ms=outcome.duration_ms,
        url=without_credentials(outcome.job.target.url),
        status=outcome.status,
        outcome=judge(outcome.status),
        response=outcome.text,
    )


def _count(tx: Tx, ours: Sequence[Outcome]) -> None:
    ids = {o.job.about.webhook_id for o in ours if o.job.about.webhook_id is not None}
    kept = store.keep(tx, ids) if ids else set()
    store.count_attempts(
        tx,
        [
            Attempt(
                webhook_id=outcome.job.about.webhook_id,
                trigger=outcome.job.about.trigger,
                at=outcome.ended_at,
                outcome=judge(outcome.status),
                duration_ms=outcome.duration_ms,
            )
            for outcome in ours
            if outcome.job.about.webhook_id in kept
        ],
    )


def without_credentials(url: str) -> str:
    """A URL as it may be shown: without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
