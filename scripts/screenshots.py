"""Draw every screen in light, dark and at phone width into build/screenshots; names may be given to draw a few."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from pillarbox import config, roles
from tests.conftest import ACCOUNT_TOKEN, SERVER_TOKEN, Running
from tests.e2e.conftest import CHROMIUM
from tests.e2e.screens import SCREENS, Facts, Screen, seed, show

WHERE = Path(__file__).parent.parent / "build" / "screenshots"
LOOKS = {
    "light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}


async def draw(browser: Browser, url: str, screens: list[Screen], facts: Facts) -> None:
    """One picture of each screen in each look."""
    for look, options in LOOKS.items():
        page = await browser.new_page(**options)  # type: ignore[arg-type]
        for screen in screens:
            await show(page, url, screen, facts)
            await page.wait_for_timeout(300)  # charts and frames are drawn after loading
            await page.screenshot(path=WHERE / f"{screen.name}-{look}.png", full_page=True)
        await page.close()


async def main() -> None:
    """Start a server with everything on its screens, and draw them."""
    WHERE.mkdir(parents=True, exist_ok=True)
    wanted = [one for one in SCREENS if not sys.argv[1:] or one.name in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as directory:
        flags = {
            "data_dir": directory,
            "http_listen": "127.0.0.1:0",
            "submission_listen": "127.0.0.1:0",
            "inbound_listen": "127.0.0.1:0",
            "hostname": "mail.example.com",
            "delivery": "direct",
            "dns_servers": "127.0.0.1:1",
            "sender_policy": "open",
            "server_token": SERVER_TOKEN,
            "account_token": ACCOUNT_TOKEN,
            "workers": "1",
        }
        stop = asyncio.Event()
        ready: asyncio.Future[roles.Started] = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as tasks:
            made = config.load(flags, environment={})
            running = roles.run(made, roles.check_roles(()), stop=stop, started=ready.set_result)
            tasks.create_task(running)
            started = await ready
            url = f"http://127.0.0.1:{started.http_port}"
            try:
                facts = await seed(Running(started.app, url, 0, 0), with_users=True)
                async with async_playwright() as playwright:
                    options = ["--no-sandbox"] if os.geteuid() == 0 else []
                    browser = await playwright.chromium.launch(
                        executable_path=CHROMIUM, args=options
                    )
                    await draw(browser, url, wanted, facts)
            finally:
                stop.set()


asyncio.run(main())
