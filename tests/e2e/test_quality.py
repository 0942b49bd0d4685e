"""Statistics, bounces, suppressions, data removals: what the pages show, change, refuse, and keep apart."""

import csv
import io
import re
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from playwright.async_api import expect

from pillarbox.servers import manage
from pillarbox.servers.model import NewServer, Settings
from pillarbox.users.store import audit
from tests.conftest import Running
from tests.e2e import mailroom
from tests.e2e.screens import Facts
from tests.e2e.seeds_quality import quality

STILL = {"delivery": "direct", "dns_servers": "127.0.0.1:1", "sender_policy": "open"}


async def seeded(running: Running) -> Facts:
    facts = Facts()
    facts.ids["server"] = str((await mailroom.first_server(running.app)).id)
    await quality(running, facts)
    return facts


async def other_server(running: Running) -> int:
    new = NewServer(name="Other")
    made = await running.app.db.write(lambda tx: manage.create(tx, new, Settings(), limit=None))
    return made.id


class Browser:
    """What a browser without script does: keep the cookies, send the token of the form."""

    def __init__(self, running: Running) -> None:
        self.http = httpx.AsyncClient(base_url=running.http, timeout=60)

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path)

    async def post(self, path: str, **fields: object) -> httpx.Response:
        await self.http.get("/ui/servers")
        token = self.http.cookies["form"]
        return await self.http.post(path, data={"_form": token, **fields})


@pytest.fixture
async def scriptless() -> AsyncIterator[Callable[[Running], Browser]]:
    """`browser = scriptless(running)`."""
    opened: list[Browser] = []

    def open_one(running: Running) -> Browser:
        opened.append(Browser(running))
        return opened[-1]

    yield open_one
    for one in opened:
        await one.http.aclose()


async def deeds(running: Running) -> list[str]:
    return [deed.text for deed in await running.app.db.read(audit.newest)]


async def test_a_bounce_is_found_understood_and_reactivated(serve, visit) -> None:
    async with serve(**STILL) as running:
        facts = await seeded(running)
        page = await visit(running, "/ui/servers/{server}/bounces".format(**facts.ids))
        await page.get_by_role("link", name="Hard bounce 3").click()
        await page.get_by_label("Recipient").fill("gone@")
        await page.get_by_role("button", name="Filter").click()
        await expect(page.get_by_text("1–3 of 3")).to_be_visible()
        await page.get_by_role("link", name="gone@one.example").first.click()
        await expect(
            page.get_by_text("The enhanced status code 5.1.1 of the answer.")
        ).to_be_visible()
        await expect(page.get_by_role("region", name="Source of the report")).to_contain_text(
            "MAILER-DAEMON"
        )
        await page.get_by_role("button", name="Reactivate").click()
        await expect(page.get_by_text("Mail to gone@one.example is sent again.")).to_be_visible()
        await expect(page.get_by_role("button", name="Reactivate")).to_have_count(0)


async def test_statistics_are_drawn_and_lead_to_what_is_behind_them(serve, visit) -> None:
    async with serve(**STILL) as running:
        facts = await seeded(running)
        page = await visit(running, "/ui/servers/{server}/statistics".format(**facts.ids))
        await expect(page.locator(".plot canvas")).to_have_count(4)
        await expect(page.get_by_role("link", name="19,930 Sent")).to_be_visible()
        await page.get_by_role("link", name="7 days").click()
        await expect(page.locator("#days tbody tr")).to_have_count(7)
        await page.get_by_text("Numbers by day").click()
        sent = page.get_by_role("row").nth(1).get_by_role("link").first
        assert "after%3A" in (await sent.get_attribute("href") or "")
        await page.get_by_role("link", name="Soft bounce").click()
        await expect(page.get_by_text("1–1 of 1")).to_be_visible()
        await expect(page.get_by_role("link", name="full@one.example")).to_be_visible()


async def test_a_period_that_makes_no_sense_is_told(serve, scriptless) -> None:
    async with serve(**STILL) as running:
        facts, browser = await seeded(running), scriptless(running)
        url = f"/ui/servers/{facts.ids['server']}/statistics"
        for wrong in (
            "fromdate=yesterday",
            "fromdate=2026-02-02&todate=2026-02-01",
            "messagestream=unknown",
            "fromdate=2020-01-01&todate=2026-01-01",
        ):
            answer = await browser.get(f"{url}?{wrong}")
            assert (answer.status_code, 'role="alert"' in answer.text) == (422, True), wrong
            assert answer.text.count("data-day=") in (30, 366)
        for fine in ("days=90", "days=12", "todate=0001-01-01", "fromdate=9999-12-31", "tag=x"):
            assert (await browser.get(f"{url}?{fine}")).status_code == 200, fine
        day = (await browser.get(f"{url}?fromdate=2026-03-08&todate=2026-03-08")).text
        assert day.count("data-day=") == 1


async def test_suppressions_are_imported_chosen_and_reactivated(serve, visit) -> None:
    async with serve(**STILL) as running:
        facts = await seeded(running)
        page = await visit(running, "/ui/servers/{server}/suppressions".format(**facts.ids))
        await page.get_by_role("link", name="Add or import").click()
        listed = (
            b"email;name\nnew@one.example;New\nmanual@one.example;\nangry@one.example;\nnobody;\n"
        )
        file = {"name": "list.csv", "mimeType": "text/csv", "buffer": listed}
        await page.get_by_label("Or a CSV file").set_input_files(file)
        await expect(page.get_by_label("Addresses")).to_have_value(re.compile("new@one"))
        await page.get_by_role("button", name="Suppress them").click()
        for line in ("new@one.example Added", "manual@one.example Already there", "nobody Invalid"):
            await expect(page.get_by_role("row", name=line)).to_be_visible()
        await expect(page.get_by_role("row", name="angry@one.example Refused")).to_contain_text(
            "authority"
        )
        await page.get_by_role("link", name="To the suppressions").click()
        await page.get_by_label("Choose new@one.example").check()
        await page.get_by_role("button", name="Reactivate the chosen").click()
        await expect(page.get_by_role("row", name="new@one.example Reactivated")).to_be_visible()


async def test_the_lists_filter_page_and_refuse_like_the_api(serve, scriptless) -> None:
    async with serve(**STILL) as running:
        facts, browser = await seeded(running), scriptless(running)
        base = f"/ui/servers/{facts.ids['server']}"
        found = (await browser.get(f"{base}/bounces?type=spamcomplaint&inactive=true")).text
        assert found.count("angry@one.example</bdi></a>") == 3
        assert "gone@one.example" not in found
        for wrong in (
            "type=Nonsense",
            "fromdate=yesterday",
            "messagestream=unknown",
            "inactive=maybe",
        ):
            answer = await browser.get(f"{base}/bounces?{wrong}")
            assert (answer.status_code, 'role="alert"' in answer.text) == (422, True), wrong
        for wrong in ("suppressionreason=x", "origin=x", "fromdate=x"):
            assert (await browser.get(f"{base}/suppressions?{wrong}")).status_code == 422
        assert (await browser.get(f"{base}/suppressions?messagestream=inbound")).status_code == 404
        left = (await browser.get(f"{base}/suppressions?email=LEFT@&origin=Recipient")).text
        assert "1 suppression<" in left
        odd = await browser.get(f"{base}/suppressions?before=2026-99&after=x")
        assert "6 suppressions" in odd.text


async def test_many_suppressions_have_pages_and_are_exported_whole(serve, scriptless) -> None:
    async with serve(**STILL) as running:
        facts, browser = await seeded(running), scriptless(running)
        base = f"/ui/servers/{facts.ids['server']}/suppressions"
        many = "\n".join(f"person{number}@one.example" for number in range(1200))
        report = await browser.post(
            f"{base}/add?messagestream=outbound", addresses=many, what="add"
        )
        assert "<b>1,200</b><span>Added" in report.text
        assert "200 more lines not shown" in report.text
        seen: set[str] = set()
        url = f"{base}?email=person"
        for _ in range(24):
            page = (await browser.get(url)).text
            seen.update(re.findall(r"person\d+@one\.example(?=</bdi>)", page))
            following = re.search(r'rel="next" href="([^"]+)"', page)
            if following is None:
                break
            url = following.group(1).replace("&amp;", "&")
        assert len(seen) == 1200
        export = await browser.get(f"{base}/export?messagestream=outbound")
        assert "attachment" in export.headers["Content-Disposition"]
        rows = list(csv.DictReader(io.StringIO(export.text)))
        assert len(rows) == 1206
        assert {row["SuppressionReason"] for row in rows} == {
            "HardBounce",
            "SpamComplaint",
            "ManualSuppression",
        }
        assert "person1@" not in " ".join(await deeds(running))


async def test_what_belongs_to_another_server_is_not_here(serve, scriptless) -> None:
    async with serve(**STILL) as running:
        facts, browser = await seeded(running), scriptless(running)
        other, bounce = await other_server(running), facts.ids["bounce"]
        for path in (f"bounces/{bounce}", f"bounces/{bounce}/source", "bounces/0", "bounces/x"):
            assert (await browser.get(f"/ui/servers/{other}/{path}")).status_code == 404
        answer = await browser.post(f"/ui/servers/{other}/bounces/{bounce}/activate")
        assert answer.status_code == 404
        assert "gone@one.example" not in (await browser.get(f"/ui/servers/{other}/bounces")).text
        assert (
            "left@one" not in (await browser.get(f"/ui/servers/{other}/suppressions/export")).text
        )


async def test_what_may_not_be_lifted_stays_and_says_so(serve, scriptless) -> None:
    async with serve(**STILL) as running:
        facts, browser = await seeded(running), scriptless(running)
        base = f"/ui/servers/{facts.ids['server']}"
        found = (await browser.get(f"{base}/bounces?type=SpamComplaint")).text
        complaint = re.findall(rf'{base}/bounces/(\d+)"', found)[0]
        assert "Reactivate<" not in (await browser.get(f"{base}/bounces/{complaint}")).text
        answer = await browser.post(f"{base}/bounces/{complaint}/activate")
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)
        fields = {"address": ["left@one.example", "manual@one.example", "who@one.example"]}
        report = (
            await browser.post(f"{base}/suppressions/delete?messagestream=outbound", **fields)
        ).text
        for outcome in ("Refused", "Reactivated", "Was not suppressed"):
            assert f"<b>1</b><span>{outcome}" in report
        assert (await browser.post(f"{base}/suppressions/delete")).status_code == 422
        assert (await browser.post(f"{base}/suppressions/add", addresses=" \n")).status_code == 422
        without_token = await browser.http.post(
            f"{base}/suppressions/add", data={"addresses": "a@b.example"}
        )
        assert without_token.status_code == 403


async def test_the_unsubscribe_page_is_shown_without_effect(serve, visit, scriptless) -> None:
    async with serve(**STILL) as running:
        facts = await seeded(running)
        url = f"/ui/servers/{facts.ids['server']}/unsubscribe-page"
        page = await visit(running, url)
        await page.get_by_role("link", name="Français").click()
        await expect(page.get_by_text("no unsubscribe link")).to_be_visible()
        frame = page.frame_locator("iframe")
        await expect(
            frame.get_by_text("Ne plus envoyer ces messages à a•••@example.com ?")
        ).to_be_visible()
        browser = scriptless(running)
        for odd in (
            "language=xx&state=nothing",
            "state=later&language=nl",
            "messagestream=broadcast",
        ):
            assert (await browser.get(f"{url}?{odd}")).status_code == 200
            assert (await browser.get(f"{url}/shown?{odd}")).status_code == 200
        assert (await browser.get(f"{url}?messagestream=inbound")).status_code == 404
        assert (
            "form-action 'none'"
            in (await browser.get(f"{url}/shown")).headers["Content-Security-Policy"]
        )


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (
            {"requested_for": "gone@one.example", "requested_by": "me@shop.example", "sure": "1"},
            303,
        ),
        ({"requested_for": "gone@one.example", "requested_by": "me@shop.example"}, 422),
        ({"requested_for": "nobody", "requested_by": "me@shop.example", "sure": "1"}, 422),
    ],
)
async def test_a_removal_is_requested_only_by_who_means_it(
    serve, scriptless, fields, status
) -> None:
    async with serve(**STILL) as running:
        browser = scriptless(running)
        assert (await browser.post("/ui/removals", **fields)).status_code == status
        if status == 303:
            assert "Requested a data removal" in await deeds(running)
            assert "me@shop.example" in (await browser.get("/ui/removals")).text
