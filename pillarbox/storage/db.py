"""The database: plain functions of a transaction, run in threads, many of them sharing one commit.

`await db.write(work)` hands `work(tx)` to a writer thread and returns its result once it is committed and on disk.
A writer takes all the work that waits, runs each piece under a savepoint of its own, and commits once (group
commit): callers see a transaction, the disk sees one fsync for many. SQLite has exactly one writer; PostgreSQL has
a few, each with its connection.

`await db.write_each(work, items)` goes further: pieces handed in by different callers for the same `work` are
passed to it together as one list, so that a store can write many rows with one statement. On PostgreSQL all work
of one kind goes to the same writer, so that its groups are large and mostly need no savepoints (decision 0020).

Reads run in reader threads; on SQLite the write-ahead log keeps them out of the writer's way.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pillarbox.clock import Clock
from pillarbox.errors import Refused, Unavailable
from pillarbox.storage import dialect, engines
from pillarbox.storage.group import Job
from pillarbox.storage.tx import Tx
from pillarbox.storage.wake import Wake
from pillarbox.storage.writers import EmbeddedWriter, Writers

R = TypeVar("R")
Item = TypeVar("Item")
Result = TypeVar("Result")

READERS = 4
POSTGRES_WRITERS = 2  # for work of one caller
POSTGRES_GROUP_WRITERS = 2  # for what callers share


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How busy a database's connections and threads are, in this process."""

    connections_used: int
    connections_max: int
    writes_waiting: int
    reads_waiting: int


class Database:
    """One database of either kind. `start` before use, `stop` at the end."""

    def __init__(self, url: str, *, clock: Clock, wake: Wake) -> None:
        self.clock = clock
        self.wake = wake
        self.is_sqlite = url.startswith("sqlite")
        self.engine: Engine
        self._lines: Engine
        self._own: Writers  # for work of one caller
        self._shared: list[Writers]
        if self.is_sqlite:
            self.engine = engines.sqlite_engine(url, connections=READERS + 2)
            self._lines = engines.sqlite_line_engine(url)
            self._own = EmbeddedWriter(self._lines, clock=clock, wake=wake)
            self._shared = [self._own]
        else:
            self.engine = engines.postgres_engine(url, connections=READERS)
            lines = POSTGRES_WRITERS + POSTGRES_GROUP_WRITERS
            self._lines = engines.postgres_line_engine(url, connections=lines)
            make = partial(Writers, self._lines, clock=clock, wake=wake)
            self._own = make(threads=POSTGRES_WRITERS)
            self._shared = [make() for _ in range(POSTGRES_GROUP_WRITERS)]
        self._all_writers = {self._own, *self._shared}
        self._writers_of_work: dict[Callable[..., Any], Writers] = {}
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    def start(self) -> None:
        """Start the writer threads."""
        for writers in self._all_writers:
            writers.start()

    def stop(self) -> None:
        """Finish the work that waits, then close all connections."""
        for writers in self._all_writers:
            writers.stop()
        self._readers.shutdown()
        self._lines.dispose()
        self.engine.dispose()

    async def write(self, work: Callable[[Tx], R]) -> R:
        """Run work in a transaction; returns when it is committed. What work raises undoes it and is raised here.

        Raises Unavailable when the database cannot take it now.
        """
        job = Job(work)
        self._own.post(job)
        result: R = await job.future
        return result

    async def write_each(
        self,
        work: Callable[[Tx, Sequence[Item]], Sequence[Result | Refused]],
        items: Sequence[Item],
    ) -> Sequence[Result | Refused]:
        """Run work over items together with those of other callers; the results, in the order of the items.

        An item whose work raises anything but Refused fails its own caller only.
        """
        job = Job(work, items)
        self._writers_of(work).post(job)
        results: Sequence[Result | Refused] = await job.future
        return results

    async def read(self, work: Callable[[Tx], R]) -> R:
        """Run work in a transaction that only reads. Raises Unavailable when the database is away."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, work)

    def read_now(self, work: Callable[[Tx], R]) -> R:
        """The same in the calling thread."""
        try:
            with self.engine.connect() as connection:
                connection.execution_options(reading=True)
                with connection.begin():
                    return work(Tx(connection, self.clock.now()))
        except SQLAlchemyError as problem:
            if dialect.is_outage(problem):
                raise Unavailable(str(problem)) from problem
            raise

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """A transaction in the calling thread, for commands and tests; commits unless the block raises."""
        with self.engine.begin() as connection:
            yield Tx(connection, self.clock.now())

    def load(self) -> Load:
        """How busy the connections and threads are."""
        pools: list[Any] = [self.engine.pool, self._lines.pool]
        return Load(
            connections_used=sum(pool.checkedout() for pool in pools),
            connections_max=sum(pool.size() for pool in pools),
            writes_waiting=sum(writers.waiting for writers in self._all_writers),
            reads_waiting=self._readers._work_queue.qsize(),  # noqa: SLF001 - there is no other way to ask
        )

    def _writers_of(self, work: Callable[..., Any]) -> Writers:
        """Who does work that callers share: the same for all of it, so that groups are large."""
        writers = self._writers_of_work.get(work)
        if writers is None:
            turn = len(self._writers_of_work) % len(self._shared)
            writers = self._writers_of_work[work] = self._shared[turn]
        return writers
