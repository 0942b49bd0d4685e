"""Hits that wait to be written down: in memory, and in files until they are.

A hit is answered before it is recorded, so that the database may be slow or away. What waits is bounded: beyond
that, hits are counted and let go.

    add -> a batch (hits/spool) -> record (one transaction) -> its file goes; database away: it waits
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from pillarbox.errors import Unavailable
from pillarbox.hits.model import RawHit
from pillarbox.hits.spool import Batch, Spool
from pillarbox.storage.db import Database
from pillarbox.storage.tx import Tx

log = logging.getLogger(__name__)

MOST_WAITING = 200_000
BATCH = 500
GATHER_S = 0.05
PAUSE_AFTER_OUTAGE_S = 1.0
LAST_TRIES_S = 5.0

Record = Callable[[Tx, Sequence[RawHit]], None]


class Backlog:
    """The hits of one process."""

    def __init__(self, db: Database, record: Record, directory: Path) -> None:
        self._db = db
        self._record = record
        self._spool = Spool(directory)
        self._full: deque[Batch] = deque()
        self._filling = self._spool.open()
        self._waiting = 0
        self._arrived = asyncio.Event()
        self._lost = 0

    def add(self, hit: RawHit) -> None:
        """Take a hit; at once, and never refused. It outlives this process from now on."""
        if self._waiting >= MOST_WAITING:
            self._lost += 1
            return
        self._waiting += 1
        self._spool.add(self._filling, hit)
        if len(self._filling.hits) >= BATCH:
            self._turn_over()
        self._arrived.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Write hits down until told to stop; then what is left, to the database or to the files it is in."""
        left = await asyncio.to_thread(self._spool.left)
        self._full.extendleft(reversed(left))
        self._waiting += sum(len(batch.hits) for batch in left)
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._write())
            await stop.wait()
            writing.cancel()
        await self._finish()

    async def _write(self) -> None:
        while True:
            if not self._full and not self._filling.hits:
                self._arrived.clear()
                await self._arrived.wait()
            await asyncio.sleep(GATHER_S)  # many hits share one transaction
            if not await self._write_batch():
                await asyncio.sleep(PAUSE_AFTER_OUTAGE_S)

    async def _write_batch(self) -> bool:
        """Write the oldest hits down; False when the database is away, and then they go on waiting."""
        if not self._full:
            self._turn_over()
        batch = self._full[0]
        try:
            await self._db.write(lambda tx: self._record(tx, batch.hits))
        except Unavailable:
            log.warning("hits wait", extra={"waiting": self._waiting})
            return False
        except Exception:
            log.exception("hits not recorded", extra={"hits": len(batch.hits)})
        self._spool.remove(self._full.popleft())
        self._waiting -= len(batch.hits)
        if self._lost:
            log.error("hits lost, too many waited", extra={"hits": self._lost})
            self._lost = 0
        return True

    def _turn_over(self) -> None:
        """Let the batch that was filling wait for its turn, and begin a new one."""
        self._spool.close(self._filling)
        self._full.append(self._filling)
        self._filling = self._spool.open()

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(LAST_TRIES_S):
                while self._waiting and await self._write_batch():
                    pass
        except TimeoutError:
            pass
        if self._waiting:
            log.warning("hits left for the next start", extra={"hits": self._waiting})
        self._spool.close(self._filling)
