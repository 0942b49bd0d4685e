"""One destination inside a worker: the copies that wait for it, and the connections that carry them.

Each connection is owned by a runner, which takes copies one after the other and keeps the connection for a while
when none are left: connections, and above all their TLS handshakes, cost more than messages. One more is opened
when waiting for those there are would take longer (pace.py), or when nothing moves on them. When no host of the
destination can be reached, everything that waits shares that verdict.

Bulk copies go when nothing else waits, one in a turn of the loop over all destinations: signing hundreds in a row
would hold up what comes meanwhile. A connection that waits for that turn carries other mail at once.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from pillarbox.mail.smtp_client import Dropped
from pillarbox.relay.attempt import (
    Line,
    Stopwatch,
    Unreachable,
    Verdict,
    Way,
    hand_over,
    open_line,
)
from pillarbox.relay.job import Job, Outcome
from pillarbox.relay.pace import Pace
from pillarbox.relay.throttle import Throttle
from pillarbox.relay.turns import Turns

FIRST_CONNECTIONS, MOST_CONNECTIONS = 5, 10
IDLE_S = 10.0
LIFETIME_S = 300.0

Report = Callable[[Outcome], None]
Sign = Callable[[Job], bytes]


class Site:
    """The copies and connections of one destination."""

    def __init__(
        self,
        domain: str,
        way: Way,
        *,
        sign: Sign,
        report: Report,
        turns: Turns,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._domain = domain
        self._way = way
        self._tasks = tasks
        self._sign = sign
        self._report = report
        self._turns = turns
        self._lag = turns.lag
        self._jobs: deque[Job] = deque()
        self._bulk: deque[Job] = deque()  # goes when nothing else waits
        self._throttle = Throttle(limit=FIRST_CONNECTIONS, most=MOST_CONNECTIONS)
        self._pace = Pace()
        self._finished = 0  # copies, ever
        self._check: asyncio.TimerHandle | None = None  # while copies wait for a busy connection
        self._waiting: deque[asyncio.Future[None]] = deque()  # for a copy
        self._turning: deque[asyncio.Future[None]] = deque()  # for the turn to carry a bulk copy
        self._is_stopping = False
        self._starting = 0  # runners that have not taken their first copy yet
        self.runners = 0

    def add(self, job: Job) -> None:
        """Take a copy; an idle connection carries it at once, else a new one is opened if allowed and worth it."""
        self._lag.watch()
        self._place(job).append(job)
        if _wake(self._waiting) or (not job.is_bulk and _wake(self._turning)):
            return
        self._staff(is_stuck=False)

    def _staff(self, *, is_stuck: bool) -> None:
        """Open a connection for the copies that wait, or see to it that somebody looks at them again."""
        free = self._starting + len(self._turning)
        waiting = len(self._jobs) + len(self._bulk) - free
        if waiting <= 0 or self.runners >= int(self._throttle.limit):
            return
        if is_stuck or self._pace.is_worth_opening(
            waiting=waiting, connections=self.runners, lag_s=self._lag.seconds
        ):
            self.runners += 1
            self._starting += 1
            self._tasks.create_task(self._run())
        if self._check is None:
            loop = asyncio.get_running_loop()
            self._check = loop.call_later(self._pace.patience_s, self._look_again, self._finished)

    def _look_again(self, finished: int) -> None:
        self._check = None
        if not self._is_stopping:
            self._staff(is_stuck=finished == self._finished)

    def stop(self) -> None:
        """Start nothing more: forget what waits, end idle connections. What is being sent is finished."""
        self._is_stopping = True
        if self._check is not None:
            self._check.cancel()
        self._take_all()
        for waiter in self._waiting:
            waiter.cancel()
        while _wake(self._turning):
            pass

    def _place(self, job: Job) -> deque[Job]:
        return self._bulk if job.is_bulk else self._jobs

    def _take_all(self) -> list[Job]:
        waiting = [*self._jobs, *self._bulk]
        self._jobs.clear()
        self._bulk.clear()
        return waiting

    async def _run(self) -> None:
        line: Line | None = None
        self._starting -= 1
        try:
            while (job := await self._next(line)) is not None:
                line = await self._carry(job, line)
        finally:
            self.runners -= 1
            if line is not None:
                await line.connection.quit()

    async def _next(self, line: Line | None) -> Job | None:
        """The next copy; with an open connection it is worth waiting a while for one."""
        loop = asyncio.get_running_loop()
        until = loop.time() + IDLE_S
        while not self._is_stopping and self.runners <= int(self._throttle.limit):
            if self._jobs:
                return self._jobs.popleft()
            if self._bulk:
                await self._wait_for_turn()
                if self._bulk and not self._jobs:
                    return self._bulk.popleft()
            elif line is None or loop.time() >= until:
                break
            else:
                await self._wait_for_more(until - loop.time())
        return None

    async def _wait_for_turn(self) -> None:
        """Until it is time for the next bulk copy, or something else is to be carried."""
        turn = self._turns.ask()
        self._turning.append(turn)
        await turn
        if self._turning and self._turning[0].done():
            self._turning.popleft()

    async def _wait_for_more(self, timeout_s: float) -> None:
        """Until a copy may be there, or the time is up."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await asyncio.wait((waiter,), timeout=timeout_s)
        waiter.cancel()

    async def _carry(self, job: Job, line: Line | None) -> Line | None:
        """Try one copy and report what came of it; the connection to go on with, if any."""
        watch = Stopwatch()
        if line is not None and not _is_good(line):
            await line.connection.quit()
            line = None
        try:
            line = line or await self._open(watch)
            verdict = await self._hand_over(line, job, watch)
        except Unreachable as error:
            self._give_up_all(job, error.verdict, watch)
            return None
        except Dropped:
            # The idle connection had died meanwhile: once more on a fresh one.
            self._place(job).appendleft(job)
            return None
        self._finish(job, verdict, watch)
        return line

    async def _open(self, watch: Stopwatch) -> Line:
        began = time.monotonic()
        line = await open_line(self._domain, self._way, watch.transcript)
        self._pace.opened(time.monotonic() - began)
        return line

    async def _hand_over(self, line: Line, job: Job, watch: Stopwatch) -> Verdict:
        began = time.monotonic()
        verdict = await hand_over(
            line,
            job,
            self._sign(job),
            mail_from=self._way.return_path(job),
            transcript=watch.transcript,
        )
        self._pace.carried(time.monotonic() - began)
        return verdict

    def _give_up_all(self, job: Job, verdict: Verdict, watch: Stopwatch) -> None:
        """The destination cannot be reached: so it is for everything that waits for it."""
        waiting = self._take_all()
        self._finish(job, verdict, watch)
        for other in waiting:
            self._report(watch.outcome(other, verdict))

    def _finish(self, job: Job, verdict: Verdict, watch: Stopwatch) -> None:
        if verdict.struggled:
            self._throttle.struggled()
        else:
            self._throttle.answered()
        self._finished += 1
        self._lag.watch()
        self._report(watch.outcome(job, verdict))


def _wake(waiting: deque[asyncio.Future[None]]) -> bool:
    """Let the first of those that still wait go on; whether there was one."""
    while waiting:
        waiter = waiting.popleft()
        if not waiter.done():
            waiter.set_result(None)
            return True
    return False


def _is_good(line: Line) -> bool:
    return line.connection.is_usable and time.monotonic() - line.opened_at < LIFETIME_S
