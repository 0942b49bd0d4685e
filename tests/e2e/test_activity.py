"""The activity page in a real browser: the first message, searching, live rows, the command palette."""

import gzip
import re
import time
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.async_api import Page, expect

from tests.conftest import SERVER_TOKEN, Running
from tests.e2e import mailroom, seeds_activity
from tests.e2e.conftest import barriers
from tests.e2e.screens import Facts

MAIL = {"From": "Shop <shop@sender.example>", "To": "ann@one.example", "TextBody": "Hi."}
SLOWLY = {"delivery": "direct", "dns_servers": "127.0.0.1:1", "sender_policy": "open"}
SNIPPETS = ("curl", "Python", "Node.js", "Ruby", "PHP", "Go", "Java", "SMTP")


async def send(running: Running, subject: str, **fields: object) -> str:
    headers = {"X-Postmark-Server-Token": SERVER_TOKEN}
    async with httpx.AsyncClient(base_url=running.http, headers=headers) as client:
        answer = (await client.post("/email", json=MAIL | {"Subject": subject} | fields)).json()
    assert answer["ErrorCode"] == 0, answer
    return str(answer["MessageID"])


def rows(page: Page, subject: str):
    return page.locator(".rows").get_by_text(subject, exact=True)


async def press_ctrl_k(page: Page) -> None:
    """Open the palette of a page that may still be loading: its button shows once the keys are heard."""
    await expect(page.get_by_role("button", name="Go to")).to_be_visible()
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox", name="Go to")).to_be_focused()


async def test_the_first_message_is_welcomed(serve, visit) -> None:
    async with serve() as running:
        page = await visit(running, reduced_motion="reduce")
        for name in SNIPPETS:
            await page.locator(".ways label").get_by_text(name, exact=True).click()
            shown = page.get_by_label(f"{name} example", exact=True)
            await expect(shown).to_contain_text(SERVER_TOKEN)
            if name != "SMTP":
                await expect(shown).to_contain_text(urlsplit(running.http).hostname or "")
        assert await barriers(page) == []
        message_id = await send(running, "Your order")
        await expect(page.get_by_role("heading", name="It arrived")).to_be_visible(timeout=5000)
        await expect(page).to_have_title("It arrived · Pillarbox")
        await expect(page.get_by_role("status").filter(has_text="It arrived")).to_have_count(1)
        await expect(rows(page, "Your order")).to_be_visible()
        await expect(page.locator(".rows .status")).to_have_text("Delivered", timeout=5000)
        assert (
            await page.locator(".letter-in").evaluate("e => getComputedStyle(e).animationName")
            == "none"
        )
        assert await barriers(page) == []
        assert page.url == running.http + "/"
        await send(running, "The second")
        await expect(rows(page, "The second")).to_be_visible(timeout=5000)
        await page.get_by_role("link", name="Open the message").click()
        await expect(page).to_have_url(f"{running.http}/m/{message_id}")
        await page.goto(running.http + "/")
        await expect(page.get_by_text("It arrived")).to_have_count(0)
        await page.goto("about:blank")  # a page that listens would complain when the server ends


async def test_a_search_is_kept_in_the_address_and_taken_apart_into_chips(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        for subject in ("Receipt 1", "Receipt 2"):
            await mailroom.post(running.app, subject=subject, tag="receipt")
        await seeds_activity.activity(running, Facts())
        page = await visit(running)
        await page.keyboard.press("/")
        await page.keyboard.type('tag:"weekly digest" is:opened metadata.campaign:spring')
        await expect(page.locator(".rows > li")).to_have_count(1)
        await expect(page.get_by_label("Filters").get_by_role("listitem")).to_have_count(4)
        query = parse_qs(urlsplit(page.url).query)
        assert query == {"q": ['tag:"weekly digest" is:opened metadata.campaign:spring']}
        await page.reload()
        for name in ("tag: weekly digest", "metadata.campaign: spring"):
            await page.get_by_role("link", name=f"Remove the filter {name}").click()
        await expect(page.get_by_label("Search messages", exact=True)).to_have_value("is:opened")
        await expect(page.locator(".rows > li")).to_have_count(1)
        await page.get_by_label("Search messages", exact=True).fill("form:ann")
        await expect(page.get_by_text("Did you mean “from:”?")).to_be_visible()
        await page.get_by_text("Search help").click()
        assert await barriers(page) == []
        await page.keyboard.press("Escape")
        await expect(page.locator("#search-help")).not_to_have_attribute("open", "")
        await page.get_by_text("Search help").click()
        await page.get_by_role("link", name="stream:broadcast").click()
        await expect(page.locator(".rows > li")).to_have_count(1)
        await page.get_by_role("link", name="Remove the filter").click()
        await expect(page.locator(".rows > li")).to_have_count(3)
        await page.goto("about:blank")


async def test_a_lost_connection_comes_back_and_catches_up(serve, browser) -> None:
    page = await browser.new_page()
    async with serve() as running:
        await send(running, "Before")
        await page.goto(running.http)
        await expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=5000)
        begun = time.monotonic()
        await send(running, "At once")
        await expect(rows(page, "At once")).to_be_visible(timeout=5000)
        assert (
            time.monotonic() - begun < 3
        )  # it takes a tenth of that on a machine that is not busy
    await expect(page.get_by_text("Reconnecting")).to_be_visible(timeout=5000)
    async with serve(http_listen=urlsplit(running.http).netloc) as again:
        await send(again, "While nobody listened")
        await expect(rows(page, "While nobody listened")).to_be_visible(timeout=15000)
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await send(again, "Live again")
        await expect(rows(page, "Live again")).to_be_visible(timeout=5000)
        await page.close()


async def test_the_palette_goes_everywhere(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        facts = Facts()
        await seeds_activity.activity(running, facts)
        order = await mailroom.post(running.app, subject="Your order")
        page = await visit(running, "/ui/servers")
        await press_ctrl_k(page)
        box = page.get_by_role("combobox", name="Go to")
        await expect(box).to_be_focused()
        assert await barriers(page) == []
        await box.fill("sett")
        await expect(page.get_by_role("option", selected=True)).to_contain_text("Server settings")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Server settings")).to_be_visible()
        await page.get_by_role("button", name="Go to").click()
        await page.keyboard.type("data rem")  # a screen that the menu does not list
        chosen = page.locator("#palette-list [aria-selected=true]")
        await expect(chosen).to_contain_text("Data removals")
        await box.fill(str(order.message_id))
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{running.http}/m/{order.message_id}")
        await press_ctrl_k(page)
        await page.keyboard.type("is:opened")
        await page.get_by_role("option", name="Search messages for").click()
        await expect(page.locator(".rows > li")).to_have_count(1)
        await press_ctrl_k(page)
        await page.keyboard.press("ArrowUp")
        last = page.get_by_role("option").last
        await expect(last).to_have_attribute("aria-selected", "true")
        await expect(box).to_have_attribute(
            "aria-activedescendant", str(await last.get_attribute("id"))
        )
        await page.keyboard.press("Escape")
        await expect(box).to_be_hidden()
        await page.goto("about:blank")


async def test_the_first_load_is_small(serve) -> None:
    """Everything that `/` needs, as it is sent to a browser that knows nothing yet."""
    async with serve() as running, httpx.AsyncClient(base_url=running.http) as client:
        total, todo, kinds = 0, ["/"], set[str]()
        for path in todo:
            async with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
                assert answer.status_code == 200
                sent = b"".join([part async for part in answer.aiter_raw()])
                is_zipped = answer.headers.get("Content-Encoding") == "gzip"
            total += len(sent)
            if path == "/":
                text = (gzip.decompress(sent) if is_zipped else sent).decode()
                todo += sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', text)))
            else:
                kinds.add(path.rpartition(".")[2])
        assert kinds >= {"css", "js", "svg"}
        assert total < 200_000, total


async def test_strange_addresses_do_no_harm(serve) -> None:
    async with serve() as running, httpx.AsyncClient(base_url=running.http) as client:
        for query in (
            "q=%00%22",
            "q=tag:%22",
            "q=metadata.:&first=1",
            "before=99999999999999999999&server=x",
            "q=after:9999w+before:0001-01-01",
            "server=999999&q=is:opened",
            "before=1&first=1",
            "q=" + "x" * 3000,
        ):
            answer = await client.get(f"/?{query}")
            assert answer.status_code == 200, query
