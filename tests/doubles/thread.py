"""Running a double beside a test that has no event loop of its own, or in front of a whole process."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

Double = TypeVar("Double")


@contextmanager
def serve_in_thread(make: Callable[[], AbstractAsyncContextManager[Double]]) -> Iterator[Double]:
    """Run an asynchronous double in an event loop of its own thread while the block runs.

    make: called inside that loop, e.g. `lambda: ScriptedMx(rcpt="550 no")`. Attributes may be read
    and replaced from the test's thread.
    """
    started: Future[tuple[Double, Callable[[], object]]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_hold(make, started)), daemon=True)
    thread.start()
    double, stop = started.result(timeout=10)
    try:
        yield double
    finally:
        stop()
        thread.join(timeout=10)
        assert not thread.is_alive()


async def _hold(
    make: Callable[[], AbstractAsyncContextManager[Double]],
    started: "Future[tuple[Double, Callable[[], object]]]",
) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    try:
        async with make() as double:
            started.set_result((double, lambda: loop.call_soon_threadsafe(over.set)))
            await over.wait()
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)
