"""Tracking, whole: a message goes out, its recipients open it and follow links, and everybody hears of it."""

import asyncio
import re
import smtplib
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import dkim
import httpx
import pytest

from pillarbox.domains import keys, store
from pillarbox.domains.model import Alias
from pillarbox.mail.parse import parse
from pillarbox.servers.store import servers
from pillarbox.tracking.token import Copy, Tokens
from tests.conftest import SERVER_TOKEN, SetClock
from tests.doubles.dns import DnsZone
from tests.doubles.mx import ScriptedMx
from tests.flows.client import Client

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.6 Mobile/15E148 Safari/604.1"
)
HTML = '<html><body><a href="https://shop.example/new?a=1&amp;b=2#top">New</a></body></html>'
URL = "https://shop.example/new?a=1&b=2#top"
MAIL = {"HtmlBody": HTML, "TextBody": f"New: {URL}.", "Tag": "news"}


@pytest.fixture
async def mx():
    async with ScriptedMx() as mx:
        yield mx


@pytest.fixture
async def direct(serve, mx):
    records = {f"{n}.example": {"MX": ["10 mx.example"]} for n in ("one", "two")}
    async with DnsZone(records | {"mx.example": {"A": ["127.0.0.1"]}}) as zone:

        def run(**changes):
            settings = {
                "delivery": "direct",
                "sender_policy": "open",
                "dns_servers": zone.address,
                "mx_port": str(mx.port),
                "egress_allow": "127.0.0.0/8",
                "public_url": "http://track.example",
            }
            return serve(**settings | changes)

        yield run


class Reader:
    """Somebody who got a copy and looks at it with a program of his."""

    def __init__(self, running: Any, data: bytes) -> None:
        self.copy = parse(data)
        self.http = httpx.AsyncClient(base_url=running.http, headers={"User-Agent": PHONE})

    def found(self, pattern: str, text: str | None) -> str:
        match = re.search(pattern, text or "")
        assert match, text
        return match[1]

    @property
    def pixel(self) -> str:
        return self.found(r'<img src="http://[^/"]+(/[^"]+)" width="1"', self.copy.html)

    @property
    def html_link(self) -> str:
        return self.found(r'<a href="http://[^/"]+(/3[^"]+)"', self.copy.html)

    @property
    def text_link(self) -> str:
        return self.found(r"http://[^/\s]+(/3s?/\S+)\.", self.copy.text)

    async def get(self, path: str, method: str = "GET") -> httpx.Response:
        async with self.http as client:
            answer = await client.request(method, path)
        self.http = httpx.AsyncClient(base_url=self.http.base_url, headers={"User-Agent": PHONE})
        return answer


async def copies(mx: ScriptedMx, count: int) -> list[bytes]:
    async with asyncio.timeout(20):
        while len(mx.messages) < count:
            await asyncio.sleep(0.02)
    return [one.data for one in sorted(mx.messages, key=lambda one: one.rcpts)]


async def test_an_open_and_a_click_are_recorded_and_counted(direct, mx) -> None:
    async with direct(workers="1") as running:
        client = Client(running)
        sent = await client.send(
            **MAIL, TrackOpens=True, TrackLinks="HtmlAndText", Cc="bo@two.example"
        )
        await client.events(sent["MessageID"], 2)
        ann, _ = (Reader(running, data) for data in await copies(mx, 2))
        image = await ann.get(ann.pixel)
        assert (image.status_code, image.headers["content-type"]) == (200, "image/gif")
        assert image.content.startswith(b"GIF89a")
        assert "no-store" in image.headers["cache-control"]
        click = await ann.get(ann.html_link)
        assert (click.status_code, click.headers["location"]) == (302, URL)
        again = await ann.get(ann.text_link)
        assert again.headers["location"] == URL
        await ann.get(ann.pixel)
        events = await client.events(sent["MessageID"], 4)
        opened, clicked = events[2:]
        assert (opened["Type"], opened["Recipient"]) == ("Opened", "ann@one.example")
        assert opened["Details"] == {"Summary": f"Email opened with {PHONE}"}
        assert (clicked["Type"], clicked["Recipient"]) == ("LinkClicked", "ann@one.example")
        assert clicked["Details"] == {
            "Summary": f"Tracked Link '{URL}' was clicked from the HTMLBody.",
            "Link": URL,
            "ClickLocation": "HTML",
        }
        await _recorded(client, opens=2, clicks=2)
        opens = await _get(client, f"/messages/outbound/opens/{sent['MessageID']}")
        assert opens["TotalCount"] == 1
        (one,) = opens["Opens"]
        assert one["Client"]["Name"] == "Mobile Safari 18.6"
        assert (one["OS"]["Name"], one["Platform"], one["Tag"]) == ("iOS 18", "Mobile", "news")
        clicks = await _get(client, "/messages/outbound/clicks")
        assert [c["OriginalLink"] for c in clicks["Clicks"]] == [URL]
        stats = await _get(client, "/stats/outbound")
        wanted = {
            "Opens": 2,
            "UniqueOpens": 1,
            "TotalClicks": 2,
            "UniqueLinksClicked": 1,
            "TotalTrackedLinksSent": 2,
            "WithOpenTracking": 2,
            "WithLinkTracking": 2,
        }
        assert {name: stats[name] for name in wanted} == wanted


async def test_the_dump_and_the_details_show_the_message_without_tracking(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        sent = await client.send(**MAIL, TrackOpens=True, TrackLinks="HtmlAndText")
        (data,) = await copies(mx, 1)
        assert b"/open/" in data
        details = await client.details(sent["MessageID"])
        assert details["HtmlBody"] == HTML
        dump = await client.http.get(f"/messages/outbound/{sent['MessageID']}/dump")
        assert "/open/" not in dump.json()["Body"]


async def test_an_untracked_message_goes_out_as_it_was_composed(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        sent = await client.send(**MAIL)
        (data,) = await copies(mx, 1)
        dump = await client.http.get(f"/messages/outbound/{sent['MessageID']}/dump")
        assert data.decode() == dump.json()["Body"]


@pytest.mark.parametrize(
    ("server", "message", "has_pixel", "has_links"),
    [
        ({"TrackOpens": True}, {"TrackOpens": False}, True, False),
        ({"TrackLinks": "HtmlAndText"}, {"TrackLinks": "None"}, False, False),
        ({"TrackLinks": "HtmlAndText"}, {}, False, True),
        ({}, {"TrackLinks": "htmlonly"}, False, True),
        ({}, {"TrackOpens": True}, True, False),
    ],
)
async def test_what_the_server_and_the_message_say(
    direct, mx, server, message, has_pixel, has_links
) -> None:
    async with direct() as running:
        client = Client(running)
        assert (await client.http.put("/server", json=server)).status_code == 200
        await client.send(**MAIL, **message)
        (data,) = await copies(mx, 1)
        html = parse(data).html or ""
        assert ("/open/" in html, "/3s/" in html) == (has_pixel, has_links)


async def test_head_and_forged_addresses_count_nothing(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        sent = await client.send(**MAIL, TrackOpens=True, TrackLinks="HtmlAndText")
        (data,) = await copies(mx, 1)
        ann = Reader(running, data)
        assert (await ann.get(ann.pixel, "HEAD")).status_code == 200
        assert (await ann.get(ann.html_link, "HEAD")).headers["location"] == URL
        assert (await ann.get(ann.pixel[:-1] + "A")).status_code == 200
        forged = ann.html_link.replace("shop.example", "evil.example")
        assert (await ann.get(forged)).status_code == 404
        assert (await ann.get(ann.html_link, "POST")).status_code == 405
        await ann.get(ann.text_link)
        await _recorded(client, clicks=1)
        events = await client.events(sent["MessageID"], 2)
        assert [event["Type"] for event in events] == ["Delivered", "LinkClicked"]


async def test_a_click_after_the_retention_leads_on_and_counts_nothing(direct, mx) -> None:
    clock = SetClock()
    async with direct(clock=clock) as running:
        client = Client(running)
        await client.send(**MAIL, TrackOpens=True, TrackLinks="HtmlAndText")
        (data,) = await copies(mx, 1)
        ann = Reader(running, data)
        clock.advance(timedelta(days=46))
        assert (await ann.get(ann.html_link)).headers["location"] == URL
        assert (await ann.get(ann.pixel)).status_code == 200
        second = await client.send(**MAIL, TrackOpens=True)
        data = (await copies(mx, 2))[1]
        await ann.get(Reader(running, data).pixel)
        await _recorded(client, opens=1)
        opens = await _get(client, "/messages/outbound/opens")
        assert [one["MessageID"] for one in opens["Opens"]] == [second["MessageID"]]
        assert (await _get(client, "/messages/outbound/clicks"))["TotalCount"] == 0


async def test_a_custom_tracking_domain_and_a_valid_signature(direct, mx) -> None:
    async with direct() as running:
        with running.app.db.transaction() as tx:
            key = keys.new_key("sender.example", at=tx.now)
            domain_id = store.insert_domain(tx, "sender.example")
            store.insert_key(tx, domain_id, key)
            alias = Alias(host="click.sender.example", is_verified=True)
            store.set_aliases(tx, domain_id, tracking=alias)
        await running.app.db.write(lambda tx: store.activate_key(tx, domain_id))
        client = Client(running)
        await client.send(**MAIL, TrackOpens=True, TrackLinks="HtmlAndText")
        (data,) = await copies(mx, 1)
        assert data.count(b"http://click.sender.example/") == 3
        record = keys.record(key).encode()
        assert dkim.verify(data, dnsfunc=lambda name, timeout=5: record)


async def test_mail_submitted_by_smtp_is_tracked_like_the_apis(direct, mx) -> None:
    async with direct() as running:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "a@b.example", "ann@one.example", "x"
        message["X-PM-TrackOpens"], message["X-PM-TrackLinks"] = "true", "HtmlAndText"
        message.set_content(f"Grüße {URL}")
        message.add_alternative(HTML, subtype="html")
        message.add_attachment(HTML.encode(), maintype="text", subtype="html", filename="a.html")

        def submit() -> None:
            with smtplib.SMTP("127.0.0.1", running.smtp_port) as smtp:
                smtp.login(SERVER_TOKEN, SERVER_TOKEN)
                smtp.send_message(message)

        await asyncio.to_thread(submit)
        (data,) = await copies(mx, 1)
        made = parse(data)
        assert b"X-PM-Track" not in data
        assert "/open/" in (made.html or "")
        assert "Grüße http://track.example/3s/" in (made.text or "")
        (attachment,) = made.attachments
        assert attachment.content.strip() == HTML.encode()


async def test_hits_wait_for_a_database_that_is_away(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        sent = await client.send(**MAIL, TrackOpens=True)
        (data,) = await copies(mx, 1)
        ann = Reader(running, data)
        with running.app.db.transaction() as tx:
            copy = Tokens(servers.secret(tx)).read_pixel(ann.pixel)
            assert copy == Copy(copy.message_key if copy else 0, 0)
            # This transaction holds the database: the hit is answered all the same.
            assert (await ann.get(ann.pixel)).status_code == 200
        events = await client.events(sent["MessageID"], 2)
        assert events[1]["Type"] == "Opened"


async def _get(client: Client, path: str) -> dict[str, Any]:
    answer = await client.http.get(path, params={"count": 50, "offset": 0})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def _recorded(client: Client, *, opens: int = 0, clicks: int = 0) -> None:
    """Wait until so many hits are counted."""
    async with asyncio.timeout(20):
        while True:
            stats = await _get(client, "/stats/outbound")
            if (stats["Opens"], stats["TotalClicks"]) == (opens, clicks):
                return
            await asyncio.sleep(0.02)
