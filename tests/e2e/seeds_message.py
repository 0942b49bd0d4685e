"""Messages whose pages have everything on them: opens, clicks, a complaint, webhook calls; and hostile parts."""

import base64
from datetime import timedelta
from typing import TYPE_CHECKING

from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.events import store as events
from pillarbox.events.model import EventType
from pillarbox.outbound.model import Attachment, Prepared
from pillarbox.storage.tx import Tx
from pillarbox.tracking.agent import read_agent
from pillarbox.tracking.model import ClickLocation, Hit, HitKind, Place, facts_text
from pillarbox.webhooks.call import CallAttempt, CallState, Move, NewCall, Payload, payload_key
from pillarbox.webhooks.model import AttemptOutcome, Trigger
from pillarbox.webhooks.store import calls, log
from tests.conftest import Running
from tests.e2e import mailroom
from tests.e2e.seeds import HOSTILE, LONG, RIGHT_TO_LEFT

if TYPE_CHECKING:
    from tests.e2e.screens import Facts

READER = "cleo@one.example"  # who complains is written to no more
APPLE = "Mozilla/5.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/121.0.0.0 Safari/537.36"
)
BOT = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
LINK = "https://shop.example/offers?from=mail"
PAGE = """<!doctype html>
<html lang="en"><head><title>Offers</title><style>
@media (prefers-color-scheme: dark) { body { background: #111 } }
.grid { display: grid; gap: 1rem }
.grid > p:hover { color: rgb(10 20 30) }
</style></head><body>
<div style="display: none">Three things you may like</div>
<h1>This week</h1>
<p style="display: flex; border-radius: 9px">New: <a href="https://shop.example/offers?from=mail">offers</a></p>
<img src="https://shop.example/a.png"><img src="cid:logo@shop" alt="Shop">
<p>Your bank: <a href="http://evil.example/login">https://bank.example/login</a></p>
<video src="https://shop.example/a.mp4"></video>
</body></html>
"""


async def message_pages(running: Running, facts: "Facts") -> None:
    """A message that was read, one that waits with several recipients, and one with hostile parts."""
    app = running.app
    told = await mailroom.post(
        app,
        subject="Offers of the week",
        to=READER,
        html=PAGE,
        text="This week: https://shop.example/offers?from=mail",
        attachments=(mailroom.LOGO,),
    )
    facts.ids["told"] = str(told.message_id)
    await mailroom.settle(app, told, "delivered", reply="250 2.0.0 Ok: queued as 77A1")
    await app.db.write(lambda tx: _reactions(tx, told))
    waiting = await mailroom.post(
        app, subject="Shift plan", to="ann@one.example, bob@one.example", tag="plan"
    )
    facts.ids["waiting"] = str(waiting.message_id)
    reply = f"450 4.2.0 Greylisted, come back {HOSTILE}"
    await mailroom.settle(app, waiting, "deferred", reply=reply)
    strange = await mailroom.post(
        app,
        subject=f"Strange {HOSTILE}",
        html=f"<!doctype html><style>{HOSTILE}</style><p style='{LONG}:{LONG}'>{RIGHT_TO_LEFT}</p>{HOSTILE}",
        text=HOSTILE,
        attachments=(_file(HOSTILE + ".txt"), _file(RIGHT_TO_LEFT + ".zip"), _file(LONG + ".pdf")),
    )
    facts.ids["strange"] = str(strange.message_id)


def _file(name: str) -> Attachment:
    content = base64.b64encode(name.encode()).decode()
    return Attachment(name=name, content=content, content_type="text/html", content_id=None)


def _reactions(tx: Tx, message: Prepared) -> None:
    place = Place(country="Germany", country_code="DE", city="Berlin", ip="192.0.2.7")
    for after, agent, link in (
        (2.0, APPLE, ""),
        (3.0, BOT, LINK),
        (60.0, CHROME, ""),
        (75.0, CHROME, LINK + HOSTILE),
    ):
        _hit(tx, message, after_s=after, agent=agent, link=link, place=place)
    record(
        tx,
        NewBounce(
            type=BounceType.SPAM_COMPLAINT,
            rule="report",
            server_id=message.server.id,
            stream_key=message.stream.key,
            message_key=message.key,
            message_id=message.message_id,
            email=READER,
            sender="shop@sender.example",
            subject=message.subject,
            tag=None,
            details=HOSTILE,
            at=message.received_at + timedelta(minutes=10),
        ),
    )
    newest, *others = events.ids_of_message(tx, message.key, limit=10)
    for event_id, status, state in (
        (others[-1], 200, CallState.TAKEN),
        (others[-2], 503, CallState.WAITING),
        (newest, 404, CallState.GIVEN_UP),
    ):
        _call(tx, message, event_id, status, state)


def _hit(tx: Tx, message: Prepared, *, after_s: float, agent: str, link: str, place: Place) -> None:
    known = read_agent(agent)
    hit = Hit(
        kind=HitKind.CLICK if link else HitKind.OPEN,
        server_id=message.server.id,
        stream_key=message.stream.key,
        message_key=message.key,
        message_id=message.message_id,
        recipient=READER,
        tag=None,
        at=message.received_at + timedelta(seconds=after_s),
        platform=known.platform,
        user_agent=agent,
        client=known.client,
        os=known.os,
        place=Place() if known.is_proxy else place,
        link=link,
        location=ClickLocation.HTML if link else None,
    )
    kind = EventType.LINK_CLICKED if link else EventType.OPENED
    details = {"Summary": "", "Link": link, "Hit": facts_text(hit)}
    mailroom.event(tx, message, kind, details, after_s=after_s)


def _call(tx: Tx, message: Prepared, event_id: int, status: int, state: CallState) -> None:
    key = payload_key(event_id, has_content=False)
    new = NewCall(
        lane=f"test {event_id}",
        trigger=Trigger.DELIVERY,
        server_id=message.server.id,
        stream_key=message.stream.key,
        webhook_id=None,
        payload_key=key,
        size_bytes=2,
    )
    said = Payload(key=key, recipient=READER, body=b"{}")
    calls.insert_calls(tx, [said], [new])
    [call] = log.list_of_events(tx, [event_id], limit=1)
    outcome = AttemptOutcome.SUCCESS if status == 200 else AttemptOutcome.FAILURE
    log.insert_attempts(
        tx,
        [
            CallAttempt(
                call_id=call.id,
                at=message.received_at + timedelta(minutes=11),
                duration_ms=84,
                url="https://ann:secret@hooks.example/pillarbox?token=secret",
                status=status,
                outcome=outcome,
                response=HOSTILE,
            )
        ],
    )
    due = tx.now + timedelta(minutes=5) if state is CallState.WAITING else None
    calls.move(tx, [Move(id=call.id, state=state, due_at=due)])
