"""Calling a webhook's URL before it is saved, and for a test."""

from collections.abc import Sequence

from pillarbox.app import App
from pillarbox.mail.egress import Egress
from pillarbox.outgoing.http import Client
from pillarbox.servers.model import Server
from pillarbox.webhook_delivery.probe import probe
from pillarbox.webhooks import save
from pillarbox.webhooks.model import Probe, Trigger, Webhook
from pillarbox.webhooks.save import Change, Verify
from pillarbox.wire.webhooks import verification_failed


async def call(app: App, webhook: Webhook, triggers: Sequence[Trigger]) -> list[Probe]:
    """Call a webhook's URL once for each of the triggers."""
    if not triggers:
        return []
    config = app.config
    async with Client(dns_servers=config.dns_servers, egress=Egress(config.egress_allow)) as client:
        return await probe(client, webhook, triggers, app.clock.now())


async def before_creating(app: App, server: Server, slug: str, change: Change) -> None:
    """Call the URL of a new webhook if the change wants that.

    Refuses WEBHOOK_VERIFICATION_FAILED and what `save.draft` refuses.
    """
    if change.verify is Verify.PROBE:
        drafted = await app.db.read(lambda tx: save.draft(tx, server, slug, change))
        await _prove(app, drafted, drafted.enabled)


async def before_editing(app: App, server: Server, webhook_id: int, change: Change) -> Change:
    """Call the URL of a changed webhook if the change wants that; the change with what was proven.

    Refuses WEBHOOK_VERIFICATION_FAILED and what `save.edited` refuses.
    """
    if change.verify is not Verify.PROBE:
        return change
    before, after = await app.db.read(lambda tx: save.edited(tx, server, webhook_id, change))
    return save.with_proof(change, await _prove(app, after, save.to_probe(before, after)))


async def _prove(app: App, webhook: Webhook, triggers: Sequence[Trigger]) -> frozenset[Trigger]:
    """Call a URL before anything is saved. Refuses WEBHOOK_VERIFICATION_FAILED."""
    probes = await call(app, webhook, triggers)
    if not all(found.is_good for found in probes):
        raise verification_failed(webhook, probes)
    return frozenset(triggers)
