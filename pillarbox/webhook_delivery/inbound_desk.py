"""The desk of inbound mail: messages whose Server's hook is to be called.

    take:   claim -> failed at once where there is no hook (or handed over by keeping: handover)
    settle: judge -> status and try, where still ours; after the last attempt a bounce InboundError

Source: spec inbound 4 and 6.2, webhooks 6.4.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.inbound.handover import Handed
from pillarbox.inbound.model import HookTry, InboundStatus
from pillarbox.inbound.read import attachment_contents, source_text
from pillarbox.inbound.store import messages, queue, tries
from pillarbox.inbound.store.messages import TOPIC
from pillarbox.inbound.store.queue import Due, Move
from pillarbox.servers.store import servers
from pillarbox.storage.tx import Tx
from pillarbox.webhook_delivery.desk import Taken
from pillarbox.webhook_delivery.event_desk import without_credentials
from pillarbox.webhook_delivery.job import EVENT_ID, TRACE_ID, Held, Job, Outcome, guid
from pillarbox.webhook_delivery.schedule import Ladder, judge_inbound
from pillarbox.webhooks.call import Target
from pillarbox.webhooks.model import AttemptOutcome
from pillarbox.wire.inbound import hook_body

NO_HOOK = "The Server has no InboundHookUrl."


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundDesk:
    """Calls for inbound mail; a lane is a Server. `secret` as for events."""

    ladder: Ladder
    timeout_s: float
    secret: bytes = field(repr=False)
    topic: str = TOPIC

    def lanes(self, tx: Tx) -> Mapping[str, datetime]:
        """Every Server with messages to tell of."""
        return queue.lanes(tx)

    def take(self, tx: Tx, wanted: Sequence[tuple[str, int]], lease: int) -> Taken:
        """Claim due messages; those of Servers without a hook have failed."""
        due = [one for lane, slots in wanted for one in queue.claim(tx, int(lane), slots, lease)]
        known = servers.list_by_ids(tx, {one.server_id for one in due})
        urls = {key: server.inbound_hook_url for key, server in known.items()}
        queue.move(
            tx,
            [
                Move(key=one.key, lease=one.lease, status=InboundStatus.FAILED, outcome=NO_HOOK)
                for one in due
                if not urls.get(one.server_id)
            ],
        )
        return Taken(
            jobs=[
                self._job(one, url, with_source=known[one.server_id].is_raw_email_enabled)
                for one in due
                if (url := urls.get(one.server_id))
            ],
            next_due={lane: queue.next_due(tx, int(lane)) for lane, _ in wanted},
        )

    def handed(self, handed: Handed) -> Job:
        """A message that was handed over, as a call."""
        message, content = handed.new.message, handed.new.content
        due = Due(
            key=message.key,
            lease=handed.lease,
            server_id=message.server_id,
            size_bytes=len(content.raw),
            attempts=0,
        )
        wants_source = handed.hook.wants_source
        raw = source_text(content.raw) if wants_source else None
        body = None
        with suppress(UnicodeError):  # text that no database keeps: told as it was kept
            body = hook_body(message, content, handed.attachments, raw)
        return self._job(due, handed.hook.url, with_source=wants_source, body=body)

    def load(self, tx: Tx, job: Job) -> bytes | None:
        """What the hook is told of a message."""
        message = messages.find_by_key(tx, job.id)
        if message is None:
            return None
        content = messages.find_content(tx, message.key)
        raw = source_text(content.raw) if job.about else None
        contents = attachment_contents(content.raw) if message.attachments else []
        return hook_body(message, content, contents, raw)

    def settle(self, tx: Tx, outcomes: Sequence[Outcome]) -> list[datetime | None]:
        """Write outcomes down. Those of messages that somebody else has taken over are left alone."""
        moves = {outcome.job.id: self._move(outcome) for outcome in outcomes}
        moved = queue.move(tx, list(moves.values()))
        tries.insert(tx, [_try(outcome) for outcome in outcomes if outcome.job.id in moved])
        for outcome in outcomes:
            move = moves[outcome.job.id]
            if move.key in moved and move.status is InboundStatus.FAILED:
                _record_failure(tx, move, outcome)
        return [moves[o.job.id].due_at if o.job.id in moved else None for o in outcomes]

    def extend(self, tx: Tx, held: Sequence[Held]) -> None:
        """Keep hold of messages."""
        queue.extend(tx, held)

    def release(self, tx: Tx, held: Sequence[Held]) -> None:
        """Give messages back untried."""
        queue.release(tx, held)

    def _job(self, due: Due, url: str, *, with_source: bool, body: bytes | None = None) -> Job:
        return Job(
            id=due.key,
            lease=due.lease,
            lane=lane_of(due.server_id),
            target=Target(url=url),
            headers=(
                (TRACE_ID, guid(self.secret, b"inbound call", due.key)),
                (EVENT_ID, guid(self.secret, b"inbound", due.key)),
            ),
            body=body,
            size_bytes=3 * due.size_bytes,  # base64 and escapes; put together for each call
            attempts=due.attempts,
            about=with_source,
        )

    def _move(self, outcome: Outcome) -> Move:
        verdict = judge_inbound(outcome.status)
        (key, lease), said = outcome.job.held, said_by(outcome)
        if verdict is AttemptOutcome.SUCCESS:
            return Move(key=key, lease=lease, status=InboundStatus.PROCESSED, outcome=said)
        due_at = self.ladder.next_try(outcome.job.attempts + 1, outcome.ended_at)
        if verdict is AttemptOutcome.FAILURE or due_at is None:
            return Move(key=key, lease=lease, status=InboundStatus.FAILED, outcome=said)
        return Move(
            key=key, lease=lease, status=InboundStatus.SCHEDULED, outcome=said, due_at=due_at
        )


def lane_of(server_id: int) -> str:
    """The lane of a Server's messages."""
    return str(server_id)


def _try(outcome: Outcome) -> HookTry:
    return HookTry(
        message_key=outcome.job.id,
        at=outcome.started_at,
        duration_ms=outcome.duration_ms,
        url=without_credentials(outcome.job.target.url),
        status=outcome.status,
        response=outcome.text,
    )


def said_by(outcome: Outcome) -> str:
    """What came of calling a hook, in a sentence."""
    if outcome.status == 0:
        return f"The hook could not be called: {outcome.text}."
    return f"The hook returned an HTTP status code of {outcome.status}."


def _record_failure(tx: Tx, move: Move, outcome: Outcome) -> None:
    message = messages.find_by_key(tx, move.key)
    if message is None:
        return
    record(
        tx,
        NewBounce(
            type=BounceType.INBOUND_ERROR,
            rule="inbound hook",
            server_id=message.server_id,
            stream_key=message.stream_key,
            message_key=None,
            message_id=message.message_id,
            email=message.original_recipient,
            sender=message.sender.email,
            subject=message.subject,
            tag=message.tag or None,
            details=move.outcome,
            at=outcome.ended_at,
        ),
    )
