"""Webhooks: the list, creating and changing one, its secret, its test, and its end."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.errors import Problem, Refused
from pillarbox.mail.egress import Egress
from pillarbox.servers.model import Server
from pillarbox.storage.tx import Tx
from pillarbox.web.area import Area
from pillarbox.web.plumbing import webhook_form, webhook_story
from pillarbox.web.plumbing.webhook_form import LABELS, Shown
from pillarbox.web.plumbing.webhook_story import Line
from pillarbox.web.visit import Visit, words
from pillarbox.webhook_delivery import verify
from pillarbox.webhook_delivery.event_desk import without_credentials
from pillarbox.webhook_delivery.post import request
from pillarbox.webhooks import save, signature
from pillarbox.webhooks.call import Waiting, lane_of
from pillarbox.webhooks.effective import Subscription, of_server, of_webhooks
from pillarbox.webhooks.model import Attempts, Probe, Trigger, Webhook
from pillarbox.webhooks.save import Change, Verify
from pillarbox.webhooks.store import log
from pillarbox.webhooks.store import webhooks as store
from pillarbox.wire.errors import Explained
from pillarbox.wire.webhooks import PERIOD, FailedVerification

area = Area("webhooks")

LIST = "/ui/servers/{server}/webhooks"
ONE = LIST + "/{webhook:int}"
_ONLY_THESE = (
    "It takes an http or https address; one of this machine or of an inner network only if "
    "the setting EGRESS_ALLOW names its network, such as 127.0.0.0/8."
)
_LEGACY_LABEL = {
    Trigger.OPEN: "Open",
    Trigger.CLICK: "Link click",
    Trigger.DELIVERY: "Delivery",
    Trigger.BOUNCE: "Bounce",
    Trigger.SPAM_COMPLAINT: "Spam complaint",
}


@area.show(LIST)
async def list_webhooks(visit: Visit) -> Response:
    """All webhooks of a Server, those of old too, and how they do."""
    lines = await visit.read(lambda tx: _lines(tx, visit.server))
    values = {
        "lines": lines,
        "here": home(visit.server),
        "inbound_url": without_credentials(visit.server.inbound_hook_url),
    }
    return visit.page("plumbing/webhooks.html", values)


@area.show(LIST + "/new")
async def new_webhook(visit: Visit) -> Response:
    """The form for a new webhook."""
    return _form(visit, webhook_form.shown_new(None))


@area.act(LIST + "/new")
async def create_webhook(visit: Visit) -> Response:
    """Have events told to a URL."""
    form, server = visit.form, visit.server
    slug = form.line("stream")
    try:
        change = _change(visit, None)
        await verify.before_creating(visit.app, server, slug, change)
        made = await visit.write(
            lambda tx: save.create(tx, server, slug, change),
            did=f"Created a webhook for {_host(form.line('url'))}",
        )
    except Refused as refused:
        return _form(visit, webhook_form.shown_new(form), problem=_why(refused))
    return visit.go(f"{home(server)}/{made.id}", "The webhook is ready.")


@area.show(ONE + "/edit")
async def edit_webhook(visit: Visit) -> Response:
    """The form of a webhook."""
    webhook = await find(visit)
    return _form(visit, webhook_form.shown_saved(webhook, None), webhook)


@area.act(ONE + "/edit")
async def save_webhook(visit: Visit) -> Response:
    """Change all of a webhook at once."""
    server, webhook = visit.server, await find(visit)
    try:
        change = await verify.before_editing(visit.app, server, webhook.id, _change(visit, webhook))
        await visit.write(
            lambda tx: save.update(tx, server, webhook.id, change),
            did=f"Changed the webhook {webhook.id}",
        )
    except Refused as refused:
        shown = webhook_form.shown_saved(webhook, visit.form)
        return _form(visit, shown, webhook, problem=_why(refused))
    return visit.go(f"{home(server)}/{webhook.id}", "Saved.")


@area.act(ONE + "/delete")
async def delete_webhook(visit: Visit) -> Response:
    """Delete a webhook; calls that wait are dropped."""
    server, webhook = visit.server, await find(visit)
    await visit.write(
        lambda tx: store.remove(tx, server.id, webhook.id),
        did=f"Deleted the webhook {webhook.id} for {_host(webhook.url)}",
    )
    return visit.go(home(server), "The webhook is deleted.")


@area.act(ONE + "/secret")
async def make_secret(visit: Visit) -> Response:
    """Sign calls with a new secret, which is shown this once."""
    server, webhook = visit.server, await find(visit)
    secret = await visit.write(
        lambda tx: save.new_secret(tx, server, webhook.id),
        did=f"Made a new signing secret for the webhook {webhook.id}",
    )
    values = {"webhook": webhook, "secret": secret, "here": home(server), "name": signature.HEADER}
    answer = visit.page("plumbing/webhook_secret.html", values)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@area.act(ONE + "/secret/delete")
async def remove_secret(visit: Visit) -> Response:
    """Sign calls no longer."""
    server, webhook = visit.server, await find(visit)
    await visit.write(
        lambda tx: save.remove_secret(tx, server, webhook.id),
        did=f"Removed the signing secret of the webhook {webhook.id}",
    )
    return visit.go(f"{home(server)}/{webhook.id}", "Calls are not signed any more.")


@area.act(ONE + "/test")
async def test_webhook(visit: Visit) -> Response:
    """Call the URL now with a sample for one trigger, or for all that are on, and show what came of it."""
    server, webhook = visit.server, await find(visit)
    asked = visit.form.line("trigger")
    triggers = tuple(kind for kind in Trigger if kind.value == asked) or webhook.enabled
    probes = await verify.call(visit.app, webhook, triggers)
    proven = frozenset(found.trigger for found in probes if found.is_good)
    await visit.write(
        lambda tx: save.verified(tx, server, webhook, proven) if proven else None,
        did=f"Sent a test to the webhook {webhook.id}",
    )
    values = {
        "webhook": webhook,
        "here": home(server),
        "url": without_credentials(webhook.url),
        "tests": [_tested(webhook, found) for found in probes],
    }
    return visit.page("plumbing/webhook_test.html", values)


async def find(visit: Visit) -> Webhook:
    """The webhook of the path. 404 when this Server has none of this id."""
    webhook_id = int(visit.path("webhook"))
    try:
        return await visit.read(lambda tx: store.get(tx, visit.server.id, webhook_id))
    except Refused:
        raise HTTPException(404, "gone") from None


def home(server: Server) -> str:
    """The address of the list."""
    return LIST.replace("{server}", str(server.id))


def _lines(tx: Tx, server: Server) -> list[Line]:
    found = store.list_of_server(tx, server.id)
    old = of_server(server)
    lanes = [lane_of(one, server.id) for one in (*of_webhooks(found), *old)]
    waiting = log.waiting(tx, set(lanes) | {str(webhook.id) for webhook in found})
    lines = [
        webhook_story.line(
            webhook,
            f"{home(server)}/{webhook.id}",
            store.statistics(tx, webhook.id, tx.now - PERIOD),
            waiting.get(str(webhook.id)),
        )
        for webhook in found
    ]
    return lines + _of_old(server, old, waiting)


def _of_old(
    server: Server, subscriptions: list[Subscription], waiting: Mapping[str, Waiting]
) -> list[Line]:
    """A line for each of the Server's own hook URLs."""
    by_url: dict[str, list[Subscription]] = {}
    for one in subscriptions:
        by_url.setdefault(one.url, []).append(one)
    return [
        Line(
            url=without_credentials(url),
            path=f"{home(server)}/server",
            stream="outbound",
            triggers=tuple(_LEGACY_LABEL[one.trigger] for one in of_url),
            pills=(webhook_story.Pill("Active", "good"),),
            made=Attempts(),
            waiting=_together([waiting.get(lane_of(one, server.id)) for one in of_url]),
            is_server=True,
        )
        for url, of_url in by_url.items()
    ]


def _together(found: list[Waiting | None]) -> Waiting | None:
    there = [one for one in found if one is not None]
    if not there:
        return None
    return Waiting(sum(one.count for one in there), min(one.due_at for one in there))


def _change(visit: Visit, webhook: Webhook | None) -> Change:
    return Change(
        edit=webhook_form.to_edit(visit.form, webhook),
        egress=Egress(visit.app.config.egress_allow),
        verify=Verify.PROBE if visit.form.is_on("verify") else Verify.TRUST,
    )


def _form(
    visit: Visit, shown: Shown, webhook: Webhook | None = None, *, problem: str = ""
) -> Response:
    is_asked = visit.sent.is_on("verify") if visit.sent else visit.app.config.webhooks_verify
    values: dict[str, Any] = {
        "shown": shown,
        "webhook": webhook,
        "streams": webhook_form.streams(visit.server),
        "is_verified_first": is_asked,
        "here": home(visit.server),
        "problem_text": problem,
    }
    return visit.page("plumbing/webhook_form.html", values, status=422 if problem else 200)


def _why(refused: Refused) -> str:
    """Why something was refused; of a failed verification, what each call led to."""
    if refused.problem is Problem.WEBHOOK_VERIFICATION_FAILED and isinstance(refused, Explained):
        body = refused.body
        assert isinstance(body, FailedVerification)
        bad = [f"{one.TriggerType}: {one.Message}" for one in body.Results if not one.Success]
        return " ".join([f"{body.Message}, so nothing was saved.", *bad])
    if refused.problem is Problem.WEBHOOK_URL_INVALID:
        return f"{words(refused)} {_ONLY_THESE}"
    return words(refused)


def _host(url: str) -> str:
    return without_credentials(url).partition("://")[2].partition("/")[0][:200]


def _tested(webhook: Webhook, found: Probe) -> dict[str, object]:
    made = request(webhook.url, None, (), found.sent)
    return {
        "label": LABELS[found.trigger][0],
        "is_good": found.is_good,
        "text": found.text,
        "status": found.status,
        "took": timedelta(milliseconds=found.duration_ms),
        "headers": shown_headers(webhook, dict(made.headers)),
        "body": webhook_story.pretty(found.sent.decode()),
        "answer": found.answer,
    }


def shown_headers(webhook: Webhook | None, usual: dict[str, str]) -> list[tuple[str, str]]:
    """The headers of a call as they may be shown: the usual ones, then the webhook's own without their values."""
    usual.pop("Authorization", None)
    own = [] if webhook is None else webhook_form.masked_headers(webhook)
    if webhook is not None and webhook.secret:
        own.append((signature.HEADER, "t=…,v1=…"))
    hidden = {name.lower() for name, _ in own}
    return [(k, v) for k, v in usual.items() if k.lower() not in hidden] + own
