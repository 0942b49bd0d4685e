"""A consumer of webhooks for the benchmark: answers 200 to every POST and counts, in its own process.

Calls are told apart by the id of what they tell of (X-PM-Webhook-Event-Id). `python -m pillarbox.bench.hook_sink`
answers the orders below, one JSON line each; see process.Child.
"""

import asyncio
import contextlib
import gc
import re
import sys
import time
from typing import cast

import msgspec
import uvloop
from typing_extensions import override

from pillarbox.bench.model import BenchError, Calls
from pillarbox.bench.process import Child

_BACKLOG = 1024
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_EVENT = re.compile(rb"\r\nx-pm-webhook-event-id: *([^\r]*)", re.IGNORECASE)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class HookSink:
    """The counting server inside this process."""

    def __init__(self) -> None:
        self.reset()
        self._server: asyncio.Server | None = None

    def reset(self) -> None:
        """Forget everything."""
        self._received = 0
        self._first_at = self._last_at = 0.0
        self._events: set[bytes] = set()
        self._wanted = 0
        self._enough = asyncio.Event()

    async def listen(self) -> int:
        """Accept on a free port of loopback; the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, backlog=_BACKLOG
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    def add(self, event: bytes) -> None:
        """Count one call."""
        now = time.monotonic()
        self._received += 1
        self._first_at = self._first_at or now
        self._last_at = now
        self._events.add(event)
        if self._wanted and len(self._events) >= self._wanted:
            self._enough.set()

    async def wait(self, events: int, *, timeout_s: float) -> Calls:
        """The counts as soon as so many different events were told of, or when the time is up."""
        self._wanted = events
        if len(self._events) < events:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), timeout_s)
        return Calls(self._received, len(self._events), self._first_at, self._last_at)


class _Connection(asyncio.Protocol):
    """One keep-alive connection; requests are small and have a Content-Length."""

    def __init__(self, sink: HookSink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is not a subclass

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._buffer, 0, end + 2)
            size = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < size:
                return
            event = _EVENT.search(self._buffer, 0, end + 2)
            self._sink.add(bytes(event[1]) if event else b"")
            del self._buffer[:size]
            assert self._transport is not None
            self._transport.write(_ANSWER)


class _Order(msgspec.Struct):
    """One line of the control channel; which fields count depends on `op`."""

    op: str
    events: int = 0
    timeout_s: float = 0.0


async def _answer(sink: HookSink, order: _Order) -> object:
    match order.op:
        case "reset":
            sink.reset()
            return None
        case "wait":
            return await sink.wait(order.events, timeout_s=order.timeout_s)
        case _:
            raise BenchError(f"unknown order {order.op!r}")


async def _main() -> None:
    """Print the port, then serve orders until stdin closes."""
    sink = HookSink()
    sys.stdout.buffer.write(b"%d\n" % await sink.listen())
    sys.stdout.buffer.flush()
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        answer = await _answer(sink, msgspec.json.decode(line, type=_Order))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


class HookSinkChild(Child):
    """The consumer as its parent sees it."""

    def __init__(self) -> None:
        super().__init__("pillarbox.bench.hook_sink")
        self.port = self.read(int, timeout_s=20.0)

    @property
    def url(self) -> str:
        """Where it is called."""
        return f"http://127.0.0.1:{self.port}/hook"

    def reset(self) -> None:
        """Forget everything."""
        self.call({"op": "reset"}, type(None), timeout_s=10.0)

    def wait(self, events: int, *, timeout_s: float) -> Calls:
        """The counts as soon as so many different events were told of, or when the time is up."""
        order = {"op": "wait", "events": events, "timeout_s": timeout_s}
        return self.call(order, Calls, timeout_s=timeout_s + 10.0)


if __name__ == "__main__":
    gc.disable()
    uvloop.run(_main())
