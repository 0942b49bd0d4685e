"""Processing received mail: what is due is taken under a lease, prepared, and settled in one transaction.

    handed over by keeping (handover), or: wake or next due time -> store.claim
      -> Step.prepare (network, parsing; no transaction)
      -> store.finish + Step.settle (one transaction, shared with others) -> next

Each route has its step; mail of a route without one is kept until there is one. A step that fails is repeated
later, and after the last attempt the mail is settled as `Step.surrender` says: nothing accepted is ever lost.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

from pillarbox.app import App
from pillarbox.errors import Unavailable
from pillarbox.received import store
from pillarbox.received.model import Claimed, Received, Route
from pillarbox.storage.tx import Tx

log = logging.getLogger(__name__)

PREPARE_WITHIN_S = 120.0
RETRY_AFTER = (timedelta(seconds=1), timedelta(seconds=30))
IN_HAND = 64
HANDED, HANDED_BYTES = 256, 16 * 1024 * 1024
"""So much may be in hand before mail goes the longer way through the queue, which takes twice the time."""
AT_LEAST = 16  # mails are taken in groups, because each taking is a transaction
LARGE_IN_HAND = 2
LOOK_EVERY_S = 5.0
PAUSE_AFTER_OUTAGE_S = 1.0
GATHER_S = 0.02
"""What is ready within the same stretch of time is settled together."""

T = TypeVar("T")


class Step(Protocol[T]):
    """How mail of one route is processed. All of it must bear being repeated."""

    async def prepare(self, mail: Received) -> T:
        """Find out all about a mail that needs parsing or the network."""
        ...

    async def surrender(self, mail: Received) -> T:
        """What is left to say about a mail that could not be prepared, however often it was tried."""
        ...

    def settle(self, tx: Tx, prepared: Sequence[T]) -> None:
        """Write down what came of mails; they are put away in the same transaction."""
        ...


class _Lane(Generic[T]):
    """One route with its step. `settle` is one function for all its mails, so that they are written together."""

    def __init__(self, step: Step[T]) -> None:
        self.step = step

    def settle(self, tx: Tx, done: Sequence[tuple[Claimed, T]]) -> list[None]:
        held = store.finish(tx, [claimed for claimed, _ in done])
        lost = len(done) - len(held)
        if lost:
            log.warning("leases lost", extra={"mails": lost})
        prepared = [result for claimed, result in done if claimed.mail.key in held]
        if prepared:
            self.step.settle(tx, prepared)
        return [None] * len(done)


class Processing:
    """Works through received mail in one process."""

    def __init__(self, app: App, steps: Mapping[Route, Step[Any]]) -> None:
        self._app = app
        self._lanes = {route: _Lane(step) for route, step in steps.items()}
        self._settles = {route: lane.settle for route, lane in self._lanes.items()}
        self._heard = app.wake.subscribe(store.TOPIC)
        app.wake.takers[store.TOPIC] = self
        self._in_hand = self._bytes_in_hand = 0
        self._may_be_more = False
        self._large = asyncio.Semaphore(LARGE_IN_HAND)
        self._lease = secrets.randbits(62)
        self._tasks = asyncio.TaskGroup()
        self._is_open = self._is_over = False

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; then finish what is in hand."""
        async with self._tasks as tasks:
            stopped = tasks.create_task(stop.wait())
            stopped.add_done_callback(lambda _: self._heard.arrive(()))
            self._is_open = True
            while not stop.is_set():
                self._heard.take()
                taken = await self._take()
                self._start(taken)
                if not taken:
                    await self._heard.wait(await self._until_next_due())
            await self._close()

    def lease(self, mails: Sequence[Received], promised: int, /) -> int | None:
        """A lease for mails that are about to be kept, if there is room and none waits. Any thread may ask."""
        if not self._is_open or self._may_be_more or len(mails[0].raw) > store.SMALL:
            return None
        more = promised + len(mails)
        if self._in_hand + more > HANDED:
            return None
        if self._bytes_in_hand + more * len(mails[0].raw) > HANDED_BYTES:
            return None
        return self._lease if all(mail.target.route in self._lanes for mail in mails) else None

    def arrive(self, items: Sequence[Claimed], /) -> None:
        """Committed: these are in hand from now on, unless it is too late: then their lease runs out."""
        if not self._is_over:
            self._start(items)

    def _start(self, taken: Sequence[Claimed]) -> None:
        for claimed in taken:
            self._in_hand += 1
            self._bytes_in_hand += len(claimed.mail.raw)
            self._tasks.create_task(self._process(claimed))

    async def _close(self) -> None:
        """Promise nothing more, and wait for what was promised."""
        self._is_open = False
        with contextlib.suppress(Unavailable):
            await self._app.db.write(lambda _tx: None)  # stands behind all that was promised before
        self._is_over = True

    async def _take(self) -> list[Claimed]:
        free = IN_HAND - self._in_hand
        if free < AT_LEAST:
            self._may_be_more = True  # to be looked for as soon as there is room
            return []
        try:
            taken = await self._app.db.write(
                lambda tx: store.claim(tx, list(self._lanes), lease=self._lease, limit=free)
            )
        except Unavailable:
            await asyncio.sleep(PAUSE_AFTER_OUTAGE_S)
            return []
        self._may_be_more = len(taken) == free
        return taken

    async def _until_next_due(self) -> float:
        if self._in_hand > IN_HAND - AT_LEAST:
            return LOOK_EVERY_S
        try:
            due = await self._app.db.read(lambda tx: store.next_due(tx, list(self._lanes)))
        except Unavailable:
            return PAUSE_AFTER_OUTAGE_S
        if due is None:
            return LOOK_EVERY_S
        return min(LOOK_EVERY_S, max(0.0, (due - self._app.clock.now()).total_seconds()))

    async def _process(self, claimed: Claimed) -> None:
        """One mail, start to end; whatever goes wrong, it stays kept."""
        try:
            if claimed.size_bytes <= store.SMALL:
                await self._work(claimed)
            else:
                async with self._large:
                    await self._work(await self._app.db.read(lambda tx: store.load(tx, claimed)))
        except Unavailable as outage:
            log.warning("mail left for later", extra={"reason": str(outage)})
        except Exception:
            log.exception("mail not processed", extra={"received": claimed.mail.message_id})
            await self._put_off(claimed)
        finally:
            self._in_hand -= 1
            self._bytes_in_hand -= len(claimed.mail.raw)
            if self._may_be_more and self._in_hand <= IN_HAND - AT_LEAST:
                self._heard.arrive(())

    async def _work(self, claimed: Claimed) -> None:
        route = claimed.mail.target.route
        step = self._lanes[route].step
        if claimed.attempts > len(RETRY_AFTER) + 1:
            prepared = await step.surrender(claimed.mail)
        else:
            async with asyncio.timeout(PREPARE_WITHIN_S):
                prepared = await step.prepare(claimed.mail)
        await self._gather()
        await self._app.db.write_each(self._settles[route], [(claimed, prepared)])

    async def _gather(self) -> None:
        """Let others catch up that are about to be settled, so that all are written down with one commit."""
        if self._in_hand > 1:
            await asyncio.sleep(GATHER_S - asyncio.get_running_loop().time() % GATHER_S)

    async def _put_off(self, claimed: Claimed) -> None:
        pause = RETRY_AFTER[min(claimed.attempts, len(RETRY_AFTER)) - 1]
        try:
            await self._app.db.write(lambda tx: store.put_off(tx, claimed, tx.now + pause))
        except Unavailable:
            log.warning("lease left to run out", extra={"received": claimed.mail.message_id})
        self._heard.arrive(())
