"""`/metrics`: what mail and webhooks leave in it, and who may read it."""

import asyncio

import httpx
from prometheus_client.parser import text_string_to_metric_families

from pillarbox.outbound.store import suspensions
from tests.doubles.dns import DnsZone
from tests.doubles.mx import ScriptedMx
from tests.flows.client import Client

DELIVERED = ("pillarbox_deliveries_total", "delivered", "other")


async def numbers(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, in the order of the labels' names."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_what_mail_leaves_in_the_numbers(serve) -> None:
    zone = {"one.example": {"MX": ["10 mx.example"]}, "mx.example": {"A": ["127.0.0.1"]}}
    async with (
        ScriptedMx() as mx,
        DnsZone(zone) as names,
        serve(
            delivery="direct",
            sender_policy="open",
            dns_servers=names.address,
            mx_port=str(mx.port),
            egress_allow="127.0.0.0/8",
        ) as running,
    ):
        client = Client(running)
        await running.app.db.write(lambda tx: suspensions.suspend(tx, "held.example", by="test"))
        sent = await client.send()
        await client.events(sent["MessageID"], 1)
        await client.send(To="bo@held.example")
        await client.send(To="nobody")
        async with asyncio.timeout(20):
            # What is counted is counted right after the commit that the event was read from.
            while DELIVERED not in (found := await numbers(client.http)):
                pass
    assert found["pillarbox_queue_waiting",] == 1
    assert found["pillarbox_queue_suspended_destinations",] == 1
    assert found["pillarbox_accept_seconds_count",] == 2
    assert found["pillarbox_refused_total",] == 1
    assert found[DELIVERED] == 1
    assert found["pillarbox_delivery_seconds_count",] == 1
    assert found["pillarbox_attempt_seconds_bucket", "+Inf"] == 1
    assert found["pillarbox_webhook_calls_waiting",] == 0
    assert found["pillarbox_database_up",] == 1
    assert found["pillarbox_database_connections_max",] > 1
    assert found["process_resident_memory_bytes",] > 0


async def test_who_may_read_the_numbers(serve) -> None:
    async with serve() as running, httpx.AsyncClient(base_url=running.http) as client:
        assert (await client.get("/metrics")).status_code == 200
        # Behind a proxy on this machine everybody comes from loopback; the proxy says who it really is.
        behind = {"X-Forwarded-For": "198.51.100.7"}
        assert (await client.get("/metrics", headers=behind)).status_code == 403


async def test_nobody_may_read_the_numbers(serve) -> None:
    async with (
        serve(metrics_allow="192.0.2.0/24") as running,
        httpx.AsyncClient(base_url=running.http) as client,
    ):
        answer = await client.get("/metrics")
        assert (answer.status_code, "METRICS_ALLOW" in answer.text) == (403, True)
        behind = {"X-Forwarded-For": "192.0.2.9"}
        assert (await client.get("/metrics", headers=behind)).status_code == 200
