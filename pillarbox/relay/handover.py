"""The delivery role's end of the handover: whether it takes a message past the queue, and what has arrived.

Source: decision 0016.
"""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import Callable, Sequence

from pillarbox.app import App
from pillarbox.errors import Unavailable
from pillarbox.outbound.accept import DELIVERY
from pillarbox.outbound.handover import Handed
from pillarbox.outbound.model import domain_of
from pillarbox.relay.lanes import Lanes


class Handover:
    """Takes what accepting hands over, from when it is made until it is closed."""

    def __init__(self, app: App, lanes: Lanes, *, bytes_free: Callable[[], int]) -> None:
        self._app = app
        self._lanes = lanes
        self._bytes_free = bytes_free
        self._arrived: list[Handed] = []
        self._is_open = True
        self._news = asyncio.Event()
        app.wake.takers[DELIVERY] = self

    def lease(self, lanes: Sequence[str], size_bytes: int, promised: Counter[str], /) -> int | None:
        """A lease when every lane has room and nothing waiting, so that nobody is overtaken. Any thread."""
        if not self._is_open or self._bytes_free() < size_bytes * len(lanes):
            return None
        now, in_all = self._app.clock.now(), promised.total()
        for lane in lanes:
            own = promised[domain_of(lane)]
            if not self._lanes.has_room(lane, now, promised=own, promised_in_all=in_all):
                return None
        return secrets.randbits(62)

    def arrive(self, items: Sequence[Handed], /) -> None:
        """Committed: these are in hand from now on."""
        for item in items:
            for copy in item.copies:
                self._lanes.handed(copy.lane)
        self._arrived += items
        self._news.set()

    async def wait(self) -> None:
        """Return when something has arrived."""
        await self._news.wait()

    def take(self) -> list[Handed]:
        """What has arrived; forgets it."""
        self._news.clear()
        arrived, self._arrived = self._arrived, []
        return arrived

    async def close(self) -> None:
        """Promise nothing more, and wait for what was promised."""
        self._is_open = False
        with contextlib.suppress(Unavailable):
            await self._app.db.write(lambda _tx: None)  # stands behind all that was promised before
