"""The far end of the benchmark: an SMTP server that accepts everything and counts it, in its own process.

It offers PIPELINING and 8BITMIME, no TLS. Each message is known by its X-Bench-Id; ids of another run than
the one named at the last reset are strays. Every k-th message is kept whole, to have its signature verified.
It can be made slow: then greeting and replies come so many seconds late.
`python -m pillarbox.bench.sink` answers the orders below, one JSON line each; see process.Child.
"""

import asyncio
import base64
import contextlib
import gc
import sys
import time
from dataclasses import dataclass, field
from typing import cast

import msgspec
import uvloop
from typing_extensions import override

from pillarbox.bench.messages import ID_HEADER
from pillarbox.bench.model import BenchError, Counts
from pillarbox.bench.process import Child

_GREETING = b"220 sink.bench.example ESMTP\r\n"
_EHLO = b"250-sink.bench.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
_OK = b"250 2.0.0 Ok\r\n"
_GO_AHEAD = b"354 End data with <CR><LF>.<CR><LF>\r\n"
_BYE = b"221 2.0.0 Bye\r\n"
_UNKNOWN = b"502 5.5.1 Not here\r\n"
_REPLIES = {
    b"MAIL": _OK,
    b"RCPT": _OK,
    b"DATA": _GO_AHEAD,
    b"EHLO": _EHLO,
    b"HELO": b"250 sink.bench.example\r\n",
    b"RSET": _OK,
    b"NOOP": _OK,
    b"QUIT": _BYE,
}
_END = b"\r\n.\r\n"
_BACKLOG = 1024
_MAX_SAMPLES = 40


@dataclass(slots=True)
class Tally:
    """What arrived since the last reset. `prefix` starts every id that is expected."""

    prefix: bytes = b""
    sample_every: int = 0
    received: int = 0
    strays: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    arrived: dict[bytes, float] = field(default_factory=dict)
    message_ids: set[bytes] = field(default_factory=set)
    samples: list[bytes] = field(default_factory=list)
    wanted: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, message: bytearray) -> None:
        """Count one message: CRLF, content with dots still stuffed, no terminator."""
        now = time.monotonic()
        name = _value(message, b"\r\n" + ID_HEADER.encode() + b": ")
        if not name.startswith(self.prefix):
            self.strays += 1
            return
        self.received += 1
        self.first_at = self.first_at or now
        self.last_at = now
        self.arrived.setdefault(name, now)
        self.message_ids.add(
            _value(message, b"\r\nX-PM-Message-Id: ") or _value(message, b"\r\nMessage-ID: ")
        )
        if self.sample_every and self.received % self.sample_every == 1 % self.sample_every:
            self._keep(message)
        if len(self.arrived) >= self.wanted:
            self.enough.set()

    def _keep(self, message: bytearray) -> None:
        if len(self.samples) < _MAX_SAMPLES:
            self.samples.append(bytes(message[2:]).replace(b"\r\n..", b"\r\n.") + b"\r\n")

    def counts(self) -> Counts:
        """The figures so far."""
        unique = len(self.arrived)
        return Counts(
            received=self.received,
            unique=unique,
            duplicates=self.received - unique,
            strays=self.strays,
            message_ids=len(self.message_ids),
            first_at=self.first_at,
            last_at=self.last_at,
        )


def _value(message: bytearray, name: bytes) -> bytes:
    """The rest of the line after `name`, or nothing."""
    at = message.find(name)
    if at < 0:
        return b""
    at += len(name)
    return bytes(message[at : message.find(b"\r\n", at)])


class SinkProtocol(asyncio.Protocol):
    """One connection. Accepts everything; the tally is looked up anew so that a reset holds for all."""

    def __init__(self, sink: "Sink") -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._in_data = False
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is not a subclass
        self._sink.transports.add(self._transport)
        self._say([_GREETING])

    @override
    def data_received(self, data: bytes) -> None:
        searched = max(0, len(self._buffer) - len(_END))
        self._buffer += data
        replies: list[bytes] = []
        while self._step(replies, searched):
            searched = 0
        if replies:
            self._say(replies)

    @override
    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is not None:
            self._sink.transports.discard(self._transport)

    def _say(self, replies: list[bytes]) -> None:
        if self._sink.delay_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self._sink.delay_s, self._write, replies)
        else:
            self._write(replies)

    def _write(self, replies: list[bytes]) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(b"".join(replies))
        if replies[-1] is _BYE:
            self._transport.close()

    def _step(self, replies: list[bytes], searched: int) -> bool:
        """Take one command or one whole message from the buffer; False when none is complete."""
        if self._in_data:
            end = self._buffer.find(_END, searched)
            if end < 0:
                return False
            self._sink.tally.add(self._buffer[:end])
            del self._buffer[: end + len(_END)]
            self._in_data = False
            replies.append(_OK)
            return True
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        reply = _REPLIES.get(bytes(self._buffer[:4]).upper(), _UNKNOWN)
        replies.append(reply)
        if reply is _GO_AHEAD:
            self._in_data = True
            del self._buffer[
                :end
            ]  # the line end stays: it starts the first header line like any other
        else:
            del self._buffer[: end + 2]
        return True


class Sink:
    """The counting server inside this process. With `delay_s` it says everything so much later."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.delay_s = 0.0
        self.transports: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, address: str = "127.0.0.1", port: int = 0) -> int:
        """Accept on an address of loopback, by default on a free port; the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SinkProtocol(self), address, port, backlog=_BACKLOG
        )
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        for transport in list(self.transports):
            transport.abort()
        await asyncio.sleep(0)  # connections are told in the loop's next turn

    def reset(self, run: str, *, sample_every: int = 0) -> None:
        """Forget everything; from now on ids of `run` are expected."""
        self.tally = Tally(prefix=run.encode() + b"-", sample_every=sample_every)

    async def wait(self, messages: int, *, timeout_s: float) -> Counts:
        """The counts as soon as so many different messages are here, or when the time is up."""
        tally = self.tally
        tally.wanted = messages
        if len(tally.arrived) >= messages:
            return tally.counts()
        tally.enough.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(tally.enough.wait(), timeout_s)
        return tally.counts()


class _Order(msgspec.Struct):
    """One line of the control channel; which fields count depends on `op`."""

    op: str
    run: str = ""
    sample_every: int = 0
    messages: int = 0
    timeout_s: float = 0.0
    delay_s: float = 0.0


async def _answer(sink: Sink, order: _Order) -> object:
    match order.op:
        case "reset":
            sink.reset(order.run, sample_every=order.sample_every)
            return None
        case "delay":
            sink.delay_s = order.delay_s
            return None
        case "wait":
            return await sink.wait(order.messages, timeout_s=order.timeout_s)
        case "arrivals":
            return {name.decode(): at for name, at in sink.tally.arrived.items()}
        case "samples":
            return [base64.b64encode(raw).decode() for raw in sink.tally.samples]
        case _:
            raise BenchError(f"unknown order {order.op!r}")


async def _main() -> None:
    """Listen on the address and port of the arguments, print the port, then serve orders until stdin closes."""
    sink = Sink()
    address, port = sys.argv[1:]
    sys.stdout.buffer.write(b"%d\n" % await sink.listen(address, int(port)))
    sys.stdout.buffer.flush()
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        answer = await _answer(sink, msgspec.json.decode(line, type=_Order))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


class SinkChild(Child):
    """The sink as its parent sees it. By default it takes a free port."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__("pillarbox.bench.sink", address, str(port))
        self.port = self.read(int, timeout_s=20.0)

    def reset(self, run: str, *, sample_every: int = 0) -> None:
        """Forget everything; from now on ids of `run` are expected, every k-th message is kept."""
        order = {"op": "reset", "run": run, "sample_every": sample_every}
        self.call(order, type(None), timeout_s=10.0)

    def delay(self, seconds: float) -> None:
        """From now on, say everything so much later."""
        self.call({"op": "delay", "delay_s": seconds}, type(None), timeout_s=10.0)

    def wait(self, messages: int, *, timeout_s: float) -> Counts:
        """The counts as soon as so many different messages are there, or when the time is up."""
        order = {"op": "wait", "messages": messages, "timeout_s": timeout_s}
        return self.call(order, Counts, timeout_s=timeout_s + 10.0)

    def arrivals(self) -> dict[str, float]:
        """When each message arrived, by its bench id; seconds of CLOCK_MONOTONIC."""
        return self.call({"op": "arrivals"}, dict[str, float], timeout_s=30.0)

    def samples(self) -> list[bytes]:
        """The messages that were kept, as they were before dot-stuffing."""
        encoded = self.call({"op": "samples"}, list[str], timeout_s=30.0)
        return [base64.b64decode(text) for text in encoded]


if __name__ == "__main__":
    gc.disable()  # nothing here makes cycles, and a collection would show in the latencies
    uvloop.run(_main())
