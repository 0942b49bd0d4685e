"""The log of a webhook: its calls, each try of one with request and answer, and making one again."""

from datetime import timedelta
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.outbound.store import overview
from pillarbox.servers.model import Server
from pillarbox.servers.store import servers
from pillarbox.storage.tx import Tx
from pillarbox.web.area import Area
from pillarbox.web.plumbing import webhook_story
from pillarbox.web.plumbing.webhook_form import LABELS
from pillarbox.web.plumbing.webhook_story import FILTERS
from pillarbox.web.plumbing.webhooks import LIST, ONE, find, home, shown_headers
from pillarbox.web.render import wants_piece
from pillarbox.web.visit import Visit
from pillarbox.webhook_delivery.event_desk import without_credentials
from pillarbox.webhook_delivery.job import TRACE_ID, guid
from pillarbox.webhook_delivery.post import request
from pillarbox.webhooks.call import Call, CallState, Listed
from pillarbox.webhooks.effective import of_server
from pillarbox.webhooks.model import DEFAULT_STREAM, Trigger, Webhook
from pillarbox.webhooks.store import log
from pillarbox.webhooks.store import webhooks as store
from pillarbox.wire.webhooks import PERIOD

area = Area("webhooks")

PAGE_SIZE = 50
_LARGEST_ID = (1 << 63) - 1


@area.show(ONE)
async def show_webhook(visit: Visit) -> Response:
    """A webhook: what it is told, how it does, and its newest calls."""
    webhook = await find(visit)
    made = await visit.read(lambda tx: store.statistics(tx, webhook.id, tx.now - PERIOD))
    total = webhook_story.total_of(made)
    rate = webhook_story.success_rate(total)
    values = {
        "webhook": webhook,
        "url": without_credentials(webhook.url),
        "labels": [LABELS[kind][0] for kind in LABELS if kind in webhook.enabled],
        "choices": [("", "All that are on")] * bool(webhook.enabled)
        + [(kind.value, label) for kind, (label, _) in LABELS.items()],
        "pills": webhook_story.pills(webhook, total),
        "made": total,
        "rate": "–" if rate is None else f"{rate:.1f} %",
        "mean": timedelta(milliseconds=(total.terminal_ms + total.retry_ms) / total.requests)
        if total.requests
        else None,
    }
    path = f"{home(visit.server)}/{webhook.id}"
    return await _log(visit, "plumbing/webhook.html", path, webhook.stream_key, webhook, values)


@area.show(LIST + "/server")
async def show_server_hooks(visit: Visit) -> Response:
    """The calls for the Server's own hook URLs."""
    server = visit.server
    stream = server.stream(DEFAULT_STREAM)
    if stream is None:
        raise HTTPException(404, "gone")
    values: dict[str, object] = {
        "hooks": [
            (LABELS[one.trigger][0], without_credentials(one.url)) for one in of_server(server)
        ]
    }
    path = f"{home(server)}/server"
    return await _log(visit, "plumbing/webhook_server.html", path, stream.key, None, values)


@area.show(LIST + "/calls/{call:int}")
async def show_call(visit: Visit) -> Response:
    """One call with every try. 404 when this Server has none of this id."""
    call = await _find_call(visit)
    server = visit.server
    webhook, secret, message_id = await visit.read(lambda tx: _around(tx, server, call))
    trace = guid(secret, b"call", call.id)
    values = {
        "call": call,
        "label": LABELS[call.trigger][0],
        "pill": webhook_story.pill_of(call),
        "here": home(server),
        "back": f"{home(server)}/{_place(call, webhook)}",
        "url": _url_now(server, call, webhook),
        "headers": shown_headers(webhook, _usual(visit, trace)),
        "body": webhook_story.pretty(call.body),
        "message_id": message_id,
        "trace": trace,
        "tries": [
            (one, webhook_story.said(one), timedelta(milliseconds=one.duration_ms))
            for one in reversed(call.attempts)
        ],
    }
    return visit.page("plumbing/webhook_call.html", values)


@area.act(LIST + "/calls/{call:int}/hurry")
async def hurry(visit: Visit) -> Response:
    """Make a call that waits for its next try now."""
    call, server = await _find_call(visit), visit.server
    waited = await visit.write(
        lambda tx: log.hurry(tx, server.id, call.id),
        did=f"Had the webhook call {call.id} tried now",
    )
    said = "The call is tried now." if waited else "The call does not wait for its time."
    return visit.go(f"{home(server)}/calls/{call.id}", said)


@area.act(LIST + "/calls/{call:int}/replay")
async def replay(visit: Visit) -> Response:
    """Make a call that is over once more."""
    call, server = await _find_call(visit), visit.server
    was_over = await visit.write(
        lambda tx: log.repeat(tx, server.id, call.id),
        did=f"Replayed the webhook call {call.id}",
    )
    said = "The call is made again now." if was_over else "The call is pending already."
    return visit.go(f"{home(server)}/calls/{call.id}", said)


async def _log(
    visit: Visit,
    template: str,
    path: str,
    stream_key: int,
    webhook: Webhook | None,
    values: dict[str, object],
) -> Response:
    """A page with the log of one webhook; or the log alone, when the page's script asks."""
    shown, before = visit.query("show"), visit.number("before")
    state = FILTERS.get(shown)
    webhook_id = None if webhook is None else webhook.id
    found = await visit.read(
        lambda tx: log.page(
            tx, stream_key, webhook_id, state=state, before=before, limit=PAGE_SIZE + 1
        )
    )
    calls, shown = found[:PAGE_SIZE], shown if state else ""
    values |= {
        "here": home(visit.server),
        "path": path,
        "shown": shown,
        "filters": [("", "All"), *((name, name.capitalize()) for name in FILTERS)],
        "calls": [_row(call) for call in calls],
        "url_here": _address(path, shown, before),
        "newest": _address(path, shown, None) if before else "",
        "older": _address(path, shown, calls[-1].id) if len(found) > PAGE_SIZE else "",
    }
    piece = wants_piece(visit.request)
    answer = visit.page("plumbing/webhook_log.html" if piece == "calls" else template, values)
    answer.headers["Vary"] = "HX-Request"
    return answer


def _row(call: Listed) -> dict[str, object]:
    last = call.attempts[-1] if call.attempts else None
    return {
        "call": call,
        "label": LABELS[call.trigger][0],
        "pill": webhook_story.pill_of(call),
        "said": webhook_story.said(last) if last else "",
        "took": timedelta(milliseconds=last.duration_ms) if last else None,
        "is_waiting": call.state is CallState.WAITING,
    }


def _address(path: str, shown: str, before: int | None) -> str:
    query = {"show": shown, "before": before}
    text = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{text}" if text else path


async def _find_call(visit: Visit) -> Call:
    call_id = int(visit.path("call"))
    found = None
    if call_id <= _LARGEST_ID:
        found = await visit.read(lambda tx: log.find(tx, visit.server.id, call_id))
    if found is None:
        raise HTTPException(404, "gone")
    return found


def _around(tx: Tx, server: Server, call: Call) -> tuple[Webhook | None, bytes, str]:
    """The call's webhook while there is one, the installation's secret, and the message it tells of while kept."""
    webhook = None
    if call.webhook_id is not None:
        found = store.list_of_server(tx, server.id)
        webhook = next((one for one in found if one.id == call.webhook_id), None)
    message_id = webhook_story.message_of(call.body)
    message = overview.find(tx, message_id) if message_id else None
    is_own = message is not None and message.server_id == server.id
    return webhook, servers.secret(tx), message_id if is_own else ""


def _place(call: Call, webhook: Webhook | None) -> str:
    if call.webhook_id is None:
        return "server"
    return "" if webhook is None else str(webhook.id)


def _url_now(server: Server, call: Call, webhook: Webhook | None) -> str:
    """Where the call was made last, or will be."""
    if call.attempts:
        return call.attempts[-1].url
    if webhook is not None:
        return without_credentials(webhook.url)
    urls = {one.trigger: one.url for one in of_server(server)}
    return without_credentials(urls.get(Trigger(call.trigger), ""))


def _usual(visit: Visit, trace: str) -> dict[str, str]:
    made = request(
        "http://x",
        None,
        (),
        b"",
        ours=((TRACE_ID, trace),),
        agent=visit.app.config.webhooks_user_agent,
    )
    return dict(made.headers)
