"""Hits that wait to be written down: in memory, and in files until they are.

A hit is answered once it is in a file, not yet recorded, so that the database may be slow or away. What waits is
bounded: beyond that, hits are counted and let go.

    add -> a batch -> its file (hits/spool) -> answered
    a batch -> record (one transaction) -> its file goes; database away: it waits
"""

import asyncio
import logging
import sys
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
"""How long hits gather before they are recorded."""
TURN_S, _USUAL_TURN_S = 0.0002, sys.getswitchinterval()
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
        self._recorded: list[Batch] = []
        self._lost = 0
        self._is_stopping = False

    def add(self, hit: RawHit) -> None:
        """Take a hit; at once, and never refused. It outlives this process."""
        if self._waiting >= MOST_WAITING:
            self._lost += 1
            return
        self._waiting += 1
        self._spool.append(self._filling, hit)
        if len(self._filling.hits) >= BATCH:
            self._turn_over()
        self._arrived.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Write hits down until told to stop; then what is left, to the database or to the files it is in."""
        left = await asyncio.to_thread(self._spool.left)
        self._full.extendleft(reversed(left))
        self._waiting += sum(len(batch.hits) for batch in left)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write())
            await stop.wait()
            self._is_stopping = True  # a batch that is being recorded is not to be recorded twice
            self._arrived.set()
        await self._finish()

    async def _write(self) -> None:
        while not self._is_stopping:
            if not self._full and not self._filling.hits:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            await asyncio.sleep(GATHER_S)  # many hits share one transaction
            if not await self._write_batch():
                await asyncio.sleep(PAUSE_AFTER_OUTAGE_S)

    async def _write_batch(self) -> bool:
        """Write the oldest hits down; False when the database is away, and then they go on waiting."""
        if not self._full:
            self._turn_over()
        batch = self._full[0]
        try:
            await self._db.write(lambda tx: self._record_in_turns(tx, batch.hits))
        except Unavailable:
            log.warning("hits wait", extra={"waiting": self._waiting})
            return False
        except Exception:
            log.exception("hits not recorded", extra={"hits": len(batch.hits)})
        self._full.popleft()
        self._waiting -= len(batch.hits)
        self._recorded.append(batch)
        await self._remove_recorded()
        if self._lost:
            log.error("hits lost, too many waited", extra={"hits": self._lost})
            self._lost = 0
        return True

    def _record_in_turns(self, tx: Tx, hits: Sequence[RawHit]) -> None:
        """Record hits without keeping those waiting that ask meanwhile.

        Threads change places in the interpreter every 5 ms. Whoever is to answer a hit in less must not be behind
        one that writes hits down; to change so often all the time would cost more than it brings.
        """
        sys.setswitchinterval(TURN_S)
        try:
            self._record(tx, hits)
        finally:
            sys.setswitchinterval(_USUAL_TURN_S)

    async def _remove_recorded(self) -> None:
        while self._recorded:
            await asyncio.to_thread(self._spool.remove, self._recorded[0])
            del self._recorded[0]

    def _turn_over(self) -> None:
        """Let the batch that was filling wait for its turn, and begin a new one."""
        self._full.append(self._filling)
        self._filling = self._spool.open()

    async def _finish(self) -> None:
        await self._remove_recorded()
        try:
            async with asyncio.timeout(LAST_TRIES_S):
                while self._waiting and await self._write_batch():
                    pass
        except TimeoutError:
            pass
        if self._waiting:
            log.warning("hits left for the next start", extra={"hits": self._waiting})
        self._spool.close()
