"""Keeps the dispatcher's lanes told of which destinations are suspended."""

from collections.abc import Callable

from pillarbox.app import App
from pillarbox.errors import Unavailable
from pillarbox.outbound.store import suspensions
from pillarbox.relay.lanes import Lanes

LOOK_EVERY_S = 5.0
"""How soon is heard of what a command or another node changed, and of a suspension that is over."""


class Suspended:
    """Looks at the suspended destinations; `resumed` is called when lanes may have been set free."""

    def __init__(self, app: App, lanes: Lanes, *, resumed: Callable[[], None]) -> None:
        self._app = app
        self._lanes = lanes
        self._resumed = resumed
        self._news = app.wake.subscribe(suspensions.TOPIC)

    async def look(self) -> None:
        """Look now. While the database is away, what was known stays."""
        try:
            found = await self._app.db.read(suspensions.current)
        except Unavailable:
            return
        if self._lanes.suspend(found):
            self._resumed()

    async def keep(self) -> None:
        """Look whenever something changed, and every few seconds, until cancelled."""
        while True:
            await self._news.wait(LOOK_EVERY_S)
            self._news.take()
            await self.look()
