"""From a message to the consumer: the whole program, real sockets. Source: spec webhooks 4 to 6."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from pillarbox.webhooks.store.calls import TOPIC
from tests.conftest import Running, SetClock
from tests.doubles.hook import HookSink
from tests.flows.client import Client

ALL = {
    "Delivery": {"Enabled": True},
    "Bounce": {"Enabled": True},
    "SubscriptionChange": {"Enabled": True},
}
HARD = "HardBounce@bounce-testing.postmarkapp.com"


@pytest.fixture
async def sink():
    async with HookSink() as sink:
        yield sink


@pytest.fixture
def listening(serve):
    return lambda **changes: serve(egress_allow="127.0.0.0/8", **changes)


async def hook(client: Client, url: str, **changes: Any) -> dict[str, Any]:
    body = {"Url": url, "Triggers": ALL} | changes
    answer = await client.http.post("/webhooks", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def advance(running: Running, clock: SetClock, step: timedelta) -> None:
    clock.advance(step)
    running.app.wake.notify({TOPIC: set()})


async def test_a_delivery_is_told(listening, sink, closing) -> None:
    async with listening() as running:
        client = Client(running)
        await hook(
            client,
            sink.url("/in?env=prod"),
            HttpAuth={"Username": "me", "Password": "secret"},
            HttpHeaders=[{"Name": "X-Shop-Env", "Value": "prod"}],
        )
        sent = await client.send(Tag="order", Metadata={"n": "1"})
        (hit,) = await sink.wait(1)
    assert hit.target == "/in?env=prod"
    assert list(hit.json) == [
        "MessageID",
        "Recipient",
        "DeliveredAt",
        "Details",
        "Tag",
        "ServerID",
        "Metadata",
        "RecordType",
        "MessageStream",
    ]
    assert hit.json["MessageID"] == sent["MessageID"]
    assert hit.json["Recipient"] == "ann@one.example"
    assert hit.json["RecordType"] == "Delivery"
    assert hit.headers["User-Agent"] == "Postmark"
    assert hit.headers["Content-Type"] == "application/json"
    assert hit.headers["Accept"] == "application/json"
    assert hit.headers["Authorization"] == "Basic bWU6c2VjcmV0"
    assert hit.headers["X-Shop-Env"] == "prod"
    assert hit.headers["X-PM-Retries-Remaining"] == "9"
    assert "Transfer-Encoding" not in hit.headers
    assert "Expect" not in hit.headers


async def test_a_hard_bounce_is_told_twice(listening, sink, closing) -> None:
    async with listening() as running:
        client = Client(running)
        await hook(client, sink.url())
        await client.send(To=HARD)
        hits = await sink.wait(2)
        (bounce,) = await client.bounces()
    told = {hit.json["RecordType"]: hit.json for hit in hits}
    assert told["Bounce"]["ID"] == bounce["ID"]
    assert told["Bounce"]["Type"] == "HardBounce"
    assert told["SubscriptionChange"]["SuppressionReason"] == "HardBounce"
    assert told["SubscriptionChange"]["Recipient"] == HARD


async def test_an_endpoint_that_fails_once_is_called_twice(listening, sink, clock, closing) -> None:
    """Checklist 13 of the specification."""
    answers = iter((500, 200))
    sink.status = lambda _: next(answers)
    async with listening(clock=clock) as running:
        client = Client(running)
        made = await hook(client, sink.url())
        await client.send()
        await sink.wait(1)
        await settled(client, made["ID"], 1)
        await advance(running, clock, timedelta(minutes=1))
        first, second = await sink.wait(2)
        await settled(client, made["ID"], 2)
    assert first.body == second.body
    assert first.headers["X-PM-Webhook-Trace-Id"] == second.headers["X-PM-Webhook-Trace-Id"]
    assert [h.headers["X-PM-Retries-Remaining"] for h in (first, second)] == ["9", "8"]


async def settled(client: Client, webhook_id: int, requests: int) -> dict[str, Any]:
    """The webhook's statistics once so many attempts are written down."""
    heard = client.running.app.wake.subscribe("webhook attempts")
    async with asyncio.timeout(20):
        while True:
            answer = await client.http.get(f"/webhooks/{webhook_id}/statistics")
            metrics = dict(answer.json()["Metrics"])
            if metrics["TotalRequests"] >= requests:
                return metrics
            await heard.wait(20)
            heard.take()
