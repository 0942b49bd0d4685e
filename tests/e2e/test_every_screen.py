"""Every screen with everything on it: no complaint, no request to others, no barrier, no script of strangers."""

import pytest

from tests.e2e.conftest import barriers
from tests.e2e.screens import SCREENS, seed, show

SLOWLY = {"delivery": "direct", "dns_servers": "127.0.0.1:1", "sender_policy": "open"}


@pytest.mark.timeout(600)
async def test_every_screen_is_clean(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        facts = await seed(running, with_users=True)
        page = await visit(running)
        found: dict[str, list[str]] = {}
        for screen in SCREENS:
            answer = await show(page, running.http, screen, facts)
            problems = [] if answer.status == 200 else [f"status {answer.status}"]
            problems += await barriers(page)
            if await page.title() == "taken":
                problems.append("a script of a stranger ran")
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                problems.append("it is wider than the window")
            if problems:
                found[screen.name] = problems
    assert found == {}


@pytest.mark.timeout(600)
async def test_every_screen_fits_a_phone(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        facts = await seed(running, with_users=True)
        page = await visit(running, viewport={"width": 390, "height": 844})
        wide = []
        for screen in SCREENS:
            await show(page, running.http, screen, facts)
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(screen.name)
    assert wide == []
