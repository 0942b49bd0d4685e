"""The pages in a real browser: mail arrives by itself, a message tells its story, hostile mail stays mail."""

from collections.abc import Mapping

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.conftest import SERVER_TOKEN, Running
from tests.e2e import mailroom
from tests.e2e.conftest import Watch

MAIL = {"From": "Shop <shop@sender.example>", "To": "ann@one.example", "Subject": "Your order"}
TEXT = MAIL | {"TextBody": "On its way."}


@pytest.fixture(params=["sqlite"])
def database_url(request):
    """The pages call the functions of the API, which are tested on both databases: one is enough here."""
    return


async def send(running: Running, mail: Mapping[str, object]) -> str:
    headers = {"X-Postmark-Server-Token": SERVER_TOKEN}
    async with httpx.AsyncClient(base_url=running.http, headers=headers) as client:
        answer = (await client.post("/email", json=mail)).json()
    assert answer["ErrorCode"] == 0, answer
    return str(answer["MessageID"])


async def opened(browser: Browser, running: Running, path: str = "/") -> tuple[Page, Watch]:
    page = await browser.new_page()
    watch = Watch(running.http)
    watch.follow(page)
    await page.goto(running.http + path)
    return page, watch


async def test_the_list_is_live_can_be_filtered_and_walked_by_keyboard(serve, browser) -> None:
    async with serve() as running:
        for number in range(3):
            await send(running, TEXT | {"Subject": f"Order {number}"})
        page, watch = await opened(browser, running)
        await expect(page.get_by_text("Order 2")).to_be_visible()
        await send(running, TEXT | {"Subject": "Quite another thing"})
        await expect(page.get_by_text("Quite another thing")).to_be_visible(timeout=5000)
        await page.keyboard.press("/")
        await page.keyboard.type("order 1")
        await expect(page.get_by_text("Quite another thing")).to_be_hidden()
        await expect(page.get_by_text("Order 1")).to_be_visible()
        await page.keyboard.press("Escape")  # clears the filter
        await expect(page.get_by_text("Quite another thing")).to_be_visible()
        await page.keyboard.press("Escape")  # leaves it
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Order 2")).to_be_visible()
        await page.close()
    assert (watch.complaints, watch.strangers) == ([], [])


async def test_a_message_tells_its_story(serve, browser) -> None:
    async with serve(delivery="direct", dns_servers="127.0.0.1:1", sender_policy="open") as running:
        message = await mailroom.post(running.app, subject="Greylisted")
        await mailroom.settle(running.app, message, "deferred", reply="450 4.2.0 Greylisted, later")
        page, watch = await opened(browser, running, f"/m/{message.message_id}")
        await expect(page.get_by_text("450 4.2.0 Greylisted, later").first).to_be_visible()
        await page.get_by_text("SMTP transcript").first.click()
        await expect(page.get_by_text("RCPT TO:<ann@one.example>")).to_be_visible()
        await page.close()
    assert (watch.complaints, watch.strangers) == ([], [])


HOSTILE = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"


async def test_hostile_mail_runs_no_script_and_asks_nobody(serve, browser) -> None:
    """CVE-2022-50908, CVE-2026-0540: stored XSS through mail."""
    async with serve() as running:
        message_id = await send(
            running,
            {
                "From": f'"{HOSTILE.replace(chr(34), chr(39))}" <shop@sender.example>',
                "To": "ann@one.example",
                "Subject": HOSTILE,
                "Tag": HOSTILE,
                "HtmlBody": (
                    f"<p>Hello</p>{HOSTILE}<img src='http://tracker.example/pixel.gif'>"
                    "<link rel=stylesheet href='http://tracker.example/style.css'>"
                    "<form action='http://evil.example'><button>Go</button></form>"
                    "<iframe src='http://evil.example'></iframe>"
                    "<script>parent.document.title='taken'; top.location='http://evil.example'</script>"
                ),
                "Attachments": [{"Name": "<img src=x onerror=alert(1)>.txt", "Content": "aGk="}],
            },
        )
        for path in ("/", f"/m/{message_id}", f"/m/{message_id}/html"):
            page, watch = await opened(browser, running, path)
            await page.wait_for_load_state("load")
            assert await page.title() != "taken"
            assert page.url == running.http + path
            assert watch.strangers == []
            await page.close()


async def test_an_unknown_message_is_a_clear_page(serve, browser) -> None:
    async with serve() as running:
        page, _ = await opened(browser, running, "/m/0199c0de-0000-7001-8000-000000000000")
        await expect(page.get_by_text("This message is not here")).to_be_visible()
        await page.close()


async def test_what_was_done_is_said_by_a_whole_page_and_not_by_a_piece_of_one(serve) -> None:
    async with serve() as running, httpx.AsyncClient(base_url=running.http) as client:
        said = {"Cookie": "said=It%20is%20done."}
        asked = said | {"HX-Request": "true", "HX-Target": "messages"}
        piece = await client.get("/", headers=asked)
        assert "said=" not in ", ".join(piece.headers.get_list("set-cookie"))
        page = await client.get("/", headers=said)
        assert "It is done." in page.text
        assert 'said=""' in ", ".join(page.headers.get_list("set-cookie"))


async def test_foreign_names_and_sites_are_refused(serve) -> None:
    """DNS rebinding, and cross-site reading of the live stream (CVE-2026-22689)."""
    async with serve() as running, httpx.AsyncClient(base_url=running.http) as client:
        rebound = await client.get("/", headers={"Host": "evil.example"})
        assert rebound.status_code == 403
        across = await client.get("/events", headers={"Origin": "http://evil.example"})
        assert across.status_code == 403
