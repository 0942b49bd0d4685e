"""Reading request bodies within limits of size, time and memory.

A size that is too large is refused as soon as it shows. Bodies above 1 MB take their size from a budget of the
whole process and wait, in order, until there is room: many large batches at once do not exhaust memory.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pillarbox.errors import Problem, Refused
from pillarbox.wire.base import Bytes

LARGE = 1_048_576
BUDGET = 192 * 1_048_576
IDLE_S = 60.0

Receive = Callable[[], Awaitable[Any]]
Message = Mapping[str, Any]


class Disconnected(Exception):
    """The client went away; there is nobody to answer."""


class Budget:
    """Room for large bodies, given out in order."""

    def __init__(self, size_bytes: int = BUDGET) -> None:
        self._size = self._free = size_bytes
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size_bytes: int) -> int:
        """Wait for room; how much was taken (never more than there is at all), to be given back."""
        size = min(size_bytes, self._size)
        if size <= self._free and not self._waiting:
            self._free -= size
            return size
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._serve()
            else:
                self.give_back(size)
            raise
        return size

    def give_back(self, size_bytes: int) -> None:
        """Return what was taken and let those who wait have it."""
        self._free += size_bytes
        self._serve()

    def _serve(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.cancelled():
                if size > self._free:
                    return
                self._free -= size
                turn.set_result(None)
            self._waiting.popleft()


class IdleWatch:
    """Ends waits that last too long. One timer watches all: a timer each would cost more than a request."""

    def __init__(self, limit_s: float = IDLE_S) -> None:
        self._limit_s = limit_s
        self._since: dict[asyncio.Task[Any], float] = {}
        self._expired: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, receive: Receive) -> Message:
        """The next part of a request. Refuses BODY_TIMED_OUT."""
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        self._since[task] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self._limit_s / 10, self._look)
        try:
            message: Message = await receive()
        except asyncio.CancelledError:
            if task not in self._expired:
                raise
            task.uncancel()
            raise Refused(Problem.BODY_TIMED_OUT) from None
        finally:
            del self._since[task]
            self._expired.discard(task)
        return message

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - self._limit_s
        for task, since in self._since.items():
            if since <= oldest and task not in self._expired:
                self._expired.add(task)
                task.cancel()
        self._timer = loop.call_later(self._limit_s / 10, self._look) if self._since else None


class Intake:
    """Reads bodies. Whoever reads one must give back the room it took."""

    def __init__(self, budget: Budget, idle: IdleWatch) -> None:
        self.budget = budget
        self._idle = idle

    async def read(self, receive: Receive, *, length: int | None, limit: int) -> tuple[Bytes, int]:
        """A body and the room it took from the budget. `length` is the declared one, None when chunked.

        Refuses BODY_TOO_LARGE, BODY_TIMED_OUT. Raises Disconnected.
        """
        if length is not None and length > limit:
            raise Refused(Problem.BODY_TOO_LARGE)
        taken = await self.budget.take(length) if length is not None and length > LARGE else 0
        try:
            message = await self._next(receive)
            if not message.get("more_body"):
                return message.get("body", b""), taken
            body = bytearray(message.get("body", b""))
            while message.get("more_body"):
                message = await self._next(receive)
                body += message.get("body", b"")
                if len(body) > limit:
                    raise Refused(Problem.BODY_TOO_LARGE)
                if len(body) > LARGE and not taken:
                    taken = await self.budget.take(limit)
        except BaseException:
            self.budget.give_back(taken)
            raise
        return body, taken

    async def _next(self, receive: Receive) -> Message:
        message = await self._idle.wait(receive)
        if message["type"] == "http.disconnect":
            raise Disconnected
        return message
