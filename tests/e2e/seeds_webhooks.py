"""Webhooks that do well, badly and not at all, with calls in every state."""

from datetime import timedelta
from typing import TYPE_CHECKING

from pillarbox.mail.egress import Egress
from pillarbox.servers.model import Server
from pillarbox.storage.tx import Tx
from pillarbox.webhooks import save
from pillarbox.webhooks.call import CallAttempt, CallState, Move, NewCall, Payload, payload_key
from pillarbox.webhooks.model import (
    Attempt,
    AttemptOutcome,
    Edit,
    HttpAuth,
    Trigger,
    TriggerEdit,
    Webhook,
)
from pillarbox.webhooks.save import Change, Verify
from pillarbox.webhooks.store import calls, log
from pillarbox.webhooks.store import webhooks as store
from pillarbox.wire.event_samples import sample
from tests.conftest import Running
from tests.e2e import mailroom
from tests.e2e.seeds import HOSTILE

if TYPE_CHECKING:
    from tests.e2e.screens import Facts

_FIRST_EVENT = 9_000_001


async def webhooks(running: Running, facts: "Facts") -> None:
    """Four webhooks; the first with a call that failed, one that is retried, and some that succeeded."""
    server = await mailroom.first_server(running.app)
    busy, _ = await running.app.db.write(lambda tx: _webhooks(tx, server))
    failed = await running.app.db.write(lambda tx: add_calls(tx, server, busy))
    facts.ids |= {"webhook": str(busy.id), "call": str(failed)}


def _webhooks(tx: Tx, server: Server) -> tuple[Webhook, Webhook]:
    everything = {kind.value: TriggerEdit(is_enabled=True) for kind in Trigger}
    busy = make(
        tx,
        server,
        "https://me:secret@hooks.shop.example/postmark?env=production",
        headers=(("X-Api-Key", "hidden value"),),
        triggers=everything,
    )
    quiet = make(tx, server, "https://idle.example/" + "a-long-path/" * 12)
    make(
        tx,
        server,
        "https://staging.example/hook",
        verify=Verify.SKIP,
        triggers={"Open": TriggerEdit(is_enabled=True)},
    )
    save.new_secret(tx, server, busy.id)
    return busy, quiet


def make(
    tx: Tx, server: Server, url: str, *, verify: Verify = Verify.TRUST, **edit: object
) -> Webhook:
    """A webhook of the stream `outbound`."""
    wanted = Edit(url=url, auth=HttpAuth("shop", "secret"), **edit)  # type: ignore[arg-type]
    return save.create(tx, server, "", Change(edit=wanted, egress=Egress(()), verify=verify))


def add_calls(tx: Tx, server: Server, webhook: Webhook) -> int:
    """Calls in every state; the id of the one that failed."""
    kinds = (Trigger.DELIVERY, Trigger.BOUNCE, Trigger.OPEN, Trigger.CLICK)
    keys = [payload_key(_FIRST_EVENT + n, has_content=False) for n in range(len(kinds))]
    calls.insert_calls(
        tx,
        [
            Payload(
                key=key, recipient=f"ann+{HOSTILE}@one.example", body=sample(webhook, kind, tx.now)
            )
            for key, kind in zip(keys, kinds, strict=True)
        ],
        [
            NewCall(
                lane=f"{webhook.id}",
                trigger=kind,
                server_id=server.id,
                stream_key=webhook.stream_key,
                webhook_id=webhook.id,
                payload_key=key,
                size_bytes=400,
            )
            for key, kind in zip(keys, kinds, strict=True)
        ],
    )
    found = log.page(tx, webhook.stream_key, webhook.id, state=None, before=None, limit=10)
    opened, bounced, delivered = found[1].id, found[2].id, found[3].id
    later = tx.now + timedelta(minutes=4)
    calls.move(
        tx,
        [
            Move(id=found[0].id, state=CallState.TAKEN),
            Move(id=opened, state=CallState.WAITING, due_at=later),
            Move(id=bounced, state=CallState.GIVEN_UP),
            Move(id=delivered, state=CallState.TAKEN),
        ],
    )
    made = [
        (delivered, Trigger.DELIVERY, 200, AttemptOutcome.SUCCESS, '{"ok": true}'),
        (bounced, Trigger.BOUNCE, 503, AttemptOutcome.RETRY, HOSTILE),
        (bounced, Trigger.BOUNCE, 410, AttemptOutcome.FAILURE, f"<h1>Gone</h1>{HOSTILE}"),
        (opened, Trigger.OPEN, 0, AttemptOutcome.RETRY, "no connection could be made"),
        (found[0].id, Trigger.CLICK, 204, AttemptOutcome.SUCCESS, ""),
    ]
    log.insert_attempts(
        tx,
        [
            CallAttempt(
                call_id=call_id,
                at=tx.now,
                duration_ms=83,
                url="https://hooks.shop.example/postmark?env=production",
                status=status,
                outcome=outcome,
                response=response,
            )
            for call_id, _, status, outcome, response in made
        ],
    )
    store.count_attempts(
        tx,
        [
            Attempt(webhook_id=webhook.id, trigger=kind, at=tx.now, outcome=outcome, duration_ms=83)
            for _, kind, _, outcome, _ in made
        ],
    )
    return bounced
