"""Hits that wait to be written down: in memory, while the program is down in a file.

A hit is answered before it is recorded, so that the database may be slow or away. What waits is bounded: beyond
that, hits are counted and let go.

    add -> batches -> record (one transaction) -> done; database away: it waits; stopped: into the spool file
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from pillarbox.errors import Unavailable
from pillarbox.hits.model import RawHit
from pillarbox.storage.db import Database
from pillarbox.storage.tx import Tx

log = logging.getLogger(__name__)

MOST_WAITING = 200_000
BATCH = 500
GATHER_S = 0.05
PAUSE_AFTER_OUTAGE_S = 1.0
LAST_TRIES_S = 5.0
SPOOL = "hits.spool"

Record = Callable[[Tx, Sequence[RawHit]], None]


class Backlog:
    """The hits of one process."""

    def __init__(self, db: Database, record: Record, directory: Path) -> None:
        self._db = db
        self._record = record
        self._spool = directory / SPOOL
        self._waiting: deque[RawHit] = deque()
        self._arrived = asyncio.Event()
        self._lost = 0

    def add(self, hit: RawHit) -> None:
        """Take a hit; at once, and never refused."""
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return
        self._waiting.append(hit)
        self._arrived.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Write hits down until told to stop; then what is left, to the database or to the spool file."""
        self._waiting.extendleft(reversed(await asyncio.to_thread(self._read_spool)))
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._write())
            await stop.wait()
            writing.cancel()
        await self._finish()

    async def _write(self) -> None:
        while True:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            await asyncio.sleep(GATHER_S)  # many hits share one transaction
            if not await self._write_batch():
                await asyncio.sleep(PAUSE_AFTER_OUTAGE_S)

    async def _write_batch(self) -> bool:
        """Write the oldest hits down; False when the database is away, and then they go on waiting."""
        batch = [self._waiting[at] for at in range(min(BATCH, len(self._waiting)))]
        try:
            await self._db.write(lambda tx: self._record(tx, batch))
        except Unavailable:
            log.warning("hits wait", extra={"waiting": len(self._waiting)})
            return False
        except Exception:
            log.exception("hits not recorded", extra={"hits": len(batch)})
        for _ in batch:
            self._waiting.popleft()
        if self._lost:
            log.error("hits lost, too many waited", extra={"hits": self._lost})
            self._lost = 0
        return True

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(LAST_TRIES_S):
                while self._waiting and await self._write_batch():
                    pass
        except TimeoutError:
            pass
        if self._waiting:
            await asyncio.to_thread(self._write_spool, list(self._waiting))

    def _read_spool(self) -> list[RawHit]:
        """What an earlier run left; its file is gone afterwards."""
        try:
            hits = msgspec.msgpack.decode(self._spool.read_bytes(), type=list[RawHit])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as problem:
            log.error("spooled hits cannot be read", extra={"reason": str(problem)})
            return []
        self._spool.unlink(missing_ok=True)
        return hits

    def _write_spool(self, hits: list[RawHit]) -> None:
        partial = self._spool.with_suffix(".partial")
        try:
            partial.write_bytes(msgspec.msgpack.encode(hits))
            partial.replace(self._spool)
        except OSError as problem:
            log.error("hits lost", extra={"hits": len(hits), "reason": str(problem)})
