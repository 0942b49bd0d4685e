"""Every screen with everything on it: no complaint, no request to others, no barrier, no script of strangers."""

from collections.abc import Collection

import pytest
from playwright.async_api import Page, ViewportSize

from tests.conftest import Running
from tests.e2e.conftest import barriers
from tests.e2e.screens import SCREENS, seed, show

SLOWLY = {"delivery": "direct", "dns_servers": "127.0.0.1:1", "sender_policy": "open"}
WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
TYPICAL = ("activity", "message", "template", "domain", "statistics", "webhook", "queue")
"""Screens with most of the parts that others are made of."""
_UNTITLED = (
    "!document.querySelector('.head > .filter') && document.querySelector('h1').offsetHeight < 16"
)
"""On a phone, a list that is searched leaves its heading to those who listen."""
_OVERFLOWS = "document.documentElement.scrollWidth > innerWidth"


@pytest.mark.timeout(600)
async def test_every_screen_is_clean_and_fits(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        found = await looked_over(running, await visit(running, viewport=WIDE), TYPICAL)
    assert found == {}


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_no_screen_has_a_barrier(serve, visit) -> None:
    """The same with axe-core on all of them, which takes a second for each."""
    async with serve(**SLOWLY) as running:
        every = [screen.name for screen in SCREENS]
        found = await looked_over(running, await visit(running, viewport=WIDE), every)
    assert found == {}


async def looked_over(
    running: Running, page: Page, closely: Collection[str]
) -> dict[str, list[str]]:
    """What is wrong with each screen; `closely` names those that axe-core examines."""
    await page.goto("about:blank")  # a live page would ask again, without a session
    facts = await seed(running, with_users=True)
    found: dict[str, list[str]] = {}
    for screen in SCREENS:
        answer = await show(page, running.http, screen, facts)
        problems = [] if answer.status == 200 else [f"status {answer.status}"]
        if screen.name in closely:
            problems += await barriers(page)
        if await page.title() == "taken":
            problems.append("a script of a stranger ran")
        for size in (WIDE, PHONE):
            await page.set_viewport_size(size)
            if await page.evaluate(_OVERFLOWS):
                problems.append(f"it is wider than {size['width']} pixels")
        if await page.evaluate(_UNTITLED):
            problems.append("its heading is not seen on a phone")
        await page.set_viewport_size(WIDE)
        if problems:
            found[screen.name] = problems
    return found
