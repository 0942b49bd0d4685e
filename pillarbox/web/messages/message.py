"""The pages of one message: what became of it and why, and what is in it."""

import asyncio
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from pillarbox.bounces import store as bounces
from pillarbox.checks.report import Setting
from pillarbox.domains.directory import origin_in
from pillarbox.events import store as events
from pillarbox.events.model import EventType
from pillarbox.ids import ServerId
from pillarbox.mail.parse import Message as Content
from pillarbox.mail.parse import parse
from pillarbox.outbound.accept import DELIVERY
from pillarbox.outbound.model import Message, RecipientState, UnsubscribeLink
from pillarbox.outbound.store import attempts, messages, overview, queue, suspensions, to_send
from pillarbox.servers.model import SYSTEM, StreamType
from pillarbox.storage.tx import Tx
from pillarbox.web import download
from pillarbox.web.area import Area
from pillarbox.web.messages import content, copies, mail_html, timeline
from pillarbox.web.messages.content import Wish
from pillarbox.web.messages.status import badge, copy_badge
from pillarbox.web.messages.story import Facts
from pillarbox.web.messages.waiting import waits
from pillarbox.web.render import wants_piece
from pillarbox.web.visit import Visit
from pillarbox.webhooks.store import log

MAX_TOLD = 100
"""Events whose webhook calls are looked up, and calls that are shown."""
MAX_LANES = 5
MAX_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One message with everything around it."""

    facts: Facts
    standing: overview.Standing
    newer: str | None
    older: str | None
    server: str
    server_count: int


area = Area("activity")


@area.show("/m/{message_id}")
async def show_message(visit: Visit) -> Response:
    """The page, or the piece of it that the page's script asks. 404 for an unknown id."""
    message_id = visit.path("message_id")
    record = await visit.read(lambda tx: look(tx, message_id))
    if record is None:
        raise HTTPException(404, "message")
    piece = wants_piece(visit.request)
    values = _story(record)
    if piece != "story":
        values |= await _content_values(visit, record)
    templates = {"story": "messages/message_story.html", "content": "messages/message_content.html"}
    answer = visit.page(templates.get(piece or "", "messages/message.html"), values)
    answer.headers["Vary"] = "HX-Request"
    return answer


@area.show("/m/{message_id}/html")
async def show_html(visit: Visit) -> Response:
    """The HTML body, for the frame or a window of its own."""
    mail = await _content_of(visit)
    if mail.html is None:
        raise HTTPException(404, "part")
    wish = _wish(visit)
    text = await asyncio.to_thread(
        mail_html.framed,
        mail.html,
        mail.attachments,
        is_dark=wish.is_dark,
        is_whole=wish.is_whole,
    )
    head = mail_html.headers(with_remote_images=wish.with_images)
    return HTMLResponse(text.encode("utf-8", "replace"), headers=head)


@area.show("/m/{message_id}/raw")
async def download_raw(visit: Visit) -> Response:
    """The complete source, to be saved."""
    raw = await _raw_of(visit)
    name = f"{visit.path('message_id')}.eml"
    return Response(raw, media_type="message/rfc822", headers=download.headers(name))


@area.show("/m/{message_id}/copies/{position:int}")
async def download_copy(visit: Visit) -> Response:
    """The source as one recipient gets it, to be saved."""
    message_id, position = visit.path("message_id"), int(visit.path("position"))
    config = visit.app.config
    found = await visit.read(lambda tx: copies.find(tx, message_id, position, config))
    if found is None:
        raise HTTPException(404, "message")
    raw = await asyncio.to_thread(found.made)
    name = f"{message_id}-{position}.eml"
    return Response(raw, media_type="message/rfc822", headers=download.headers(name))


@area.show("/m/{message_id}/attachments/{number:int}")
async def download_attachment(visit: Visit) -> Response:
    """One attachment by its number, to be saved."""
    mail = await _content_of(visit)
    number = int(visit.path("number"))
    if number >= len(mail.attachments):
        raise HTTPException(404, "part")
    part = mail.attachments[number]
    answer = Response(part.content, headers=download.headers(part.name))
    answer.headers["Content-Type"] = download.media_type(part.content_type)  # no charset is known
    return answer


@area.act("/m/{message_id}/retry")
async def retry(visit: Visit) -> Response:
    """Make what waits of it due now."""
    key, url = await _named(visit)
    waits_in = await visit.write(
        lambda tx: _retry(tx, key), did=f"Had the message {visit.path('message_id')} tried now"
    )
    return visit.go(url, "It is tried now." if waits_in else "Nothing of it waits for its time.")


@area.act("/m/{message_id}/drop")
async def drop(visit: Visit) -> Response:
    """Take what waits of it off the queue for good."""
    key, url = await _named(visit)
    dropped = await visit.write(
        lambda tx: _drop(tx, key), did=f"Dropped the message {visit.path('message_id')}"
    )
    return visit.go(url, "It is dropped." if dropped else "Nothing of it waits any more.")


async def _named(visit: Visit) -> tuple[int, str]:
    """The key of the message that the path names, and its page."""
    message_id = visit.path("message_id")
    found = await visit.read(lambda tx: overview.find(tx, message_id))
    if found is None:
        raise HTTPException(404, "message")
    return found.key, f"/m/{found.message_id}"


def _retry(tx: Tx, key: int) -> list[str]:
    lanes = queue.retry(tx, key)
    tx.wake(DELIVERY, *lanes)
    return lanes


def _drop(tx: Tx, key: int) -> int:
    tx.wake(DELIVERY)
    return queue.drop(tx, key)


async def _raw_of(visit: Visit) -> bytes:
    message_id = visit.path("message_id")
    found = await visit.read(lambda tx: _load(tx, message_id))
    if found is None:
        raise HTTPException(404, "message")
    return found


async def _content_of(visit: Visit) -> Content:
    return await asyncio.to_thread(parse, await _raw_of(visit))


async def _content_values(visit: Visit, record: Record) -> dict[str, object]:
    key = record.facts.message.key
    raw = await visit.read(lambda tx: messages.find_raw(tx, key))
    if raw is None:
        return {"is_kept": False}
    wish = _wish(visit)
    setting = None
    if wish.tab == content.CHECKS:
        setting = await _setting(visit, record.facts.message)
    return {"is_kept": True} | await asyncio.to_thread(content.show, raw, wish, setting)


async def _setting(visit: Visit, message: Message) -> Setting:
    """What the checks need to know of the sender's domain and of the stream."""
    config, author = visit.app.config, message.sender.email.rpartition("@")[2]
    server = await visit.site.directory.server(ServerId(message.server_id))
    stream = None if server is None else server.stream_by_key(message.stream_key)
    known, origin = await visit.read(lambda tx: origin_in(tx, author, config))
    kept = await visit.read(lambda tx: to_send.load(tx, [message.key]))
    unsubscribe = kept[message.key].unsubscribe if message.key in kept else None
    return Setting(
        author_domain=author,
        signing_domain=origin.key.domain if origin.key else "",
        return_path_host=origin.return_path_host,
        is_known=known is not None,
        is_verified=known is not None and known.is_verified,
        is_broadcast=stream is not None and stream.type is StreamType.BROADCASTS,
        unsubscribes=unsubscribe is UnsubscribeLink.MANAGED,
    )


def _wish(visit: Visit) -> Wish:
    return Wish(
        tab=visit.query("tab"),
        with_images=visit.query("images") == "1",
        is_dark=visit.query("dark") == "1",
        is_whole=visit.query("whole") == "1",
    )


def look(tx: Tx, message_id: str) -> Record | None:
    """Read a message with everything around it; None when there is none of this id."""
    message = overview.find(tx, message_id)
    if message is None:
        return None
    newer, older = overview.neighbours(tx, message.key)
    names = overview.server_names(tx)
    return Record(
        facts=_facts(tx, message),
        standing=overview.standings(tx, [message.key])[message.key],
        newer=newer,
        older=older,
        server=names.get(message.server_id, SYSTEM.name),
        server_count=len(names),
    )


def _facts(tx: Tx, message: Message) -> Facts:
    own = overview.copies(tx, message.key)
    happened = events.list_of_message(tx, message.key)
    due = {
        copy.lane
        for copy in own
        if copy.state is RecipientState.QUEUED and copy.due_at <= tx.now and not copy.is_in_hand
    }
    named = {event.details.get("BounceID", "") for event in happened}
    bounce_ids = [int(name) for name in named if name.isdecimal() and len(name) <= MAX_DIGITS]
    ids = events.ids_of_message(tx, message.key, limit=MAX_TOLD)
    return Facts(
        message=message,
        copies=own,
        attempts=attempts.list_of_message(tx, message.key),
        events=happened,
        now=tx.now,
        suspensions=suspensions.current(tx),
        crowds={lane: overview.crowd(tx, lane) for lane in sorted(due)[:MAX_LANES]},
        bounces=bounces.list_by_ids(tx, bounce_ids, with_content=False) if bounce_ids else {},
        calls=log.list_of_events(tx, ids, limit=MAX_TOLD),
        repeated_opens=events.repeated_opens(tx, message.key),
    )


def _load(tx: Tx, message_id: str) -> bytes | None:
    message = overview.find(tx, message_id)
    return None if message is None else messages.find_raw(tx, message.key)


def _story(record: Record) -> dict[str, object]:
    facts = record.facts
    bounced = {e.recipient.lower() for e in facts.events if e.type is EventType.BOUNCED}
    return {
        "record": record,
        "message": facts.message,
        "badge": badge(record.standing),
        "summary": timeline.summary(facts),
        "steps": timeline.tell(facts),
        "waits": waits(facts),
        "copies": [(copy, copy_badge(copy, bounced)) for copy in facts.copies],
    }
