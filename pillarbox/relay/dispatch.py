"""The delivery role: takes due copies off the queue, has them delivered, writes down what came of it.

    handed over by accepting                                             -> choose a route
    wake or next due time -> lanes.wanted -> claim + load (transaction) -> choose a route
      -> ends here: settle                      (capture, sandbox, test addresses)
      -> leaves:    worker signs and sends      (network, in processes of their own)
                    -> outcome -> settle (transaction) -> lanes.finished -> next

Accepting mail wakes this role with the lanes that got some; looking at all lanes now and then finds what other
nodes took in and what a dead process left behind. Copies in hand are leased: a lease is prolonged while its copy
is in hand and simply runs out when the process dies, after which anybody takes the copy again: at least once,
never lost.
"""

import asyncio
import logging
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pillarbox.app import App
from pillarbox.domains.directory import Domains, Origin
from pillarbox.domains.model import DkimKey
from pillarbox.errors import Refused, Unavailable
from pillarbox.outbound.accept import DELIVERY
from pillarbox.outbound.handover import Handed
from pillarbox.outbound.model import domain_of, is_bulk
from pillarbox.outbound.store import queue, to_send
from pillarbox.outbound.store.queue import Claimed
from pillarbox.outbound.store.to_send import Content
from pillarbox.relay.crew import Crew
from pillarbox.relay.endings import endings_of, ends_here
from pillarbox.relay.handover import Handover
from pillarbox.relay.job import Id, Job, Outcome, Result, Setup
from pillarbox.relay.lanes import Lanes
from pillarbox.relay.outcome import Settlement, settle
from pillarbox.relay.providers import NONE, provider_of
from pillarbox.relay.suspended import Suspended
from pillarbox.relay.wishes import Wishing
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import micros
from pillarbox.tracking.personal import Wishes
from pillarbox.tracking.token import Tokens

log = logging.getLogger(__name__)

LOOK_EVERYWHERE_S = 5.0
LOOK_AT_LEAST_S = 30.0
PROLONG_EVERY_S = 20.0
PAUSE_AFTER_OUTAGE_S = 1.0
BYTES_IN_HAND = 64 * 1024 * 1024
SMALL = 256 * 1024
SLOW_MS = 1000


@dataclass(slots=True, kw_only=True)
class Held:
    """A copy in hand."""

    copy: Claimed
    content: Content
    size_bytes: int


@dataclass(slots=True, kw_only=True)
class Taken:
    """What one claim brought. `raws` has the small messages only; `next_due` each lane's next instant."""

    copies: list[Claimed]
    contents: dict[int, Content]
    raws: dict[int, bytes]
    next_due: dict[str, datetime | None]


def gathered(handed: Sequence[Handed]) -> Taken:
    """What accepting handed over, as a claim would have brought it."""
    return Taken(
        copies=[copy for one in handed for copy in one.copies],
        contents={one.copies[0].message_key: one.content for one in handed},
        raws={one.copies[0].message_key: one.raw for one in handed},
        next_due={},
    )


class Dispatcher:
    """The delivery role of one process."""

    def __init__(self, app: App, domains: Domains, secret: bytes) -> None:
        self._app = app
        self._domains = domains
        self._wishing = Wishing(Tokens(secret), app.config.public_url)
        self._lanes = Lanes(suspended=None)
        self._held: dict[Id, Held] = {}
        self._bytes_free = BYTES_IN_HAND
        self._leaves = app.config.delivery != "capture"
        self._endings = endings_of(app.config)
        self._wakes = app.wake.subscribe(DELIVERY)
        self._handover = Handover(app, self._lanes, bytes_free=lambda: self._bytes_free)
        self._suspended = Suspended(app, self._lanes, resumed=lambda: self._wakes.arrive(()))
        setup = setup_of(app, secret)
        self._crew = Crew(setup, app.config.workers, heard=self._heard, lost=self._lost)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until told to stop; then finish what is in hand and give back the rest."""
        await self._suspended.look()
        async with asyncio.TaskGroup() as tasks:
            if self._leaves:
                await self._crew.start(tasks)
            keeper = tasks.create_task(self._prolong_leases())
            looker = tasks.create_task(self._look_everywhere())
            taker = tasks.create_task(self._take_over())
            watcher = tasks.create_task(self._suspended.keep())
            await self._work(stop, tasks)
            await self._handover.close()
            await self._crew.stop()
            for task in (keeper, looker, taker, watcher):
                task.cancel()
        self._keep(gathered(self._handover.take()))
        await self._give_back([held.copy for held in self._held.values()])

    async def _work(self, stop: asyncio.Event, tasks: asyncio.TaskGroup) -> None:
        stopped = tasks.create_task(stop.wait())
        stopped.add_done_callback(lambda _: self._wakes.arrive(()))
        while not stop.is_set():
            for lane in self._wakes.take():
                self._lanes.found(lane, self._app.clock.now())
            wanted = self._lanes.wanted(self._app.clock.now()) if self._bytes_free > 0 else []
            if wanted:
                await self._take(wanted)
            else:
                await self._wakes.wait(self._until_next_due())

    async def _take_over(self) -> None:
        """Start what accepting hands over."""
        while True:
            await self._handover.wait()
            await self._start(gathered(self._handover.take()))

    def _until_next_due(self) -> float | None:
        due = self._lanes.next_due()
        return None if due is None else (due - self._app.clock.now()).total_seconds()

    async def _take(self, wanted: list[tuple[str, int]]) -> None:
        lease = secrets.randbits(62)
        try:
            taken = await self._app.db.write(
                lambda tx: take(tx, wanted, lease, leaves=self._leaves)
            )
        except Unavailable:
            for lane, asked in wanted:
                self._lanes.took(lane, asked=asked, got=0, next_due=self._app.clock.now())
            await asyncio.sleep(PAUSE_AFTER_OUTAGE_S)
            return
        got: dict[str, int] = {}
        for copy in taken.copies:
            got[copy.lane] = got.get(copy.lane, 0) + 1
        for lane, asked in wanted:
            self._lanes.took(lane, asked=asked, got=got.get(lane, 0), next_due=taken.next_due[lane])
        await self._start(taken)

    async def _start(self, taken: Taken) -> None:
        """Send each copy on its way."""
        here: list[Settlement] = []
        remote: list[Claimed] = []
        now = micros(self._app.clock.now())
        self._keep(taken)
        for copy in taken.copies:
            content = taken.contents[copy.message_key]
            ending = ends_here(copy, content, self._endings, at=now)
            if ending is None:
                remote.append(copy)
            else:
                here.append(ending)
        if remote:
            try:
                await self._hand_out(remote, taken)
            except Unavailable:
                await self._give_back(remote)
                await asyncio.sleep(PAUSE_AFTER_OUTAGE_S)
        if here:
            await self._settle(here)

    def _keep(self, taken: Taken) -> None:
        for copy in taken.copies:
            content = taken.contents[copy.message_key]
            self._held[id_of(copy)] = Held(
                copy=copy, content=content, size_bytes=content.size_bytes
            )
            self._bytes_free -= content.size_bytes

    async def _hand_out(self, copies: Sequence[Claimed], taken: Taken) -> None:
        missing = [c.message_key for c in copies if c.message_key not in taken.raws]
        raws = taken.raws
        if missing:
            raws = raws | await self._app.db.read(lambda tx: to_send.load_raw(tx, missing))
        jobs: list[tuple[Job, DkimKey | None]] = []
        for copy in copies:
            sender = taken.contents[copy.message_key].sender
            origin = await self._domains.origin(sender.rpartition("@")[2], self._app.config)
            content = taken.contents[copy.message_key]
            wishes = self._wishing.of(copy, content, origin.tracking_host)
            raw = raws.get(copy.message_key, b"")
            jobs.append((self._job(copy, raw, origin, wishes), origin.key))
        self._crew.send(jobs)

    def _job(self, copy: Claimed, raw: bytes, origin: Origin, wishes: Wishes | None) -> Job:
        return Job(
            message_key=copy.message_key,
            position=copy.position,
            lease=copy.lease,
            domain=domain_of(copy.lane),
            recipient=copy.email,
            return_path_host=origin.return_path_host,
            key=origin.key.host if origin.key else "",
            raw=raw,
            wishes=wishes,
            is_bulk=is_bulk(copy.lane),
        )

    async def _heard(self, outcomes: Sequence[Outcome]) -> None:
        """A worker reports."""
        settlements = [
            Settlement(copy=held.copy, content=held.content, outcome=outcome)
            for outcome in outcomes
            if (held := self._held.get(outcome.id)) is not None
        ]
        if settlements:
            await self._settle(settlements)

    async def _settle(self, settlements: Sequence[Settlement]) -> None:
        """Write outcomes down, trying until the database takes them: a delivered copy must not go out again."""
        results = None
        while results is None:
            try:
                results = await self._app.db.write_each(settle, settlements)
            except Unavailable:
                await asyncio.sleep(PAUSE_AFTER_OUTAGE_S)
        for settlement, result in zip(settlements, results, strict=True):
            self._count(settlement)
            self._release(settlement, result)
        self._wakes.arrive(())

    def _count(self, settlement: Settlement) -> None:
        outcome, meters = settlement.outcome, self._app.meters
        provider = provider_of(outcome.host) if outcome.ip else NONE
        meters.outcomes[provider, outcome.result.value] += 1
        if not outcome.ip:
            return
        meters.attempts.observe(outcome.duration_ms / 1000)
        if outcome.result is Result.DELIVERED:
            ended = outcome.at + outcome.duration_ms * 1000
            meters.delivering.observe((ended - micros(settlement.content.received_at)) / 1_000_000)

    def _release(self, settlement: Settlement, result: object) -> None:
        held = self._held.pop(settlement.outcome.id, None)
        if held is None:
            return
        self._bytes_free += held.size_bytes
        lane, outcome = settlement.copy.lane, settlement.outcome
        is_slow = outcome.duration_ms > SLOW_MS
        self._lanes.finished(lane, struggled=outcome.struggled, is_slow=is_slow)
        assert not isinstance(result, Refused)
        due_at = getattr(result, "due_at", None)
        if due_at is not None:
            self._lanes.found(lane, due_at)

    async def _lost(self, jobs: Sequence[Job]) -> None:
        """A worker died: what it had in hand may be tried again at once."""
        copies = [
            held.copy
            for job in jobs
            if (held := self._held.get(Id(job.message_key, job.position, job.lease))) is not None
        ]
        await self._give_back(copies)

    async def _give_back(self, copies: Iterable[Claimed]) -> None:
        held = [id_of(copy) for copy in copies]
        if not held:
            return
        try:
            await self._app.db.write(lambda tx: queue.release(tx, held))
        except Unavailable:
            log.warning("leases left to run out", extra={"copies": len(held)})
        for gone in [self._held.pop(one) for one in held]:
            self._bytes_free += gone.size_bytes
            self._lanes.finished(gone.copy.lane, struggled=False)
            self._lanes.found(gone.copy.lane, self._app.clock.now())
        self._wakes.arrive(())

    async def _prolong_leases(self) -> None:
        while True:
            await asyncio.sleep(PROLONG_EVERY_S)
            if held := list(self._held):
                await self._prolong(held)

    async def _prolong(self, held: list[Id]) -> None:
        try:
            await self._app.db.write(lambda tx: queue.extend(tx, held))
        except Unavailable:
            log.warning("leases not prolonged", extra={"copies": len(held)})

    async def _look_everywhere(self) -> None:
        while True:
            began = self._app.monotonic()
            try:
                lanes = await self._app.db.read(queue.lanes)
            except Unavailable:
                lanes = {}
            took_s = self._app.monotonic() - began
            for lane, due in lanes.items():
                self._lanes.found(lane, due)
            self._wakes.arrive(())
            await asyncio.sleep(pause_after_look(took_s, is_alone=self._app.db.is_sqlite))


def pause_after_look(took_s: float, *, is_alone: bool) -> float:
    """Seconds to the next look for what nobody told us of.

    Alone, that is what a command made due: heard of in seconds, unless the queue is so long that looking costs.
    """
    if not is_alone:
        return LOOK_EVERYWHERE_S
    return min(LOOK_AT_LEAST_S, max(LOOK_EVERYWHERE_S, 200 * took_s))


def take(tx: Tx, wanted: Sequence[tuple[str, int]], lease: int, *, leaves: bool) -> Taken:
    """Claim due copies and load what is needed to send them; large messages' text is left for later.

    Without `leaves` no text is loaded at all.
    """
    copies = queue.claim(tx, wanted, lease)
    keys = sorted({copy.message_key for copy in copies})
    contents = to_send.load(tx, keys) if keys else {}
    small = [key for key in keys if leaves and contents[key].size_bytes <= SMALL]
    return Taken(
        copies=copies,
        contents=contents,
        raws=to_send.load_raw(tx, small) if small else {},
        next_due=queue.next_due(tx, [lane for lane, _ in wanted]),
    )


def id_of(copy: Claimed) -> Id:
    """The name of a copy under its lease."""
    return Id(copy.message_key, copy.position, copy.lease)


def setup_of(app: App, secret: bytes) -> Setup:
    """What the workers need of the settings."""
    config = app.config
    return Setup(
        hostname=config.hostname,
        mode=config.delivery,
        relay_url=config.relay_url if config.delivery == "relay" else None,
        mx_port=config.mx_port,
        dns_servers=config.dns_servers,
        egress_allow=tuple(str(network) for network in config.egress_allow),
        secret=secret,
        public_url=config.public_url,
    )
