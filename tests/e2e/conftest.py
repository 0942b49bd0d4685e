"""A real browser: the distribution's Chromium, which may reach nothing but the server under test."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

CHROMIUM = shutil.which("chromium")


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
        # A request that a newer one replaced is told as an error, too; it is none.
        if said.type == "error" and not said.text.startswith("htmx:sendAbort"):
            self.complaints.append(said.text)

    def _look(self, request: Request) -> None:
        # What the page's own policy refused never left the browser.
        if not request.url.startswith((self.own, "data:", "about:")) and request.failure != "csp":
            self.strangers.append(f"{request.url} {request.failure}")


@pytest.fixture
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
