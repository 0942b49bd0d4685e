"""The threads that write, each with a connection of its own, and the work that waits for them.

A writer takes all that waits as one group, for one commit (`storage/group`); what comes meanwhile makes the next.
"""

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from sqlalchemy import Engine
from typing_extensions import override

from pillarbox.clock import Clock
from pillarbox.storage import group
from pillarbox.storage.group import Job, Outcome
from pillarbox.storage.line import Line
from pillarbox.storage.tx import Tx
from pillarbox.storage.wake import Wake

MAX_GROUP = 512  # items
LINE_REST_S = 1.0  # a server that was not asked for longer may have been restarted meanwhile
STANDSTILL_S = 0.005  # the most that other work waits for the statements of a group


class Writers:
    """Threads that share what waits. What is public belongs to the thread of the event loop."""

    def __init__(
        self,
        lines: Engine,
        *,
        clock: Clock,
        wake: Wake,
        threads: int = 1,
        rest_s: float | None = LINE_REST_S,
    ) -> None:
        self._lines = lines
        self._rest_s = rest_s
        self._clock = clock
        self._wake = wake
        self._jobs: queue.SimpleQueue[Sequence[Job] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"writer-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the work that waits, then end the threads."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    @property
    def waiting(self) -> int:
        """Pieces of work that no writer has begun."""
        return self._jobs.qsize()

    def post(self, job: Job) -> None:
        """Have work done."""
        self._jobs.put((job,))

    def _work(self) -> None:
        """Take groups until told to stop; in a thread of its own, as all that follows up to _settle."""
        line = Line(self._lines, rest_s=self._rest_s)
        while first := self._jobs.get():
            jobs, is_last = self._gather(first)
            outcomes, committed = group.run(jobs, partial(self._transaction, line))
            self._tell(jobs, outcomes, committed)
            if is_last:
                break
        line.close()

    def _gather(self, first: Sequence[Job]) -> tuple[list[Job], bool]:
        """Everything that waits now, up to a limit, and whether the stop mark was among it."""
        jobs = list(first)
        size = sum(job.size for job in jobs)
        while size < MAX_GROUP:
            try:
                more = self._jobs.get_nowait()
            except queue.Empty:
                break
            if more is None:
                return jobs, True
            jobs += more
            size += sum(job.size for job in more)
        return jobs, False

    @contextmanager
    def _transaction(self, line: Line) -> Iterator[Tx]:
        with line.begin() as connection:
            yield Tx(connection, self._clock.now(), self._wake.takers)
            self._written()

    def _written(self) -> None:
        """The statements of a group are through, the commit begins."""

    def _tell(self, jobs: list[Job], outcomes: list[Outcome], committed: list[Tx]) -> None:
        """A group is done."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            jobs[0].loop.call_soon_threadsafe(self._settle, jobs, outcomes, committed)

    def _settle(self, jobs: list[Job], outcomes: list[Outcome], committed: list[Tx]) -> None:
        """Answer every caller and tell the news."""
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.answer(outcome)
        # Callers come first: a process that is woken by news may have the processor before they are answered.
        for tx in committed:
            if tx.wakes or tx.handed:
                self._wake.notify(tx.wakes, tx.handed)


class EmbeddedWriter(Writers):
    """The one writer of a database that runs in this process.

    Its driver gives up the interpreter's lock at every step of a statement. Beside a busy loop it would get it
    back only between two callbacks, some twenty times a group, and wait for longer than it works. So groups are
    made at the end of a turn of the loop, which then stands still until the statements are through; the commit,
    which needs no lock, goes on beside it (decision 0021).
    """

    def __init__(self, lines: Engine, *, clock: Clock, wake: Wake) -> None:
        super().__init__(lines, clock=clock, wake=wake, rest_s=None)
        self._lined_up: deque[Job] = deque()
        self._is_free = True
        self._due_in: asyncio.AbstractEventLoop | None = None  # the loop that is to call _hand_over
        self._standstill = threading.Lock()  # an event would cost several times as much

    @override
    def stop(self) -> None:
        while self._lined_up:
            self._jobs.put(self._take())
        super().stop()

    @property
    @override
    def waiting(self) -> int:
        return len(self._lined_up)

    @override
    def post(self, job: Job) -> None:
        self._lined_up.append(job)
        self._look(job.loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._lined_up and self._is_free and self._due_in is not loop:
            self._due_in = loop
            loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        self._due_in = None
        if not self._lined_up or not self._is_free:
            return
        self._is_free = False
        self._standstill = standstill = threading.Lock()
        standstill.acquire()
        self._jobs.put(self._take())
        standstill.acquire(timeout=STANDSTILL_S)

    def _take(self) -> list[Job]:
        """What waits, up to a limit."""
        taken: list[Job] = []
        size = 0
        while self._lined_up and size < MAX_GROUP:
            taken.append(job := self._lined_up.popleft())
            size += job.size
        return taken

    @override
    def _written(self) -> None:
        if self._standstill.locked():
            self._standstill.release()

    @override
    def _tell(self, jobs: list[Job], outcomes: list[Outcome], committed: list[Tx]) -> None:
        self._written()  # nothing was, perhaps
        self._is_free = True
        super()._tell(jobs, outcomes, committed)
        with suppress(IndexError, RuntimeError):
            following = self._lined_up[0].loop
            if (
                following is not jobs[0].loop
            ):  # that ended meanwhile, and will not look for what follows
                following.call_soon_threadsafe(self._hand_over)

    @override
    def _settle(self, jobs: list[Job], outcomes: list[Outcome], committed: list[Tx]) -> None:
        super()._settle(jobs, outcomes, committed)
        self._look(jobs[0].loop)
