"""From a message to the consumer: the whole program, real sockets. Source: spec webhooks 4 to 6."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from pillarbox.ids import message_id
from pillarbox.inbound.model import (
    Correspondent,
    InboundAttachment,
    InboundContent,
    InboundMessage,
    InboundStatus,
)
from pillarbox.inbound.store import messages, tries
from pillarbox.inbound.store.messages import inbound_messages
from pillarbox.servers.store import servers
from pillarbox.webhooks.call import CallState
from pillarbox.webhooks.store import calls, log
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
    running.app.wake.notify({TOPIC: set()}, {})


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


async def test_an_endpoint_that_refuses_is_called_once(listening, sink, clock, closing) -> None:
    """Checklist 14 and 15 of the specification."""
    sink.status = 410
    async with listening(clock=clock) as running:
        client = Client(running)
        made = await hook(client, sink.url())
        await client.send()
        await sink.wait(1)
        metrics = await settled(client, made["ID"], 1)
        await advance(running, clock, timedelta(days=1))
        sink.status = 200
        await client.send(Subject="Next")
        await sink.wait(2)
    assert (metrics["FailureCount"], metrics["RetryCount"]) == (1, 0)
    assert [hit.headers["X-PM-Retries-Remaining"] for hit in sink.hits] == ["9", "9"]


async def test_after_ten_attempts_it_is_given_up(listening, sink, clock, closing) -> None:
    sink.status = 503
    async with listening(clock=clock) as running:
        client = Client(running)
        made = await hook(client, sink.url())
        await client.send()
        metrics: dict[str, Any] = {}
        for count in range(1, 11):
            await sink.wait(count)
            metrics = await settled(client, made["ID"], count)
            await advance(running, clock, timedelta(minutes=15))
        with running.app.db.transaction() as tx:
            waiting = calls.lanes(tx)
    remaining = [hit.headers["X-PM-Retries-Remaining"] for hit in sink.hits]
    assert remaining == [str(number) for number in range(9, -1, -1)]
    assert (metrics["RetryCount"], metrics["TotalRequests"]) == (10, 10)
    assert waiting == {}


async def test_a_webhook_that_is_deleted_hears_nothing_more(
    listening, sink, clock, closing
) -> None:
    sink.status = 500
    async with listening(clock=clock) as running:
        client = Client(running)
        made = await hook(client, sink.url())
        await client.send()
        await sink.wait(1)
        await settled(client, made["ID"], 1)
        await client.http.delete(f"/webhooks/{made['ID']}")
        await hook(client, sink.url("/next"))
        await advance(running, clock, timedelta(minutes=1))
        await client.send()
        await sink.wait(2)
    assert [hit.target for hit in sink.hits] == ["/hook", "/next"]


async def test_where_it_goes_is_looked_up_at_every_attempt(listening, sink, clock, closing) -> None:
    sink.status = lambda _: 500 if len(sink.hits) == 1 else 200
    async with listening(clock=clock) as running:
        client = Client(running)
        made = await hook(client, sink.url("/old"))
        await client.send()
        await sink.wait(1)
        await settled(client, made["ID"], 1)
        await client.http.put(f"/webhooks/{made['ID']}", json={"Url": sink.url("/new")})
        await advance(running, clock, timedelta(minutes=1))
        old, new = await sink.wait(2)
    assert (old.target, new.target) == ("/old", "/new")
    assert old.body == new.body


async def test_who_does_not_answer_delays_nobody(listening, sink, closing) -> None:
    async with HookSink() as silent, listening() as running:
        silent.is_silent = True
        client = Client(running)
        await hook(client, silent.url())
        await hook(client, sink.url())
        for _ in range(20):
            await client.send()
        await sink.wait(20)
        assert len(silent.hits) < 20
        await silent.__aexit__()


async def test_retries_survive_a_restart(listening, sink, clock, closing) -> None:
    sink.status = 500
    async with listening(clock=clock) as running:
        client = Client(running)
        made = await hook(client, sink.url())
        await client.send()
        await sink.wait(1)
        await settled(client, made["ID"], 1)
    clock.advance(timedelta(minutes=1))
    sink.status = 200
    async with listening(clock=clock):
        first, second = await sink.wait(2)
    assert first.headers["X-PM-Webhook-Trace-Id"] == second.headers["X-PM-Webhook-Trace-Id"]


async def test_a_call_that_was_given_up_can_be_made_again(listening, sink, closing) -> None:
    sink.status = 400
    async with listening() as running:
        client = Client(running)
        made = await hook(client, sink.url())
        await client.send()
        await sink.wait(1)
        await settled(client, made["ID"], 1)
        sink.status = 200
        with running.app.db.transaction() as tx:
            server = servers.list_servers(tx)[0]
            key = server.streams["outbound"].key
            (call,) = log.list_of_stream(tx, key, made["ID"], count=10)
        assert call.state is CallState.GIVEN_UP
        assert call.body == sink.hits[0].body.decode()
        assert [attempt.status for attempt in call.attempts] == [400]
        assert call.attempts[0].response == "ok"
        assert await running.app.db.write(lambda tx: log.repeat(tx, server.id, call.id))
        await sink.wait(2)
        await settled(client, made["ID"], 2)
        with running.app.db.transaction() as tx:
            again = log.find(tx, server.id, call.id)
            assert log.find(tx, server.id + 1, call.id) is None
    assert again is not None
    assert again.state is CallState.TAKEN
    assert [attempt.status for attempt in again.attempts] == [400, 200]


async def test_a_call_that_waits_can_be_made_now(listening, sink, closing) -> None:
    sink.status = 500
    async with listening() as running:
        client = Client(running)
        made = await hook(client, sink.url())
        await client.send()
        await sink.wait(1)
        await settled(client, made["ID"], 1)
        sink.status = 200
        with running.app.db.transaction() as tx:
            server = servers.list_servers(tx)[0]
            key = server.streams["outbound"].key
            (call,) = log.list_of_stream(tx, key, made["ID"], count=10)
        write = running.app.db.write
        assert not await write(lambda tx: log.hurry(tx, server.id + 1, call.id))
        assert await write(lambda tx: log.hurry(tx, server.id, call.id))
        await sink.wait(2)
        await settled(client, made["ID"], 2)
        assert not await write(lambda tx: log.hurry(tx, server.id, call.id))


ATTACHED = b"""From: Amy <amy@corp.example>\r
To: x@in.example\r
Subject: Hello\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
Hi\r
--b\r
Content-Type: text/plain\r
Content-Disposition: attachment; filename=note.txt\r
\r
hello world\r
--b--\r
"""


def take_in(running: Running) -> str:
    """A message for the first Server, whose hook is due; its MessageID."""
    app = running.app
    key = app.keys.next()
    with app.db.transaction() as tx:
        server = servers.list_servers(tx)[0]
        message = InboundMessage(
            key=key,
            message_id=message_id(key),
            server_id=server.id,
            stream_key=server.streams["inbound"].key,
            stream="inbound",
            received_at=tx.now,
            status=InboundStatus.QUEUED,
            original_recipient="x@in.example",
            sender=Correspondent("amy@corp.example", "Amy"),
            subject="Hello",
            attachments=(InboundAttachment(name="note.txt", content_type="text/plain", length=11),),
        )
        content = InboundContent(raw=ATTACHED, text="Hi\n")
        messages.insert_message(tx, message, content, due_at=tx.now)
        app.wake.notify(tx.wakes, {})
    return message.message_id


async def inbound_status(running: Running, wanted: str) -> list[str]:
    """The MessageIDs with a status, once there are any."""
    client = Client(running)
    async with asyncio.timeout(20):
        while True:
            path = f"/messages/inbound?count=10&offset=0&status={wanted}"
            found = (await client.http.get(path)).json()["InboundMessages"]
            if found:
                return [message["MessageID"] for message in found]
            await asyncio.sleep(0.02)


async def attempted(running: Running, count: int) -> None:
    """Until it is written down that an inbound message was told of so many times."""
    query = select(inbound_messages.c.attempts)
    async with asyncio.timeout(20):
        while await running.app.db.read(lambda tx: tx.scalar(query)) < count:
            await asyncio.sleep(0.02)


async def test_inbound_mail_is_told(listening, sink, closing) -> None:
    async with listening() as running:
        url = sink.url(user="actionmailbox:secret@")
        changes = {"InboundHookUrl": url, "RawEmailEnabled": True}
        assert (await Client(running).http.put("/server", json=changes)).status_code == 200
        name = take_in(running)
        (hit,) = await sink.wait(1)
        assert await inbound_status(running, "processed") == [name]
    assert hit.json["MessageID"] == name
    assert hit.json["Attachments"] == [
        {
            "Name": "note.txt",
            "Content": "aGVsbG8gd29ybGQ=",
            "ContentType": "text/plain",
            "ContentLength": 11,
            "ContentID": "",
        }
    ]
    assert hit.json["RawEmail"] == ATTACHED.decode().replace("\r\n", "\n")
    assert hit.headers["Authorization"] == "Basic YWN0aW9ubWFpbGJveDpzZWNyZXQ="
    assert "X-PM-Retries-Remaining" not in hit.headers


async def test_a_hook_that_fails_for_ever(listening, sink, clock, closing) -> None:
    """Scenario 7 of the specification's inbound page: eleven attempts, Failed, InboundError; then a retry."""
    sink.status = 500
    async with listening(clock=clock) as running:
        client = Client(running)
        await client.http.put("/server", json={"InboundHookUrl": sink.url()})
        name = take_in(running)
        for count in range(1, 12):
            await sink.wait(count)
            await attempted(running, count)
            await inbound_status(running, "scheduled" if count < 11 else "failed")
            clock.advance(timedelta(minutes=360))
            running.app.wake.notify({"inbound": set()}, {})
        answer = await client.http.get("/bounces?count=50&offset=0&messagestream=inbound")
        (bounce,) = answer.json()["Bounces"]
        assert len(sink.hits) == 11
        sink.status = 200
        answer = await client.http.put(f"/messages/inbound/{name}/retry")
        assert answer.status_code == 200
        await sink.wait(12)
        await inbound_status(running, "processed")
        with running.app.db.transaction() as tx:
            key = tx.scalar(select(inbound_messages.c.key))
            tried = tries.list_of_message(tx, key)
    assert [one.status for one in tried] == [200, *[500] * 11]
    assert [one.at for one in tried] == sorted((one.at for one in tried), reverse=True)
    assert {one.url for one in tried} == {sink.url()}
    assert (bounce["Type"], bounce["Email"]) == ("InboundError", "x@in.example")
    assert bounce["Details"] == "The hook returned an HTTP status code of 500."
    assert not bounce["Inactive"]


async def test_a_hook_that_forbids_is_called_once(listening, sink, closing) -> None:
    sink.status = 403
    async with listening() as running:
        client = Client(running)
        await client.http.put("/server", json={"InboundHookUrl": sink.url()})
        name = take_in(running)
        assert await inbound_status(running, "failed") == [name]
    assert len(sink.hits) == 1


async def test_without_a_hook_inbound_mail_fails_at_once(listening, closing) -> None:
    async with listening() as running:
        name = take_in(running)
        assert await inbound_status(running, "failed") == [name]
        assert await Client(running).bounces() == []
