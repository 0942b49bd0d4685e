"""Who of the load generator's connections sends which message, and when; and what came of it.

No network here: connections (load_http, load_smtp) report to Work, and Work tells them what to send.
"""

import asyncio
import time
from typing import Protocol

from pillarbox.bench.model import Plan, Sent


class Connection(Protocol):
    """A client connection that carries one request at a time."""

    def send(self, first: int, count: int) -> None:
        """Begin the request for messages first … first+count-1; ends in Work.done."""

    def close(self) -> None:
        """Say goodbye and disconnect."""


class Work:
    """The messages of one plan: hands them to connections that are ready and keeps the books.

    In a flood every ready connection gets the next request at once. At a rate a ready connection waits for
    its turn, and the time a request is late because all connections were busy counts as its latency.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.started_at = 0.0
        self.finished = asyncio.Event()
        self._accepted = 0
        self._failed = 0
        self._failure = ""
        self._next = 0
        self._settled = 0
        self._open = plan.connections
        self._last_at = 0.0
        self._latencies: list[float] = []
        self._begun: list[float] = []
        self._idle: list[Connection] = []
        self._late: list[float] = []
        self._released = False
        self._all_open = asyncio.Event()

    def ready(self, connection: Connection) -> None:
        """A connection is open and idle: give it the next request, or keep it for its turn."""
        if not self._released or self.plan.rate:
            self._idle.append(connection)
            self._notice_open()
            self._dispatch_late()
        else:
            self._feed(connection)

    def _notice_open(self) -> None:
        if len(self._idle) >= self._open:
            self._all_open.set()

    def _feed(self, connection: Connection) -> None:
        count = min(self.plan.batch, self.plan.messages - self._next)
        if count <= 0:
            self._idle.append(connection)
            return
        first, self._next = self._next, self._next + count
        connection.send(first, count)

    def release(self) -> None:
        """Start the flood on every connection that is open by now; the clock starts here."""
        self.started_at = time.monotonic()
        self._released = True
        waiting, self._idle = self._idle, []
        for connection in waiting:
            self._feed(connection)

    async def pace(self) -> None:
        """Start one message every 1/rate seconds until all are on their way."""
        self.started_at = time.monotonic()
        self._released = True
        for number in range(self.plan.messages):
            due = self.started_at + number / self.plan.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._late.append(time.monotonic())
            self._dispatch_late()

    def _dispatch_late(self) -> None:
        """Hand due messages to idle connections; `begun_at` is the instant each one was due."""
        while self._late and self._idle:
            self._begun.append(self._late.pop(0))
            first, self._next = self._next, self._next + 1
            self._idle.pop(0).send(first, 1)

    def due(self, number: int) -> float:
        """When a message was due: in a flood, now."""
        return self._begun[number] if self.plan.rate else time.monotonic()

    def done(self, begun_at: float, *, accepted: int, failed: int = 0, failure: str = "") -> None:
        """A request was answered; `begun_at` is when it was written."""
        now = time.monotonic()
        self._last_at = now
        self._latencies.append((now - begun_at) * 1000)
        self._accepted += accepted
        self._failed += failed
        self._failure = self._failure or failure
        self._settle(accepted + failed)

    def lost(self, connection: Connection, failure: str, *, unanswered: int = 0) -> None:
        """A connection is gone, with so many messages unanswered."""
        if connection in self._idle:
            self._idle.remove(connection)
        self._failed += unanswered
        self._failure = self._failure or failure
        self._open -= 1
        self._notice_open()
        self._settle(unanswered)
        if self._open <= 0:
            self.finished.set()

    def _settle(self, count: int) -> None:
        self._settled += count
        if self._settled >= self.plan.messages:
            self.finished.set()

    async def opened(self) -> None:
        """Wait until every connection that is left is ready."""
        await self._all_open.wait()

    def stop(self, failure: str) -> None:
        """Give up: whatever is not answered by now counts as failed, for this reason."""
        self._failure = self._failure or failure
        self.finished.set()

    def sent(self) -> Sent:
        """The books. Messages never begun, or without an answer, count as failed."""
        missing = self.plan.messages - self._accepted - self._failed
        failure = self._failure or ("no answer in time" if missing else "")
        return Sent(
            accepted=self._accepted,
            failed=self._failed + missing,
            started_at=self.started_at,
            finished_at=max(self._last_at, self.started_at),
            latencies_ms=self._latencies,
            begun_at=self._begun,
            failure=failure,
        )
