"""Every screen with everything on it: no complaint, no request to others, no barrier, no script of strangers."""

import pytest

from tests.e2e.conftest import barriers
from tests.e2e.screens import SCREENS, seed, show

SLOWLY = {"delivery": "direct", "dns_servers": "127.0.0.1:1", "sender_policy": "open"}
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
_OVERFLOWS = "document.documentElement.scrollWidth > innerWidth"


@pytest.mark.timeout(600)
async def test_every_screen_is_clean_and_fits(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        facts = await seed(running, with_users=True)
        page = await visit(running, viewport=WIDE)
        found: dict[str, list[str]] = {}
        for screen in SCREENS:
            answer = await show(page, running.http, screen, facts)
            problems = [] if answer.status == 200 else [f"status {answer.status}"]
            problems += await barriers(page)
            if await page.title() == "taken":
                problems.append("a script of a stranger ran")
            for size in (WIDE, PHONE):
                await page.set_viewport_size(size)
                if await page.evaluate(_OVERFLOWS):
                    problems.append(f"it is wider than {size['width']} pixels")
            await page.set_viewport_size(WIDE)
            if problems:
                found[screen.name] = problems
    assert found == {}
