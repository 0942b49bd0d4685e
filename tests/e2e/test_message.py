"""The page of one message: its story, why it waits, its parts, its checks."""

import re
from email import message_from_bytes, policy
from urllib.parse import urlsplit

import httpx
from playwright.async_api import expect

from pillarbox.outbound.model import RecipientState
from pillarbox.outbound.store import overview
from pillarbox.users.store import audit
from tests.e2e import mailroom
from tests.e2e.screens import seed
from tests.flows.client import Client
from tests.flows.conftest import closing

__all__ = ["closing"]

SLOWLY = {"delivery": "direct", "dns_servers": "127.0.0.1:1", "sender_policy": "open"}
LATER = "450 4.2.0 Greylisted, later"


async def test_what_waits_says_why_and_can_be_tried_or_dropped(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        message = await mailroom.post(running.app, subject="Greylisted")
        await mailroom.settle(running.app, message, "deferred", reply=LATER)
        page = await visit(running, f"/m/{message.message_id}")
        why = page.locator(".why")
        await expect(why.get_by_text("Greylisting")).to_be_visible()
        await expect(why.get_by_text(LATER)).to_be_visible()
        await page.get_by_role("button", name="Try now").click()
        await expect(page.get_by_role("status").first).to_contain_text("It is tried now.")
        await expect(page.get_by_text("451 4.4.3").first).to_be_visible(timeout=10_000)
        await page.get_by_text("Drop…").click()
        await page.get_by_role("button", name="Yes, drop it").click()
        await expect(page.get_by_text("It is dropped.")).to_be_visible()
        await expect(why).to_have_count(0)
        [copy] = await running.app.db.read(lambda tx: overview.copies(tx, message.key))
        assert copy.state is RecipientState.DROPPED
        said = [deed.text for deed in await running.app.db.read(audit.newest)]
        assert [text.split()[0] for text in said] == ["Dropped", "Had"]


async def test_a_message_tells_what_came_of_it(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        facts = await seed(running)
        page = await visit(running, f"/m/{facts.ids['told']}")
        story = page.locator("#story")
        for text in (
            "prefetched, perhaps unread",
            "a bot",
            "Chrome 121 on Windows 10",
            "Berlin, Germany",
            "Spam complaint",
            "Because of a spam complaint. By recipient.",
            "Delivery webhook was given up",
            "HTTP 503",
        ):
            await expect(story.get_by_text(text, exact=False).first).to_be_visible()
        assert "secret" not in await story.inner_html()


async def test_only_our_forms_change_a_message(serve) -> None:
    async with serve(**SLOWLY) as running, httpx.AsyncClient(base_url=running.http) as client:
        message = await mailroom.post(running.app)
        await mailroom.settle(running.app, message, "deferred", reply=LATER)
        page = await client.get(f"/m/{message.message_id}")
        found = re.search(r'name="_form" value="([^"]+)"', page.text)
        assert found is not None
        token = {"_form": found[1]}
        for deed in ("retry", "drop"):
            url = f"/m/{message.message_id}/{deed}"
            assert (await client.post(url, data={"x": "y"})).status_code == 403
            assert (await client.get(url)).status_code == 405
            unknown = f"/m/0199c0de-0000-7001-8000-000000000000/{deed}"
            assert (await client.post(unknown, data=token)).status_code == 404
        [copy] = await running.app.db.read(lambda tx: overview.copies(tx, message.key))
        assert copy.state is RecipientState.QUEUED
        dropped = await client.post(f"/m/{message.message_id}/drop", data=token)
        assert dropped.headers["location"] == f"/m/{message.message_id}"
        again = await client.post(f"/m/{message.message_id}/drop", data=token)
        assert "Nothing" in again.headers["set-cookie"]


async def test_the_content_is_shown_in_many_ways(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        facts = await seed(running)
        page = await visit(running, f"/m/{facts.ids['told']}")
        frame = page.frame_locator("iframe")
        await expect(frame.get_by_text("This week")).to_be_visible()
        await page.get_by_role("button", name="Dark").click()
        await expect(page.locator(".frame.dark")).to_be_visible()
        body = frame.locator("body")
        await expect(body).to_have_css("background-color", "rgb(17, 17, 17)")
        await page.get_by_text("Phone").click()
        await page.get_by_role("button", name="Light").click()
        await expect(page.locator(".frame.dark")).to_have_count(0)
        width = await page.locator("iframe").evaluate("frame => frame.clientWidth")
        assert width == 390
        await page.set_viewport_size({"width": 1400, "height": 800})  # leaves HTML less than 800
        await page.get_by_text("Desktop").click()
        assert await frame.locator("html").evaluate("html => html.clientWidth") == 800
        for key, heading, text in (
            ("6", "HTML source", "<h1>This week</h1>"),
            ("7", "Structure", "multipart/"),
            ("3", "Headers", "MIME-Version"),
            ("5", "Attachments", "logo.png"),
            ("2", "Text", "This week"),
        ):
            await page.keyboard.press(key)
            await expect(page.locator(".tabs [aria-current]")).to_contain_text(heading)
            await expect(page.locator("#content").get_by_text(text).first).to_be_visible()


async def test_tabs_and_parts_that_are_not_there(serve) -> None:
    async with serve(**SLOWLY) as running, httpx.AsyncClient(base_url=running.http) as client:
        facts = await seed(running)
        plain, strange = facts.ids["waiting"], facts.ids["strange"]
        for tab in ("html", "nonsense", "%00", "code", "x" * 500):
            answer = await client.get(f"/m/{plain}?tab={tab}")
            assert answer.status_code == 200
            assert 'id="tab-text"' in answer.text
        for path in (
            f"/m/{plain}/html",
            f"/m/{strange}/attachments/3",
            f"/m/{strange}/attachments/99999999999999999999",
            f"/m/{strange}/attachments/-1",
            "/m/nonsense/raw",
        ):
            assert (await client.get(path)).status_code == 404
        file = await client.get(f"/m/{strange}/attachments/0")
        assert file.headers["content-disposition"].startswith("attachment;")
        assert "script" not in file.headers["content-type"]
        for tab in ("text", "headers", "source", "files", "code", "parts"):
            page = (await client.get(f"/m/{strange}?tab={tab}")).text
            assert "<script>document" not in page
            assert "<img src=x" not in page


async def test_the_checks_say_what_is_wrong_and_where(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        facts = await seed(running)
        page = await visit(running, f"/m/{facts.ids['told']}")
        await page.keyboard.press("8")
        checks = page.locator("#content")
        await expect(checks.get_by_text("1 of 2 have no alt text. Line 10.")).to_be_visible()
        await expect(checks.get_by_text("the link goes to evil.example")).to_be_visible()
        row = checks.get_by_role("row", name="<video> element")
        await row.get_by_text("Not in").click()
        await expect(row.get_by_text("Not:")).to_be_visible()
        await row.get_by_role("link", name="12").click()
        await expect(page.locator("#L12")).to_contain_text("<video")


async def test_a_captured_copy_has_links_that_work(serve) -> None:
    async with serve() as running, httpx.AsyncClient(base_url=running.http) as client:
        sent = await Client(running).send(
            To="ann@one.example, bob@one.example",
            MessageStream="broadcast",
            HtmlBody='<a href="https://shop.example/new">New</a>',
            TextBody="text",
            TrackOpens=True,
            TrackLinks="HtmlOnly",
        )
        page = f"/m/{sent['MessageID']}"
        shown = await client.get(f"{page}?tab=source")
        paths = re.findall(rf'href="({page}/copies/\d+)" download><bdi>([^<]+)<', shown.text)
        assert [name for _, name in paths] == ["ann@one.example", "bob@one.example"]
        found = []
        for path, _ in paths:
            copy = message_from_bytes((await client.get(path)).content, policy=policy.default)
            unsubscribe, body = copy["List-Unsubscribe"].strip("<>"), copy.get_body(("html",))
            assert body is not None
            links = re.findall(r'(?:href|src)="http://[^/"]+([^"]+)"', body.get_content())
            assert urlsplit(unsubscribe).path in links
            found.append(links)
            followed = await client.get(links[0])
            assert followed.headers["location"] == "https://shop.example/new"
        assert not set(found[0]) & set(found[1])
        events = await Client(running).events(sent["MessageID"], 4)
        clicks = [event["Recipient"] for event in events if event["Type"] == "LinkClicked"]
        assert sorted(clicks) == ["ann@one.example", "bob@one.example"]
        assert (await client.get(f"{page}/copies/9")).status_code == 404
