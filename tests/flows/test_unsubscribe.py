"""Unsubscribing, whole: by the page, by one click, and back; what is heard of it, and what is not sent then."""

import asyncio
import re
from typing import Any

import dkim
import httpx
import pytest

from pillarbox.domains import keys, store
from pillarbox.mail.parse import parse
from tests.flows.client import Client
from tests.flows.test_tracking import copies, direct, mx

__all__ = ["direct", "mx"]

NEWS = {"MessageStream": "broadcast", "HtmlBody": "<p>News</p>", "TextBody": "News", "Tag": "t"}


def link_of(data: bytes) -> str:
    found = re.fullmatch(r"<http://track\.example(/u/[\w-]{32})>", header(data) or "")
    assert found
    return found[1]


def header(data: bytes) -> str | None:
    return parse(data).header("List-Unsubscribe")


async def sent_news(client: Client, mx: Any, **changes: Any) -> tuple[dict[str, Any], bytes]:
    before = len(mx.messages)
    sent = await client.send(**NEWS | changes)
    await copies(mx, before + 1)
    return sent, mx.messages[before].data


async def suppressions(client: Client, stream: str = "broadcast") -> list[tuple[str, str, str]]:
    answer = await client.http.get(f"/message-streams/{stream}/suppressions/dump")
    return [
        (one["EmailAddress"], one["SuppressionReason"], one["Origin"])
        for one in answer.json()["Suppressions"]
    ]


HELD = [("ann@one.example", "ManualSuppression", "Recipient")]


async def test_one_click(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        sent, data = await sent_news(client, mx)
        link = link_of(data)
        assert parse(data).header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
        assert link in (parse(data).html or "")
        assert link in (parse(data).text or "")
        async with httpx.AsyncClient(base_url=running.http) as agent:
            for _ in range(2):
                answer = await agent.post(link, data={"List-Unsubscribe": "One-Click"})
                assert (answer.status_code, answer.content) == (200, b"")
                assert "set-cookie" not in answer.headers
        assert await suppressions(client) == HELD
        assert await suppressions(client, "outbound") == []
        events = (await client.details(sent["MessageID"]))["MessageEvents"]
        changed = [e["Details"] for e in events if e["Type"] == "SubscriptionChanged"]
        assert changed == [{"Origin": "Recipient", "SuppressSending": "True"}]
        assert (await client.send(**NEWS))["ErrorCode"] == 406
        assert (await client.send())["ErrorCode"] == 0


async def test_the_page_and_back_again(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        _, data = await sent_news(client, mx)
        link = link_of(data)
        german = {"Accept-Language": "de-DE,en;q=0.5"}
        async with httpx.AsyncClient(base_url=running.http, headers=german) as reader:
            for method in ("GET", "HEAD"):
                assert (await reader.request(method, link)).status_code == 200
            assert await suppressions(client) == []
            page = await reader.get(link)
            assert 'lang="de"' in page.text
            assert "a•••@one.example" in page.text
            assert "ann@one.example" not in page.text
            assert "<script" not in page.text
            assert "script-src" not in page.headers["content-security-policy"]
            assert 'value="unsubscribe"' in page.text
            done = await reader.post(link, data={"action": "unsubscribe"})
            assert "ist abgemeldet" in done.text
            assert await suppressions(client) == HELD
            back = await reader.post(link, data={"action": "resubscribe"})
            assert "ist angemeldet" in back.text
            assert await suppressions(client) == []
            assert (await client.send(**NEWS))["ErrorCode"] == 0


async def test_what_the_customer_or_a_bounce_holds_back_stays(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        _, data = await sent_news(client, mx)
        held = {"Suppressions": [{"EmailAddress": "ann@one.example"}]}
        await client.http.post("/message-streams/broadcast/suppressions", json=held)
        async with httpx.AsyncClient(base_url=running.http) as reader:
            page = await reader.post(link_of(data), data={"action": "resubscribe"})
            assert "Nothing is sent to" in page.text
            assert "<button" not in page.text
        expected = [("ann@one.example", "ManualSuppression", "Customer")]
        assert await suppressions(client) == expected


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/u/", "", 404),
        ("GET", "/u/" + "A" * 32, "", 404),
        ("POST", "/u/" + "A" * 32, "List-Unsubscribe=One-Click", 404),
        ("POST", None, "action=destroy", 400),
        ("POST", None, "", 400),
        ("POST", None, "a" * 5000, 400),
        ("DELETE", None, "", 405),
    ],
)
async def test_everything_else_is_refused(direct, mx, method, path, body, status) -> None:
    async with direct() as running:
        client = Client(running)
        _, data = await sent_news(client, mx)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        async with httpx.AsyncClient(base_url=running.http) as reader:
            answer = await reader.request(method, path or link_of(data), content=body, headers=kind)
        assert answer.status_code == status
        assert await suppressions(client) == []


async def test_the_signature_covers_the_fields_and_the_customers_own_are_replaced(
    direct, mx
) -> None:
    async with direct() as running:
        with running.app.db.transaction() as tx:
            key = keys.new_key("sender.example", at=tx.now)
            domain_id = store.insert_domain(tx, "sender.example")
            store.insert_key(tx, domain_id, key)
        await running.app.db.write(lambda tx: store.activate_key(tx, domain_id))
        client = Client(running)
        own = [{"Name": "List-Unsubscribe", "Value": "<mailto:x@sender.example>"}]
        _, data = await sent_news(client, mx, Headers=own)
        assert data.count(b"\nList-Unsubscribe:") == 1
        record = keys.record(key).encode()
        assert dkim.verify(data, dnsfunc=lambda name, timeout=5: record)
        for field in (b"List-Unsubscribe: <http", b"List-Unsubscribe-Post: List"):
            changed = data.replace(field, field + b"x")
            assert changed != data
            assert not dkim.verify(changed, dnsfunc=lambda name, timeout=5: record)


async def test_a_transactional_stream_fills_placeholders_only(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        html = '<a href="{{{ pm:unsubscribe }}}">Stop</a>'
        _, data = await sent_news(client, mx, MessageStream="outbound", HtmlBody=html)
        assert header(data) is None
        found = re.search(r'href="http://track\.example(/u/[\w-]{32})"', parse(data).html or "")
        assert found
        assert parse(data).text == "News"
        async with httpx.AsyncClient(base_url=running.http) as reader:
            await reader.post(found[1], data={"List-Unsubscribe": "One-Click"})
        assert await suppressions(client, "outbound") == HELD
        assert await suppressions(client) == []


async def test_a_stream_of_its_own_handling_is_left_alone(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        custom = {"SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "Custom"}}
        assert (await client.http.patch("/message-streams/broadcast", json=custom)).is_success
        html = "<p>{{{ pm:unsubscribe }}}</p>"
        own = [{"Name": "List-Unsubscribe", "Value": "<mailto:x@sender.example>"}]
        _, data = await sent_news(client, mx, HtmlBody=html, Headers=own)
        assert header(data) == "<mailto:x@sender.example>"
        assert "{{{ pm:unsubscribe }}}" in (parse(data).html or "")


async def test_each_recipient_has_a_link_of_their_own(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        await client.send(**NEWS, Cc="bo@two.example")
        first, second = await copies(mx, 2)
        assert link_of(first) != link_of(second)
        async with httpx.AsyncClient(base_url=running.http) as reader:
            await asyncio.gather(
                *(
                    reader.post(link_of(data), data={"List-Unsubscribe": "One-Click"})
                    for data in (first, second)
                )
            )
        held = await suppressions(client)
        assert sorted(one[0] for one in held) == ["ann@one.example", "bo@two.example"]
