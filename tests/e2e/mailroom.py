"""Mail in every state, put into an App's database as accepting and delivering would have put it there."""

import base64
from datetime import timedelta
from typing import Any

from pillarbox.app import App
from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.outbound.accept import accept
from pillarbox.outbound.model import Attachment, Prepared, RecipientState
from pillarbox.outbound.store import attempts, queue
from pillarbox.outbound.store.attempts import Attempt
from pillarbox.outbound.store.queue import Move
from pillarbox.servers.model import Server
from pillarbox.servers.store import servers
from pillarbox.storage.tx import Tx
from tests.factories import a_prepared

PIXEL = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
).decode()
LOGO = Attachment(
    name="logo.png", content=PIXEL, content_type="image/png", content_id="cid:logo@shop"
)
TALK = [
    (0.4, "-", "connected to 192.0.2.10:25"),
    (31.2, "S", "220 mx1.one.example ESMTP"),
    (31.5, "C", "EHLO pillarbox.example"),
    (58.0, "S", "250-mx1.one.example\n250-PIPELINING\n250-STARTTLS\n250 8BITMIME"),
    (58.2, "C", "MAIL FROM:<b1@pillarbox.example>"),
    (58.2, "C", "RCPT TO:<ann@one.example>"),
    (90.7, "S", "250 2.1.0 Ok"),
]


async def first_server(app: App) -> Server:
    """The Server that every installation begins with."""
    return (await app.db.read(servers.list_servers))[0]


async def post(app: App, **changes: Any) -> Prepared:
    """Have a message accepted; it stays in the queue unless the delivery role runs."""
    message = a_prepared(app, await first_server(app), **changes)
    [answer] = await app.db.write_each(accept, [message])
    assert not isinstance(answer, Exception), answer
    return message


async def settle(
    app: App,
    message: Prepared,
    outcome: str,
    *,
    reply: str,
    position: int = 0,
    after_s: float = 0.2,
) -> None:
    """Write an attempt down: `outcome` is delivered, deferred or failed."""
    await app.db.write(
        lambda tx: _settle(tx, message, outcome, reply=reply, position=position, after_s=after_s)
    )


def _settle(
    tx: Tx, message: Prepared, outcome: str, *, reply: str, position: int, after_s: float
) -> None:
    at = message.received_at + timedelta(seconds=after_s)
    states = {
        "delivered": (RecipientState.DELIVERED, EventType.DELIVERED),
        "deferred": (RecipientState.QUEUED, EventType.TRANSIENT),
        "failed": (RecipientState.BOUNCED, EventType.BOUNCED),
    }
    state, kind = states[outcome]
    attempts.insert(
        tx,
        [
            Attempt(
                message_key=message.key,
                position=position,
                at=at,
                duration_ms=132,
                outcome=outcome,
                host="mx1.one.example",
                ip="192.0.2.10",
                tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
                phase="data" if outcome == "delivered" else "rcpt",
                reply=reply,
                transcript=[*TALK, (131.9, "S", reply)],
            )
        ],
    )
    move = Move(
        message_key=message.key,
        position=position,
        lease=0,
        state=state,
        attempts=1,
        due_at=tx.now + timedelta(minutes=4, seconds=10) if outcome == "deferred" else None,
        last_reply=reply,
    )
    queue.move(tx, [move])
    smtp = {
        "DeliveryMessage": f"smtp;{reply}",
        "DestinationServer": "mx1.one.example (192.0.2.10)",
        "DestinationIP": "192.0.2.10",
    }
    bounce = {"Summary": f"smtp;{reply}", "BounceID": "4323372036854"}
    event(
        tx,
        message,
        kind,
        bounce if outcome == "failed" else smtp,
        position=position,
        after_s=after_s,
    )


def event(
    tx: Tx,
    message: Prepared,
    kind: EventType,
    details: dict[str, str],
    *,
    position: int = 0,
    after_s: float = 60,
) -> None:
    """Write an event down."""
    happened = Event(
        server_id=message.server.id,
        stream_key=message.stream.key,
        message_key=message.key,
        recipient=message.recipients.distinct()[position].email,
        type=kind,
        at=message.received_at + timedelta(seconds=after_s),
        details=details,
    )
    events.append(tx, [happened])
