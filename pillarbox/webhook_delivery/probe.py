"""Verifying a webhook: one test call for each trigger, each to be answered with exactly 200.

Source: spec webhooks 2.9. Whoever asks by the API learns the status, never what else the other side said.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

from pillarbox.outgoing.http import Client, NoAnswer
from pillarbox.webhook_delivery.post import KEPT_OF_ANSWER, request
from pillarbox.webhooks import signature
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
    signed = signature.headers(webhook.secret, body, at)
    began = time.monotonic()
    status, answer = 0, ""
    try:
        answered = await client.send(
            request(webhook.url, webhook.auth, webhook.headers, body, ours=signed),
            timeout_s=TIMEOUT_S,
            keep=KEPT_OF_ANSWER,
        )
    except NoAnswer as problem:
        text = f"Remote server could not be called: {problem.cause.value}."
    else:
        status, answer = answered.status, answered.body.decode("utf-8", "replace")
        text = f"Remote server returned an HTTP status code of {status}."
    return Probe(
        trigger,
        status,
        "OK" if status == 200 else text,
        sent=body,
        answer=answer,
        duration_ms=round((time.monotonic() - began) * 1000),
    )
