"""Templates in the pages: the editor with its preview, what it refuses, and test messages."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
from playwright.async_api import expect

from pillarbox.ids import ServerId
from pillarbox.servers import manage
from pillarbox.servers.model import NewServer, Settings
from pillarbox.templates import change, store
from pillarbox.templates.check import read
from pillarbox.templates.model import TemplateDraft
from pillarbox.users.model import Role
from pillarbox.users.store import audit
from pillarbox.web.editor import editing, preview
from tests.conftest import Running
from tests.e2e import mailroom
from tests.e2e.conftest import Watch
from tests.e2e.seeds import HOSTILE

WELCOME = TemplateDraft(
    name="Welcome", alias="welcome", subject="Hello {{ name }}", html="<h1>Hi {{ name }}</h1>"
)
FRAME = "#frame iframe:not(.coming)"


async def put(running: Running, draft: TemplateDraft = WELCOME, server_id: int = 0) -> int:
    server = await mailroom.first_server(running.app)
    wanted = ServerId(server_id or server.id)
    kept = await running.app.db.write(
        lambda tx: change.create(tx, wanted, draft, read(draft), limit=100)
    )
    return kept.id


async def where(running: Running) -> str:
    return f"/ui/servers/{(await mailroom.first_server(running.app)).id}/templates"


@asynccontextmanager
async def browsing(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    """A client without script that has the token of our forms."""
    async with httpx.AsyncClient(base_url=running.http) as client:
        await client.get("/ui/servers")
        yield client


def form(client: httpx.AsyncClient, **fields: str) -> dict[str, str]:
    return {"_form": client.cookies["form"], "kind": "Standard", **fields}


async def test_a_template_is_written_tried_out_saved_and_sent(serve, visit) -> None:
    async with serve() as running:
        page = await visit(running, await where(running))
        await page.get_by_role("link", name="Welcome").click()
        await expect(page.get_by_text("Welcome to Fern, Mara")).to_be_visible()
        frame = page.frame_locator(FRAME)
        await expect(frame.get_by_role("heading", name="Welcome, Mara!")).to_be_visible()
        await expect(frame.get_by_text("1 Garden Lane, Orchard")).to_be_visible()

        await page.locator("#f-subject").fill("Good day, {{ title }} {{ name }}")
        await expect(page.get_by_text("Good day, title_Value Mara")).to_be_visible()
        await page.get_by_role("button", name="Create the template").click()
        await expect(page.get_by_text("The template “Welcome” is ready.")).to_be_visible()

        # An error is told at its line, and leads there.
        code = page.locator("#f-html")
        await code.fill("<p>Dear {{ name }}</p>\n<p>{{ total-sum }}</p>")
        spot = page.get_by_role("link", name="HTML, line 2, character 4")
        await expect(spot).to_be_visible()
        await expect(page.locator(".html .gutter b")).to_have_text("2")
        await spot.click()
        assert await code.evaluate("field => field.selectionStart") == 26
        await code.fill("<p>Dear {{ name }}</p>")
        await expect(spot).to_be_hidden()
        await expect(frame.get_by_text("Dear Mara")).to_be_visible()

        # Tab indents; after Escape it leaves.
        await code.press("Tab")
        await expect(code).to_have_value(re.compile("  $"))
        await code.press("Escape")
        await code.press("Tab")
        await expect(code).not_to_be_focused()

        # The test model is told where it is wrong, and kept while the window is open.
        await page.get_by_text("Test model", exact=True).first.click()
        model = page.locator("#f-model")
        await model.fill('{"name": "Ann",\n}')
        await expect(page.get_by_role("link", name="Test model, line 2")).to_be_visible()
        await model.fill('{"name": "Ann"}')
        await expect(frame.get_by_text("Dear Ann")).to_be_visible()
        await expect(page.get_by_text("The test model has no")).to_be_visible()

        # Unsaved work is sent, guarded, and saved by the keyboard.
        await page.locator("#f-from").fill("shop@sender.example")
        await page.locator("#f-to").fill("ann@one.example")
        await page.get_by_role("button", name="Send the test").click()
        await expect(page.get_by_text("It is on its way.")).to_be_visible()
        await expect(page.get_by_text("Not saved")).to_be_visible()
        await model.press("Control+s")
        await expect(page.get_by_text("Saved.")).to_be_visible()
        await expect(page.locator("#f-html")).to_have_value("<p>Dear {{ name }}</p>  ")
        await expect(page.locator("#f-model")).to_have_value('{"name": "Ann"}')
        await expect(page.frame_locator(FRAME).get_by_text("Dear Ann")).to_be_visible()

        # A layout around a template of it.
        await page.goto(running.http + await where(running))
        await page.get_by_role("link", name="Basic layout").click()
        await expect(page.frame_locator(FRAME).get_by_text("A heading")).to_be_visible()
        await page.locator("select[name=inside]").select_option("Welcome")
        await expect(page.frame_locator(FRAME).get_by_text("Dear name_Value")).to_be_visible()
        deeds = await running.app.db.read(audit.newest)
    assert [deed.text for deed in deeds] == [
        "Changed the template “Welcome”",
        "Sent a test of the template “Welcome” to ann@one.example",
        "Created the template “Welcome”",
    ]


async def test_leaving_with_unsaved_work_asks_first(serve, visit) -> None:
    async with serve() as running:
        page = await visit(running, f"{await where(running)}/{await put(running)}")
        asked: list[str] = []

        async def answer(dialog) -> None:
            asked.append(dialog.type)
            await dialog.accept()

        page.on("dialog", answer)
        await page.locator("#f-subject").fill("Something else")
        await page.get_by_role("link", name="Back to the list").click()
        await expect(page.get_by_role("heading", name="Templates")).to_be_visible()
    assert asked == ["beforeunload"]


async def test_hostile_html_is_framed_without_power(serve, browser) -> None:
    """Not the fixture `visit`: what the frame's policy refuses is told on the console."""
    async with serve() as running:
        html = (
            f"<p>Hello</p>{HOSTILE}<img src='http://tracker.example/x.gif'>"
            "<script>top.location='http://evil.example'</script>"
            "<form action='http://evil.example'><button>Go</button></form>"
        )
        template = await put(running, TemplateDraft(name=HOSTILE, subject=HOSTILE, html=html))
        page = await browser.new_page()
        watch = Watch(running.http)
        watch.follow(page)
        path = f"{await where(running)}/{template}"
        await page.goto(running.http + path)
        await expect(page.frame_locator(FRAME).get_by_text("Hello")).to_be_visible()
        assert (await page.title() != "taken", page.url) == (True, running.http + path)
        await page.close()
    assert watch.strangers == []


async def test_all_of_it_works_without_script(serve) -> None:
    async with serve() as running, browsing(running) as client:
        here = await where(running)
        begun = form(client, name="Receipt", subject="For {{ who }}", html="<b>{{ who }}</b>")
        tried = await client.post(f"{here}/preview", data=begun | {"model": '{"who": "<Ann>"}'})
        assert tried.status_code == 200
        assert "For &lt;Ann&gt;" in tried.text
        framed = await client.post(f"{here}/preview/html", data=begun | {"model": '{"who": "<A>"}'})
        assert "<b>&lt;A&gt;</b>" in framed.text
        assert "sandbox" in framed.headers["Content-Security-Policy"]
        assert "script-src" not in framed.headers["Content-Security-Policy"]
        added = await client.post(f"{here}/preview", data=begun | {"model": "{}", "add": "1"})
        assert "&#34;who&#34;: &#34;who_Value&#34;" in added.text
        assert (await client.get(here)).text.count("Receipt") == 1, "a preview keeps nothing"
        made = await client.post(f"{here}/new", data=begun)
        assert made.status_code == 303
        sent = await client.post(
            f"{here}/send", data=begun | {"from": "a@sender.example", "to": "b@one.example"}
        )
        assert "It is on its way" in sent.text
        gone = await client.post(f"{made.headers['location']}/delete", data=form(client))
        assert gone.headers["location"] == here
        seen = await client.get(made.headers["location"])
        assert "readonly" in seen.text
        assert (await client.post(made.headers["location"], data=begun)).status_code == 404


async def test_refusals_have_the_words_of_the_api_and_lose_nothing(serve) -> None:
    async with serve() as running, browsing(running) as client:
        here = await where(running)
        template = await put(running)
        cases = [
            ({"name": ""}, "The &#39;Name&#39; field is required."),
            ({"alias": "1"}, "The &#39;Alias&#39; is invalid."),
            ({"alias": "welcome"}, "The &#39;Alias&#39; is already in use"),
            ({"html": ""}, "must be provided"),
            ({"html": "{{{ @content }}}"}, "The layout content placeholder must be present"),
            ({"html": "{{#a}}"}, "The &#39;HtmlBody&#39; content is not valid"),
            ({"layout": "none"}, "layout"),
        ]
        good = form(client, name="Mine", subject="Kept words", html="<b>x</b>")
        for wrong, words in cases:
            answer = await client.post(f"{here}/new", data=good | wrong)
            assert (answer.status_code, words in answer.text) == (422, True), wrong
            assert "Kept words" in answer.text
        layout = TemplateDraft(name="Frame", type="Layout", text="{{{ @content }}}")
        frame = await put(running, layout)
        await put(running, replace(WELCOME, alias="framed", layout="frame"))
        used = await client.post(f"{here}/{frame}/delete", data=form(client))
        assert "dependent templates using it" in used.text
        kept = good | {"alias": "", "template": str(template), "seen": "old"}
        stale = await client.post(f"{here}/{template}", data=kept)
        assert "Somebody else has changed this template" in stale.text
        seen = re.search(r'name="seen" value="(\w+)"', stale.text)
        assert seen is not None
        again = await client.post(f"{here}/{template}", data=kept | {"seen": seen[1]})
        assert "The &#39;Alias&#39; is invalid." in again.text, "an alias cannot be taken away"


async def test_an_edit_leaves_other_parts_to_the_letter(serve) -> None:
    """Browsers send one kind of line end; what was not touched is not rewritten."""
    async with serve() as running, browsing(running) as client:
        draft = TemplateDraft(name="A", subject=" s ", html="a\r\nb", text="c\nd")
        template = await put(running, draft)
        path = f"{await where(running)}/{template}"
        shown = (await client.get(path)).text
        seen = re.search(r'name="seen" value="(\w+)"', shown)
        assert seen is not None
        sent = form(client, name="B", subject="s", html="a\r\nb", text="c\r\nd\r\ne", seen=seen[1])
        assert (await client.post(path, data=sent)).status_code == 303
        server = await mailroom.first_server(running.app)
        kept = await running.app.db.read(lambda tx: store.get(tx, server.id, template))
    assert (kept.name, kept.subject, kept.html, kept.text) == ("B", " s ", "a\r\nb", "c\nd\ne")


async def test_foreign_templates_and_forms_are_not_there(serve) -> None:
    async with serve() as running, browsing(running) as client:
        here = await where(running)
        other = await running.app.db.write(
            lambda tx: manage.create(tx, NewServer(name="Other"), Settings(), limit=None)
        )
        foreign = await put(running, server_id=other.id)
        for path in (f"{here}/{foreign}", f"{here}/99999999999", f"{here}/new?copy={foreign}"):
            assert (await client.get(path)).status_code == 404
        for path in (f"{foreign}", f"{foreign}/delete", "preview", "preview/html", "send"):
            sent = form(client, template=str(foreign), name="x")
            assert (await client.post(f"{here}/{path}", data=sent)).status_code == 404
        mine = await put(running)
        assert "Nothing here has this text" in (await client.get(f"{here}?q=no+such")).text
        assert (await client.post(f"{here}/{mine}/delete", data={"x": ""})).status_code == 403


async def test_a_push_shows_what_it_would_change_and_then_does_it(serve, visit) -> None:
    async with serve() as running:
        here = await where(running)
        other = await running.app.db.write(
            lambda tx: manage.create(tx, NewServer(name="Production"), Settings(), limit=None)
        )
        await put(running)
        await put(running, replace(WELCOME, alias="second", name=HOSTILE))
        await put(running, replace(WELCOME, alias=None, name="Without alias"))
        await put(running, replace(WELCOME, html="<h1>Old</h1>"), server_id=other.id)
        page = await visit(running, here)
        await page.get_by_role("link", name="Push to a server").click()
        await page.get_by_role("button", name="See what would change").click()
        await expect(page.get_by_text("2 templates would change")).to_be_visible()
        await page.locator("summary", has_text="Edit").click()
        await expect(page.locator(".diff .old", has_text="<h1>Old</h1>")).to_be_visible()
        await expect(page.locator("[open] .diff .new")).to_have_text("New: <h1>Hi {{ name }}</h1>")
        await page.get_by_role("button", name="Push 2 templates to Production").click()
        await expect(page.get_by_text("2 templates pushed to the Server")).to_be_visible()
        await expect(page.get_by_text("Nothing would change")).to_be_visible()
        there = await running.app.db.read(lambda tx: store.list_active(tx, other.id))
        [deed] = await running.app.db.read(audit.newest)
    assert {one.alias for one in there} == {"welcome", "second"}
    assert deed.text == (
        "Pushed templates to the Server “Production”; created second; edited welcome"
    )


async def test_only_what_was_shown_is_pushed(serve) -> None:
    async with serve() as running, browsing(running) as client:
        here = await where(running)
        other = await running.app.db.write(
            lambda tx: manage.create(tx, NewServer(name="Production"), Settings(), limit=None)
        )
        nothing = await client.get(f"{here}/push?to={other.id}")
        assert "There are no templates with an alias" in nothing.text
        await put(running)
        shown = (await client.get(f"{here}/push?to={other.id}")).text
        seen = re.search(r'name="seen" value="(\w+)"', shown)
        assert seen is not None
        await put(running, server_id=other.id)
        sent = form(client, to=str(other.id), seen=seen[1])
        late = await client.post(f"{here}/push", data=sent)
        assert (late.status_code, "nothing was pushed" in late.text) == (422, True)
        own = here.split("/")[3]
        for to in (own, "99", "", "x"):
            assert (await client.post(f"{here}/push", data=sent | {"to": to})).status_code == 404
        assert (await client.get(f"{here}/push?to=99")).status_code == 404


def test_only_looking_is_for_everybody() -> None:
    pages = (*editing.area.pages, *preview.area.pages)
    open_to_all = {p.path.rpartition("templates/")[2] for p in pages if p.needs is Role.SUPPORT}
    assert open_to_all == {"{template:int}", "preview", "preview/html"}
