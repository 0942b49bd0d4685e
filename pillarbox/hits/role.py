"""The role `hits`: what answers, and what writes down meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from starlette.types import Receive, Scope, Send

from pillarbox.app import App
from pillarbox.hits.backlog import Backlog
from pillarbox.hits.blocked import Blocklist
from pillarbox.hits.main import HitsApp
from pillarbox.hits.page import UnsubscribePage
from pillarbox.hits.places import Places
from pillarbox.hits.record import Recording
from pillarbox.tracking.token import HITS, Tokens


class Hits:
    """One process's part in it."""

    def __init__(self, app: App, secret: bytes) -> None:
        """Raises StartError when the database of places cannot be used."""
        config = app.config
        recording = Recording(
            places=Places(config.geoip_db, shows_address=config.geo_ip_address),
            keeps=timedelta(days=config.retention_days),
            ignores_machines=config.ignore_machine_hits,
        )
        self._backlog = Backlog(app.db, recording, config.data_dir)
        tokens = Tokens(secret)
        blocked = config.blocked_links
        self._hits = HitsApp(
            tokens,
            app.clock,
            self._backlog.add,
            trusted=config.trusted_proxies,
            blocklist=Blocklist(app.db, blocked) if blocked else None,
        )
        self._page = UnsubscribePage(app.db, tokens)

    async def answers(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request below `tracking.token.PATHS` (ASGI)."""
        is_hit = scope["path"].startswith(HITS)
        await (self._hits if is_hit else self._page)(scope, receive, send)

    async def beside(self, serve: Callable[[], Awaitable[None]]) -> None:
        """Write hits down while requests are served, and until the last of them is answered."""
        answered = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._backlog.run(answered))
            await serve()
            answered.set()
