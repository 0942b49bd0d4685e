"""Verifying a webhook: one test call for each trigger, each to be answered with exactly 200.

Source: spec webhooks 2.9. Who is answered learns the status, never what else the other side said.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from pillarbox.outgoing.http import Client, NoAnswer
from pillarbox.webhook_delivery.post import request
from pillarbox.webhooks.model import Probe, Trigger, Webhook
from pillarbox.wire.event_samples import sample

TIMEOUT_S = 30.0


async def probe(
    client: Client, webhook: Webhook, triggers: Sequence[Trigger], at: datetime
) -> list[Probe]:
    """Call a webhook's URL once for each trigger, all at the same time."""
    async with asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(_call(client, webhook, trigger, at)) for trigger in triggers]
    return [call.result() for call in calls]


async def _call(client: Client, webhook: Webhook, trigger: Trigger, at: datetime) -> Probe:
    body = sample(webhook, trigger, at)
    try:
        status = await client.post(
            request(webhook.url, webhook.auth, webhook.headers, body), timeout_s=TIMEOUT_S
        )
    except NoAnswer as problem:
        text = f"Remote server could not be called: {problem.cause.value}."
        return Probe(trigger, 0, text)
    if status == 200:
        return Probe(trigger, status, "OK")
    return Probe(trigger, status, f"Remote server returned an HTTP status code of {status}.")
