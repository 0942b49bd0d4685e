"""The role `chores`: work that is done now and then, by one node at a time.

A chore is due at regular intervals, and at once when its topic wakes. When it is due stands in the database.
Whoever takes it holds a lease that is prolonged while the work lasts: a node that dies in the middle leaves a
chore that is soon due again, and so does a chore that fails. So a chore must bear being run twice, and should work
in small steps.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pillarbox.app import App
from pillarbox.errors import Unavailable
from pillarbox.storage import chores as store
from pillarbox.storage.tx import Tx

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
EXTEND_EVERY_S = 20.0
LOOK_EVERY_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something to do every so often. `name` is its key in the database."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[None]]
    topic: str | None = None
    """A topic that makes it due at once."""


class Chores:
    """Runs each chore when it is due."""

    def __init__(self, app: App, chores: Sequence[Chore]) -> None:
        self._app = app
        self._chores = chores

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is in hand then is broken off, and due again when its lease ends."""
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(self._repeat(chore)) for chore in self._chores]
            await stop.wait()
            for task in working:
                task.cancel()

    async def run_once(self, chore: Chore) -> bool:
        """Run a chore if it is due and in nobody's hand; whether it was run here."""
        db = self._app.db
        held = await db.write(lambda tx: store.claim(tx, chore.name, LEASE))
        if held is None:
            return False
        lease = _Lease(self._app, chore.name, held)
        keeping = asyncio.ensure_future(lease.keep())
        try:
            await chore.run()
        finally:
            keeping.cancel()
        await db.write(lambda tx: store.finish(tx, chore.name, lease.until, tx.now + chore.every))
        return True

    async def _repeat(self, chore: Chore) -> None:
        heard = self._app.wake.subscribe(chore.topic or f"chore {chore.name}")
        pause = min(LOOK_EVERY_S, chore.every.total_seconds())
        while True:
            try:
                if heard.is_set:
                    heard.take()
                    await self._app.db.write(lambda tx: store.call(tx, chore.name))
                if await self.run_once(chore):
                    log.debug("chore done", extra={"chore": chore.name})
            except Unavailable as outage:
                log.warning("chore put off", extra={"chore": chore.name, "reason": str(outage)})
            except Exception:
                log.exception("chore failed", extra={"chore": chore.name})
            await heard.wait(pause)


class _Lease:
    """A chore in hand, kept for as long as the work lasts."""

    def __init__(self, app: App, name: str, until: datetime) -> None:
        self._app = app
        self._name = name
        self.until = until

    async def keep(self) -> None:
        """Prolong the lease until cancelled."""
        while True:
            await asyncio.sleep(EXTEND_EVERY_S)
            try:
                await self._app.db.write(self._extend)
            except Unavailable as outage:
                log.warning("lease not kept", extra={"chore": self._name, "reason": str(outage)})

    def _extend(self, tx: Tx) -> None:
        until = store.extend(tx, self._name, self.until, LEASE)
        if until is None:
            log.warning("chore lost", extra={"chore": self._name})
        else:
            self.until = until
