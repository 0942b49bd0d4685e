"""A queue with destinations in every state, one suspended for a reason that a stranger typed."""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from pillarbox.meters import ApiCall
from pillarbox.outbound.model import RecipientState
from pillarbox.outbound.store import queue, suspensions
from pillarbox.outbound.store.queue import Move
from pillarbox.storage.tx import Tx
from tests.conftest import Running
from tests.e2e import mailroom
from tests.e2e.seeds import HOSTILE

if TYPE_CHECKING:
    from tests.e2e.screens import Facts

SLOW, HELD = "slow.example", "suspended.example"


async def queues(running: Running, facts: "Facts") -> None:
    """Mail that backs off, is due, and waits for a suspended destination."""
    app = running.app
    held_for = f"Their postmaster asked us to wait. {HOSTILE}"
    await app.db.write(
        lambda tx: suspensions.suspend(tx, HELD, by="ann@shop.example", reason=held_for)
    )
    for number, reply in enumerate(
        ("421 4.7.28 Too many messages, slow down", f"450 4.2.0 Greylisted {HOSTILE}")
    ):
        message = await mailroom.post(app, to=f"ann{number}@{SLOW}", subject="Your invoice")
        await app.db.write(partial(_defer, key=message.key, reply=reply))
    server = await mailroom.first_server(app)
    for path, status, code in (("/email", 200, 0), (f"/bounces/{HOSTILE}", 404, 701)):
        app.meters.calls.append(
            ApiCall(app.clock.now(), server.id, "POST", path, status, code, 0.012, HOSTILE[:20])
        )
    held = await mailroom.post(app, to=f"bo@{HELD}", subject="Your invoice")
    facts.ids |= {
        "slow_domain": SLOW,
        "suspended_domain": HELD,
        "held_back": str(held.message_id),
    }


def _defer(tx: Tx, *, key: int, reply: str) -> None:
    move = Move(
        message_key=key,
        position=0,
        lease=0,
        state=RecipientState.QUEUED,
        attempts=4,
        due_at=tx.now + timedelta(minutes=7),
        last_reply=reply,
    )
    queue.move(tx, [move])
