"""A real browser: the distribution's Chromium, which may reach nothing but the server under test."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from tests.conftest import Running

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium")
GONE = ("net::ERR_CONNECTION", "net::ERR_EMPTY_RESPONSE", "net::ERR_INCOMPLETE", "htmx:sendError")
REPLACED = ("htmx:sendAbort", "htmx:afterRequest")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass
class Watch:
    """What a page did that it should not: complaints on its console, and requests to other hosts."""

    own: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfinished", self._look)
        page.on("requestfailed", self._look)

    def _listen(self, said: ConsoleMessage) -> None:
        # A request that a newer one replaced is told as an error, too; it is none. Nor is what the frame of a
        # mail refuses to that mail, and that a server is gone because the test is over while a page is still open.
        path = urlsplit(said.location["url"]).path
        is_none = path == "/events" or path.endswith("/html") or said.text.startswith(REPLACED)
        is_over = any(sign in said.text for sign in GONE)
        if said.type == "error" and not is_none and not is_over:
            self.complaints.append(said.text)

    def _look(self, request: Request) -> None:
        # What the page's own policy refused never left the browser.
        if not request.url.startswith((self.own, "data:", "about:")) and request.failure != "csp":
            self.strangers.append(f"{request.url} {request.failure}")


@pytest.fixture
def database_url() -> None:
    """The pages call the functions of the API, which are tested on both databases: one is enough here."""
    return


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let all tests of a process share a browser, and therefore its event loop: starting one takes seconds."""
    if HERE in item.path.parents and "browser" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing")
        pytest.skip("Chromium is not installed")
    async with async_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        await browser.close()


Visit = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """`page = await visit(running, "/ui/…")`; in the end, no page may have complained or asked other hosts."""
    opened: list[tuple[Page, Watch]] = []

    async def open_page(running: Running, path: str = "/", **options: Any) -> Page:
        page = await browser.new_page(**options)
        watch = Watch(running.http)
        watch.follow(page)
        opened.append((page, watch))
        await page.goto(running.http + path)
        return page

    yield open_page
    for page, watch in opened:
        await page.close()
        assert (watch.complaints, watch.strangers) == ([], [])


async def barriers(page: Page) -> list[str]:
    """What axe-core finds wrong with a page for people who use it otherwise; frames of mail are not ours."""
    found = await Axe().run(
        page, context={"exclude": ["iframe"]}, options={"runOnly": TAGS, "iframes": False}
    )
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]
