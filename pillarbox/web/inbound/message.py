"""The pages of one inbound message: what became of it, what the webhook is told, and what is in it."""

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from pillarbox.errors import Refused
from pillarbox.inbound import resume
from pillarbox.inbound.model import HookTry, InboundContent, InboundMessage, InboundStatus
from pillarbox.inbound.read import attachment_contents, source_text
from pillarbox.inbound.store import messages, overview, tries
from pillarbox.inbound.store.overview import Hook
from pillarbox.mail.parse import parse
from pillarbox.received import store as received
from pillarbox.storage.tx import Tx
from pillarbox.web import download
from pillarbox.web.area import Area
from pillarbox.web.inbound import verdict
from pillarbox.web.inbound.activity import LIST, home
from pillarbox.web.messages import mail_html
from pillarbox.web.visit import Visit, words
from pillarbox.webhook_delivery.event_desk import without_credentials
from pillarbox.wire.inbound import hook_body

area = Area("inbound")

ONE = LIST + "/{message}"
MAX_SHOWN = 256 * 1024
_LONGEST_CONTENT = 200
_RETRIABLE = (InboundStatus.FAILED, InboundStatus.SCHEDULED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A message with its content and how its hook stands."""

    message: InboundMessage
    content: InboundContent
    hook: Hook
    tries: list[HookTry]


@area.show(ONE)
async def show_message(visit: Visit) -> Response:
    """The page; while the mail waits to be processed, one that looks again by itself. 404 for an unknown id."""
    record = await _look(visit)
    if record is None:
        return await _waiting(visit)
    return await _page(visit, record)


@area.act(ONE + "/retry")
async def retry(visit: Visit) -> Response:
    """Have the webhook of a failed message called again."""
    server, record = visit.server, await _record(visit)
    message_id = record.message.message_id
    try:
        await visit.write(
            lambda tx: resume.retry(tx, server.id, message_id),
            did=f"Retried the inbound message {message_id}",
        )
    except Refused as refused:
        return await _page(visit, record, words(refused))
    return visit.go(f"{home(server)}/{message_id}", "The webhook is called again.")


@area.act(ONE + "/bypass")
async def bypass(visit: Visit) -> Response:
    """Let a blocked message through."""
    server, record = visit.server, await _record(visit)
    message_id = record.message.message_id
    try:
        await visit.write(
            lambda tx: resume.bypass(tx, server.id, message_id),
            did=f"Let the blocked inbound message {message_id} through",
        )
    except Refused as refused:
        return await _page(visit, record, words(refused))
    return visit.go(f"{home(server)}/{message_id}", "The message is let through.")


@area.show(ONE + "/html")
async def show_html(visit: Visit) -> Response:
    """The HTML body, for the frame or a window of its own."""
    content = (await _record(visit)).content
    if not content.html:
        raise HTTPException(404, "part")
    parsed = await asyncio.to_thread(parse, content.raw)
    text = await asyncio.to_thread(
        mail_html.framed, content.html, parsed.attachments, is_whole=visit.query("whole") == "1"
    )
    head = mail_html.headers(with_remote_images=visit.query("images") == "1")
    return HTMLResponse(text.encode("utf-8", "replace"), headers=head)


@area.show(ONE + "/raw")
async def download_raw(visit: Visit) -> Response:
    """The complete source, to be saved."""
    record = await _record(visit)
    name = f"{record.message.message_id}.eml"
    raw = record.content.raw
    return Response(raw, media_type="message/rfc822", headers=download.headers(name))


@area.show(ONE + "/payload")
async def download_payload(visit: Visit) -> Response:
    """What the webhook is told, word for word, to be saved."""
    record = await _record(visit)
    body = await asyncio.to_thread(_payload, visit, record)
    name = f"{record.message.message_id}.json"
    return Response(body, media_type="application/json", headers=download.headers(name))


@area.show(ONE + "/attachments/{number:int}")
async def download_attachment(visit: Visit) -> Response:
    """One attachment by its number, to be saved."""
    record, number = await _record(visit), int(visit.path("number"))
    contents = await asyncio.to_thread(attachment_contents, record.content.raw)
    if number >= min(len(contents), len(record.message.attachments)):
        raise HTTPException(404, "part")
    part = record.message.attachments[number]
    answer = Response(contents[number], headers=download.headers(part.name))
    answer.headers["Content-Type"] = download.media_type(part.content_type)  # no charset is known
    return answer


async def _look(visit: Visit) -> Record | None:
    server, message_id = visit.server, visit.path("message")
    return await visit.read(lambda tx: _load(tx, server.id, message_id))


async def _record(visit: Visit) -> Record:
    found = await _look(visit)
    if found is None:
        raise HTTPException(404, "message")
    return found


def _load(tx: Tx, server_id: int, message_id: str) -> Record | None:
    message = messages.find(tx, server_id, message_id)
    if message is None:
        return None
    return Record(
        message=message,
        content=messages.find_content(tx, message.key),
        hook=overview.hook(tx, message.key),
        tries=tries.list_of_message(tx, message.key),
    )


async def _waiting(visit: Visit) -> Response:
    server, message_id = visit.server, visit.path("message")
    if not await visit.read(lambda tx: received.is_waiting(tx, server.id, message_id)):
        raise HTTPException(404, "message")
    answer = visit.page("inbound/waiting.html", {"here": home(server)})
    answer.headers["Refresh"] = "2"
    return answer


async def _page(visit: Visit, record: Record, problem: str = "") -> Response:
    server, message, content = visit.server, record.message, record.content
    tabs = _tabs(record)
    asked = visit.query("tab")
    tab = next((name for name, _, _ in tabs if name == asked), tabs[0][0])
    is_payload = tab == "payload" and bool(content.raw)
    payload = await asyncio.to_thread(_shown_payload, visit, record) if is_payload else ""
    source = source_text(content.raw[:MAX_SHOWN]) if tab == "payload" else ""
    values = {
        "here": f"{home(server)}/{message.message_id}",
        "home": home(server),
        "message": message,
        "content": content,
        "hook": record.hook,
        "tries": [(one, timedelta(milliseconds=one.duration_ms)) for one in record.tries],
        "hook_url": without_credentials(server.inbound_hook_url),
        "badge": verdict.BADGES[message.status],
        "summary": verdict.summary(message, record.hook, has_hook=bool(server.inbound_hook_url)),
        "checks": verdict.checks(
            content.headers, is_scanned=visit.app.config.spam_server is not None
        ),
        "can_retry": message.status in _RETRIABLE and bool(server.inbound_hook_url),
        "can_bypass": message.is_blocked,
        "tabs": tabs,
        "tab": tab,
        "payload": payload,
        "source": source,
        "text": content.text[:MAX_SHOWN],
        "is_cut": max(len(content.raw), len(payload), len(content.text)) > MAX_SHOWN,
        "has_remote_images": tab == "html" and mail_html.has_remote_images(content.html),
        "with_images": visit.query("images") == "1",
        "is_whole": visit.query("whole") == "1",
        "is_html_cut": tab == "html" and len(mail_html.beginning(content.html)) < len(content.html),
        "problem_text": problem,
    }
    return visit.page("inbound/message.html", values, status=422 if problem else 200)


def _tabs(record: Record) -> list[tuple[str, str, int]]:
    content = record.content
    tabs = [("payload", "Payload and source", 0)]
    if content.html:
        tabs.append(("html", "HTML", 0))
    if content.text:
        tabs.append(("text", "Text", 0))
    tabs.append(("headers", "Headers", len(content.headers)))
    if record.message.attachments:
        tabs.append(("files", "Attachments", len(record.message.attachments)))
    return tabs


def _payload(visit: Visit, record: Record) -> bytes:
    """What the webhook is told."""
    content, message = record.content, record.message
    raw = source_text(content.raw) if visit.server.is_raw_email_enabled else None
    contents = attachment_contents(content.raw) if message.attachments else []
    return hook_body(message, content, contents, raw)


def _shown_payload(visit: Visit, record: Record) -> str:
    """The same for reading: on many lines, without the contents of attachments and the source."""
    said = json.loads(_payload(visit, record))
    for file in said["Attachments"]:
        file["Content"] = _short(file["Content"])
    if "RawEmail" in said:
        said["RawEmail"] = _short(said["RawEmail"])
    return json.dumps(said, indent=2, ensure_ascii=False)[:MAX_SHOWN]


def _short(text: str) -> str:
    left = len(text) - _LONGEST_CONTENT
    return text if left <= 0 else f"{text[:_LONGEST_CONTENT]}… ({left:,} more characters)"
