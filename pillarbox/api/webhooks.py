"""Managing webhooks. Source: spec webhooks 2."""

from pillarbox.api.callers import ServerCall
from pillarbox.api.endpoint import Group
from pillarbox.errors import Problem, Refused
from pillarbox.mail.egress import Egress
from pillarbox.servers.store import streams
from pillarbox.webhook_delivery import verify
from pillarbox.webhooks import save
from pillarbox.webhooks.model import Edit
from pillarbox.webhooks.save import Change, Verify
from pillarbox.webhooks.store import webhooks as store
from pillarbox.wire.base import Done
from pillarbox.wire.webhooks import (
    PERIOD,
    Statistics,
    Verification,
    VerifyOption,
    Webhook,
    WebhookBody,
    WebhookFilter,
    Webhooks,
)

group = Group("Webhooks", docs="spec webhooks", not_found=Problem.WEBHOOK_NOT_FOUND)


@group.get("/webhooks")
def list_webhooks(call: ServerCall, query: WebhookFilter) -> Webhooks:
    """The webhooks of a Server or of one of its streams.

    Refuses SEND_STREAM_UNKNOWN, WEBHOOK_STATUS_FILTER_INVALID.
    """
    wanted, slug = query.wanted_status(), query.MessageStream
    stream_key = None
    if slug is not None:
        stream = streams.find_stream(call.tx, call.server.id, slug)
        if stream is None:
            raise Refused(Problem.SEND_STREAM_UNKNOWN, stream=slug)
        stream_key = stream.key
    found = store.list_of_server(call.tx, call.server.id, stream_key)
    return Webhooks([Webhook.of(hook) for hook in found if wanted in (None, hook.is_verified)])


@group.get("/webhooks/{webhook_id}")
def get_webhook(call: ServerCall, webhook_id: int) -> Webhook:
    """One webhook.

    Refuses WEBHOOK_NOT_FOUND.
    """
    return Webhook.of(store.get(call.tx, call.server.id, webhook_id))


@group.post("/webhooks", no_body=Problem.WEBHOOK_BODY_MISSING)
async def create_webhook(call: ServerCall, body: WebhookBody, query: VerifyOption) -> Webhook:
    """Have events of one stream posted to a URL.

    Refuses WEBHOOK_BODY_MISSING, WEBHOOK_ID_GIVEN, WEBHOOK_STATUS_GIVEN, SEND_STREAM_UNKNOWN,
    WEBHOOK_STREAM_INBOUND, WEBHOOK_STREAM_ARCHIVED, WEBHOOK_URL_INVALID, WEBHOOK_HEADER_INVALID,
    WEBHOOK_FIELD_INVALID, WEBHOOK_TRIGGER_UNSUPPORTED, TOO_MANY_WEBHOOKS, WEBHOOK_VERIFICATION_FAILED.
    """
    change = _change(call, body.to_new(), body, query)
    slug, server = body.MessageStream or "", call.server
    await verify.before_creating(call.app, server, slug, change)
    return Webhook.of(await call.app.db.write(lambda tx: save.create(tx, server, slug, change)))


@group.put("/webhooks/{webhook_id}", no_body=Problem.WEBHOOK_BODY_MISSING)
async def edit_webhook(
    call: ServerCall, webhook_id: int, body: WebhookBody, query: VerifyOption
) -> Webhook:
    """Change what the body names of a webhook; of the triggers it names, only what it says about them.

    Refuses WEBHOOK_BODY_MISSING, WEBHOOK_NOT_FOUND, WEBHOOK_IDENTITY_CHANGED, WEBHOOK_STATUS_GIVEN,
    WEBHOOK_STREAM_ARCHIVED, WEBHOOK_URL_INVALID, WEBHOOK_HEADER_INVALID, WEBHOOK_FIELD_INVALID,
    WEBHOOK_TRIGGER_UNSUPPORTED, WEBHOOK_VERIFICATION_FAILED.
    """
    server, db = call.server, call.app.db
    found = await db.read(lambda tx: store.get(tx, server.id, webhook_id))
    change = _change(call, body.to_change(found), body, query)
    change = await verify.before_editing(call.app, server, webhook_id, change)
    return Webhook.of(await db.write(lambda tx: save.update(tx, server, webhook_id, change)))


@group.delete("/webhooks/{webhook_id}")
def delete_webhook(call: ServerCall, webhook_id: int) -> Done:
    """Remove a webhook.

    Refuses WEBHOOK_NOT_FOUND.
    """
    store.remove(call.tx, call.server.id, webhook_id)
    return Done(0, f"Webhook {webhook_id} removed.")


@group.post("/webhooks/{webhook_id}/verify")
async def verify_webhook(call: ServerCall, webhook_id: int) -> Verification:
    """Call a webhook's URL once for each trigger that is on; 200 whatever comes of it.

    Refuses WEBHOOK_NOT_FOUND.
    """
    server, db = call.server, call.app.db
    webhook = await db.read(lambda tx: store.get(tx, server.id, webhook_id))
    probes = await verify.call(call.app, webhook, webhook.enabled)
    proven = frozenset(found.trigger for found in probes if found.is_good)
    await db.write(lambda tx: save.verified(tx, server, webhook, proven))
    return Verification.of(webhook, probes)


@group.get("/webhooks/{webhook_id}/statistics")
def webhook_statistics(call: ServerCall, webhook_id: int) -> Statistics:
    """What came of calling a webhook in the last 24 hours.

    Refuses WEBHOOK_NOT_FOUND.
    """
    webhook = store.get(call.tx, call.server.id, webhook_id)
    made = store.statistics(call.tx, webhook_id, call.tx.now - PERIOD)
    return Statistics.of(webhook, made, call.tx.now)


def _change(call: ServerCall, edit: Edit, body: WebhookBody, query: VerifyOption) -> Change:
    """The change a request asks for. The body has the first say on verification, the setting the last."""
    asked = query.Verify if body.Verify is None else body.Verify
    if asked is None:
        how = Verify.PROBE if call.app.config.webhooks_verify else Verify.TRUST
    else:
        how = Verify.PROBE if asked else Verify.SKIP
    return Change(edit=edit, egress=Egress(call.app.config.egress_allow), verify=how)
