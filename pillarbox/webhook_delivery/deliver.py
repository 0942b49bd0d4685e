"""Makes the calls of one desk.

    wake or next due time -> lanes.wanted -> desk.take (transaction) -> lanes.start
      (or handed over, and held already: handover)
      -> post (network) -> lanes.ended -> desk.settle (transaction, many outcomes at once) -> next

Calls in hand are leased: the lease is prolonged while a call is in hand and runs out when the process dies, after
which anybody makes the call again: at least once, never lost.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from pillarbox.app import App
from pillarbox.errors import Unavailable
from pillarbox.outgoing.http import Client, NoAnswer
from pillarbox.webhook_delivery.desk import Desk
from pillarbox.webhook_delivery.job import Held, Job, Outcome
from pillarbox.webhook_delivery.lanes import Lanes
from pillarbox.webhook_delivery.post import KEPT_OF_ANSWER, request
from pillarbox.webhooks import signature

log = logging.getLogger(__name__)

LOOK_EVERYWHERE_S = {True: 30.0, False: 5.0}  # alone on SQLite; beside other nodes on PostgreSQL
PROLONG_EVERY_S = 20.0
PAUSE_AFTER_OUTAGE_S = 1.0
FINISH_WITHIN_S = 20.0
GATHER_S = 0.02
"""How long outcomes gather before they are written down, as long as others are to come."""
QUICK_MS = 2_000
HELD_AT_ONCE = 2_000
BYTES_AT_ONCE = 64 * 1024 * 1024
HANDED_BYTES = 16 * 1024 * 1024
"""With so much to say at hand, nothing more is taken past the queue."""
_BUSY = 429


class Deliverer:
    """The calls of one desk in one process."""

    def __init__(self, app: App, desk: Desk, client: Client) -> None:
        self._app = app
        self._desk = desk
        self._client = client
        self._lanes = Lanes()
        self._wakes = app.wake.subscribe(desk.topic)
        self._held: dict[Held, Job] = {}
        self._bytes_at_hand = 0
        self._is_open = False
        self._calling: set[asyncio.Task[None]] = set()
        self._outcomes: list[Outcome] = []
        self._has_outcomes = asyncio.Event()
        self._is_over = False
        self._bytes = _Room(BYTES_AT_ONCE)

    async def run(self, stop: asyncio.Event) -> None:
        """Make calls until told to stop; then finish what is begun and give back the rest."""
        async with asyncio.TaskGroup() as tasks:
            helpers = [
                tasks.create_task(self._prolong_leases()),
                tasks.create_task(self._look_everywhere()),
            ]
            settling = tasks.create_task(self._settle_all())
            stopped = tasks.create_task(stop.wait())
            stopped.add_done_callback(lambda _: self._wakes.arrive(()))
            self._is_open = True
            while not stop.is_set():
                await self._turn(tasks)
            await self._close()
            self._lanes.empty()
            await self._finish()
            await settling
            for helper in helpers:
                helper.cancel()
        await self._give_back(list(self._held))

    def has_room(self, lane: str, promised: int) -> bool:
        """Whether a call that is about to be put into the queue may be handed over instead. Any thread may ask."""
        return (
            self._is_open
            and self._bytes_at_hand < HANDED_BYTES
            and self._lanes.has_room(lane, self._app.clock.now(), promised=promised)
        )

    def hand(self, jobs: Sequence[Job]) -> None:
        """Make calls whose leases are ours already."""
        for job in jobs:
            self._hold(job)
            self._lanes.handed(job)
        self._wakes.arrive(())

    async def _turn(self, tasks: asyncio.TaskGroup) -> None:
        for lane in self._wakes.take():
            self._lanes.found(lane, self._app.clock.now())
        wanted = self._lanes.wanted(self._app.clock.now())
        if wanted:
            await self._take(wanted)
        for job in self._lanes.start():
            task = tasks.create_task(self._call(job))
            self._calling.add(task)
            task.add_done_callback(self._calling.discard)
        if not wanted:
            await self._wakes.wait(self._until_next_due())

    def _until_next_due(self) -> float | None:
        due = self._lanes.next_due()
        return None if due is None else (due - self._app.clock.now()).total_seconds()

    async def _take(self, wanted: list[tuple[str, int]]) -> None:
        lease = secrets.randbits(62)
        try:
            taken = await self._app.db.write(lambda tx: self._desk.take(tx, wanted, lease))
        except Unavailable:
            now = self._app.clock.now()
            for lane, asked in wanted:
                self._lanes.took(lane, [], asked=asked, next_due=now)
            await asyncio.sleep(PAUSE_AFTER_OUTAGE_S)
            return
        by_lane: dict[str, list[Job]] = {}
        for job in taken.jobs:
            by_lane.setdefault(job.lane, []).append(job)
            self._hold(job)
        for lane, asked in wanted:
            self._lanes.took(
                lane, by_lane.get(lane, []), asked=asked, next_due=taken.next_due[lane]
            )

    def _hold(self, job: Job) -> None:
        self._held[job.held] = job
        self._bytes_at_hand += len(job.body or b"")

    def _let_go(self, held: Held) -> None:
        job = self._held.pop(held, None)
        self._bytes_at_hand -= len(job.body or b"") if job else 0

    async def _call(self, job: Job) -> None:
        outcome = None
        try:
            outcome = await self._attempt(job)
        except Unavailable:
            self._let_go(job.held)  # due again when its lease ends
        except Exception:
            log.exception("call failed", extra={"lane": job.lane, "call": job.id})
            outcome = self._outcome(job, 0, "it could not be made", self._app.monotonic())
        if outcome is not None:
            self._outcomes.append(outcome)
            self._has_outcomes.set()
        self._lanes.ended(job.lane, is_quick=outcome is not None and is_quick(outcome))
        self._wakes.arrive(())

    async def _attempt(self, job: Job) -> Outcome:
        if job.body is not None:
            return await self._post(job, job.body)
        async with self._bytes.of(job.size_bytes):
            body = await self._app.db.read(lambda tx: self._desk.load(tx, job))
            if body is None:
                return self._outcome(job, 0, "nothing is left to say", self._app.monotonic())
            return await self._post(job, body)

    async def _post(self, job: Job, body: bytes) -> Outcome:
        target = job.target
        sent = request(
            target.url,
            target.auth,
            target.headers,
            body,
            ours=(
                *job.headers,
                *signature.headers(target.secret, body, self._app.clock.now()),
            ),
            agent=self._app.config.webhooks_user_agent,
        )
        began = self._app.monotonic()
        try:
            answer = await self._client.send(
                sent, timeout_s=self._desk.timeout_s, keep=KEPT_OF_ANSWER
            )
        except NoAnswer as problem:
            return self._outcome(job, 0, problem.cause.value, began)
        text = answer.body.decode("utf-8", "replace").replace("\0", "")
        return self._outcome(job, answer.status, text, began)

    def _outcome(self, job: Job, status: int, text: str, began: float) -> Outcome:
        return Outcome(
            job=job,
            status=status,
            text=text,
            duration_ms=round((self._app.monotonic() - began) * 1000),
            ended_at=self._app.clock.now(),
        )

    async def _settle_all(self) -> None:
        """Write outcomes down as they come, all that are there with each commit; end when no more can come."""
        while not self._is_over or self._outcomes:
            await self._has_outcomes.wait()
            if len(self._calling) > 1 and not self._is_over:
                await asyncio.sleep(GATHER_S)
            self._has_outcomes.clear()
            outcomes, self._outcomes = self._outcomes, []
            if outcomes:
                await self._settle(outcomes)

    async def _settle(self, outcomes: Sequence[Outcome]) -> None:
        """Try until the database takes them: a call that was taken must not be made again."""
        dues = None
        while dues is None:
            try:
                dues = await self._app.db.write(partial(self._desk.settle, outcomes=outcomes))
            except Unavailable:
                await asyncio.sleep(PAUSE_AFTER_OUTAGE_S)
            except Exception:
                if len(outcomes) == 1:
                    log.exception("outcome lost", extra={"call": outcomes[0].job.id})
                    dues = [None]
                    break
                for outcome in outcomes:
                    await self._settle([outcome])
                return
        for outcome, due_at in zip(outcomes, dues, strict=True):
            self._let_go(outcome.job.held)
            self._count(outcome, is_retried=due_at is not None)
            if due_at is not None:
                self._lanes.found(outcome.job.lane, due_at)
        self._wakes.arrive(())

    def _count(self, outcome: Outcome, *, is_retried: bool) -> None:
        meters = self._app.meters
        meters.calling.observe(outcome.duration_ms / 1000)
        ended = "succeeded" if 200 <= outcome.status < 300 else "failed"
        meters.webhooks["retried" if is_retried else ended] += 1

    async def _close(self) -> None:
        """Take no more past the queue, and wait for what was promised."""
        self._is_open = False
        with suppress(Unavailable):
            await self._app.db.write(lambda _tx: None)  # stands behind all that was promised before

    async def _finish(self) -> None:
        """Wait for the calls that are being made, though not for ever, and write down what came of them."""
        if self._calling:
            _, late = await asyncio.wait(self._calling, timeout=FINISH_WITHIN_S)
            for task in late:
                task.cancel()
        self._is_over = True
        self._has_outcomes.set()

    async def _give_back(self, held: list[Held]) -> None:
        for one in held:
            self._let_go(one)
        try:
            for some in _parts(held):
                await self._app.db.write(partial(self._desk.release, held=some))
        except Unavailable:
            log.warning("leases left to run out", extra={"calls": len(held)})

    async def _prolong_leases(self) -> None:
        while True:
            await asyncio.sleep(PROLONG_EVERY_S)
            if held := list(self._held):
                await self._prolong(held)

    async def _prolong(self, held: list[Held]) -> None:
        try:
            for some in _parts(held):
                await self._app.db.write(partial(self._desk.extend, held=some))
        except Unavailable:
            log.warning("leases not prolonged", extra={"calls": len(held)})

    async def _look_everywhere(self) -> None:
        while True:
            try:
                lanes = await self._app.db.read(self._desk.lanes)
            except Unavailable:
                lanes = {}
            for lane, due in lanes.items():
                self._lanes.found(lane, due)
            self._wakes.arrive(())
            await asyncio.sleep(LOOK_EVERYWHERE_S[self._app.db.is_sqlite])


def _parts(held: list[Held]) -> list[list[Held]]:
    """As many as one statement can name: thousands of lanes may have calls at hand."""
    return [held[start : start + HELD_AT_ONCE] for start in range(0, len(held), HELD_AT_ONCE)]


def is_quick(outcome: Outcome) -> bool:
    """Whether the other side keeps up: it answered, soon, and not that it has too much to do."""
    return outcome.status not in (0, _BUSY) and outcome.duration_ms < QUICK_MS


class _Room:
    """Room in memory for what large calls say; what does not fit waits."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._free = size
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def of(self, wanted: int) -> AsyncIterator[None]:
        """Hold so much of it."""
        share = min(wanted, self._size)
        async with self._changed:
            await self._changed.wait_for(lambda: self._free >= share)
            self._free -= share
        try:
            yield
        finally:
            async with self._changed:
                self._free += share
                self._changed.notify_all()
