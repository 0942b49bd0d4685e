"""The load generator, in its own process: floods a door, or knocks at an even pace and keeps the times.

`python -m pillarbox.bench.load` takes one Plan per line and answers with what it saw; see process.Child.
How a message goes over the wire stands in load_http, load_smtp and load_hits; here is who sends what, and when.
"""

import asyncio
import gc
import sys

import msgspec
import uvloop

from pillarbox.bench.load_hits import HitConnection
from pillarbox.bench.load_http import HttpConnection
from pillarbox.bench.load_smtp import SmtpConnection
from pillarbox.bench.load_work import Work
from pillarbox.bench.model import Door, Plan, Sent
from pillarbox.bench.process import Child

_KINDS: dict[Door, type[HttpConnection | SmtpConnection]] = {
    Door.SMTP: SmtpConnection,
    Door.INBOUND: SmtpConnection,
    Door.HITS: HitConnection,
}


async def send(plan: Plan) -> Sent:
    """Carry out one plan against 127.0.0.1. Never raises for what the server does: it is counted."""
    work = Work(plan)
    connections: list[HttpConnection | SmtpConnection] = []
    try:
        async with asyncio.timeout(plan.timeout_s):
            await _connect(plan, work, connections)
            await work.opened()
            if plan.rate:
                await work.pace()
            else:
                work.release()
            await work.finished.wait()
    except (TimeoutError, OSError) as error:
        work.stop(f"{type(error).__name__}: {error}")
    finally:
        for connection in connections:
            connection.close()
    return work.sent()


async def _connect(
    plan: Plan, work: Work, connections: list[HttpConnection | SmtpConnection]
) -> None:
    loop = asyncio.get_running_loop()
    kind = _KINDS.get(plan.door, HttpConnection)
    for _ in range(plan.connections):
        _, connection = await loop.create_connection(lambda: kind(work), "127.0.0.1", plan.port)
        connections.append(connection)


async def _main() -> None:
    """Carry out one plan per line of stdin until it closes."""
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        answer = await send(msgspec.json.decode(line, type=Plan))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


class LoadChild(Child):
    """The load generator as its parent sees it."""

    def __init__(self) -> None:
        super().__init__("pillarbox.bench.load")

    def send(self, plan: Plan) -> Sent:
        """Carry out one plan; returns when everything is answered or the plan's time is up."""
        return self.call(plan, Sent, timeout_s=plan.timeout_s + 10.0)


if __name__ == "__main__":
    gc.disable()  # a collection in the middle would show in the latencies
    uvloop.run(_main())
