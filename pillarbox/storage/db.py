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
import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from pillarbox.clock import Clock
from pillarbox.errors import Refused, Unavailable
from pillarbox.storage import dialect, engines
from pillarbox.storage.line import Line
from pillarbox.storage.tx import Tx
from pillarbox.storage.wake import Wake

log = logging.getLogger(__name__)

R = TypeVar("R")
Item = TypeVar("Item")
Result = TypeVar("Result")

READERS = 4
POSTGRES_WRITERS = 2  # for work of one caller
POSTGRES_GROUP_WRITERS = 2  # for what callers share
LINE_REST_S = 1.0  # a PostgreSQL that was not asked for longer may have been restarted meanwhile
MAX_GROUP = 512
REPEATS = 5  # of a transaction that PostgreSQL ended because another was in its way

Outcome = Any  # a result, or the exception to raise in the caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How busy a database's connections and threads are, in this process."""

    connections_used: int
    connections_max: int
    writes_waiting: int
    reads_waiting: int


class _Job:
    """Work of one caller: items for a shared function, or a function of its own (then `items` is None)."""

    __slots__ = ("future", "items", "loop", "work")

    def __init__(self, work: Callable[..., Any], items: Sequence[Any] | None) -> None:
        self.work = work
        self.items = items
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()


_Queue = queue.SimpleQueue[_Job | None]


class Database:
    """One database of either kind. `start` before use, `stop` at the end."""

    def __init__(self, url: str, *, clock: Clock, wake: Wake) -> None:
        self.clock = clock
        self.wake = wake
        self.is_sqlite = url.startswith("sqlite")
        self.engine: Engine
        self._lines: Engine
        if self.is_sqlite:
            self.engine = self._lines = engines.sqlite_engine(url, connections=READERS + 3)
        else:
            self.engine = engines.postgres_engine(url, connections=READERS)
            lines = POSTGRES_WRITERS + POSTGRES_GROUP_WRITERS
            self._lines = engines.postgres_line_engine(url, connections=lines)
        self._queue = _Queue()
        self._shared = (
            [self._queue] if self.is_sqlite else [_Queue() for _ in range(POSTGRES_GROUP_WRITERS)]
        )
        self._shared_of: dict[Callable[..., Any], _Queue] = {}
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._writers: list[tuple[threading.Thread, _Queue]] = []

    def start(self) -> None:
        """Start the writer threads."""
        queues = (
            [self._queue] if self.is_sqlite else [self._queue] * POSTGRES_WRITERS + self._shared
        )
        for number, jobs in enumerate(queues):
            thread = threading.Thread(
                target=self._write_loop, args=(jobs,), name=f"writer-{number}", daemon=True
            )
            thread.start()
            self._writers.append((thread, jobs))

    def stop(self) -> None:
        """Finish the work that waits, then close all connections."""
        for _, jobs in self._writers:
            jobs.put(None)
        for thread, _ in self._writers:
            thread.join()
        self._writers.clear()
        self._readers.shutdown()
        self._lines.dispose()
        self.engine.dispose()

    async def write(self, work: Callable[[Tx], R]) -> R:
        """Run work in a transaction; returns when it is committed. What work raises undoes it and is raised here.

        Raises Unavailable when the database cannot take it now.
        """
        job = _Job(work, None)
        self._queue.put(job)
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
        job = _Job(work, items)
        self._queue_of(work).put(job)
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
        pools: set[Any] = {self.engine.pool, self._lines.pool}
        return Load(
            connections_used=sum(pool.checkedout() for pool in pools),
            connections_max=sum(pool.size() for pool in pools),
            writes_waiting=sum(jobs.qsize() for jobs in {self._queue, *self._shared}),
            reads_waiting=self._readers._work_queue.qsize(),  # noqa: SLF001 - there is no other way to ask
        )

    def _queue_of(self, work: Callable[..., Any]) -> _Queue:
        """Where work that callers share waits: all of it for the same writer, so that groups are large."""
        shared = self._shared_of.get(work)
        if shared is None:
            turn = len(self._shared_of) % len(self._shared)
            shared = self._shared_of[work] = self._shared[turn]
        return shared

    def _write_loop(self, jobs: _Queue) -> None:
        line = Line(self._lines, rest_s=None if self.is_sqlite else LINE_REST_S)
        while (job := jobs.get()) is not None:
            group, is_last = _gather(jobs, job)
            outcomes, committed = self._run_group(group, line)
            self._settle(group, outcomes, committed)
            if is_last:
                break
        line.close()

    def _run_group(
        self, group: list[_Job], line: Line, *, repeats: int = REPEATS
    ) -> tuple[list[Outcome], list[Tx]]:
        """The outcome of each job, after one commit for all of them; and what was committed."""
        try:
            outcomes, tx = self._commit_group(group, line)
        except Exception as problem:  # noqa: BLE001 - whatever happens, every caller gets an answer
            if repeats and dialect.may_be_repeated(problem):
                log.info("transaction repeated", extra={"reason": str(problem), "jobs": len(group)})
                return self._run_group(group, line, repeats=repeats - 1)
            if dialect.is_outage(problem):
                log.error(
                    "database refused work", extra={"reason": str(problem), "jobs": len(group)}
                )
                return [Unavailable(str(problem))] * len(group), []
            if len(group) == 1:
                return [problem], []
            parts = [self._run_group([job], line) for job in group]
            outcomes = [one for part, _ in parts for one in part]
            return outcomes, [tx for _, done in parts for tx in done]
        return outcomes, [tx]

    def _commit_group(self, group: list[_Job], line: Line) -> tuple[list[Outcome], Tx]:
        with line.begin() as connection:
            tx = Tx(connection, self.clock.now(), self.wake.takers)
            outcomes: dict[_Job, Outcome] = {}
            parts = _by_work(group)
            for work, jobs in parts:
                outcomes.update(_run_together(tx, work, jobs, alone=len(parts) == 1))
        return [outcomes[job] for job in group], tx

    def _settle(self, group: list[_Job], outcomes: list[Outcome], committed: list[Tx]) -> None:
        """Answer every caller and tell the news, with one call into each event loop."""
        answers: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Outcome]]] = {}
        for job, outcome in zip(group, outcomes, strict=True):
            answers.setdefault(job.loop, []).append((job.future, outcome))
        for loop, pairs in answers.items():
            news = committed if loop is group[0].loop else []
            loop.call_soon_threadsafe(self._answer, pairs, news)

    def _answer(
        self, pairs: list[tuple[asyncio.Future[Any], Outcome]], committed: list[Tx]
    ) -> None:
        for future, outcome in pairs:
            if future.cancelled():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        # Callers come first: a process that is woken by news may have the processor before they are answered.
        for tx in committed:
            if tx.wakes or tx.handed:
                self.wake.notify(tx.wakes, tx.handed)


def _gather(jobs: _Queue, first: _Job) -> tuple[list[_Job], bool]:
    """Everything that waits now, up to a limit, and whether the stop mark was among it."""
    group = [first]
    size = len(first.items or (1,))
    while size < MAX_GROUP:
        try:
            job = jobs.get_nowait()
        except queue.Empty:
            break
        if job is None:
            return group, True
        group.append(job)
        size += len(job.items or (1,))
    return group, False


def _by_work(group: list[_Job]) -> list[tuple[Callable[..., Any], list[_Job]]]:
    """Jobs that share a function together; the others each by itself; in order of arrival."""
    shared: dict[Callable[..., Any], list[_Job]] = {}
    parts: list[tuple[Callable[..., Any], list[_Job]]] = []
    for job in group:
        if job.items is not None and job.work in shared:
            shared[job.work].append(job)
            continue
        jobs = [job]
        parts.append((job.work, jobs))
        if job.items is not None:
            shared[job.work] = jobs
    return parts


def _run_together(
    tx: Tx, work: Callable[..., Any], jobs: list[_Job], *, alone: bool
) -> dict[_Job, Outcome]:
    """Run one part of the group under a savepoint; on failure, each of its jobs again by itself."""
    connection = tx.connection
    if alone:
        return _run_part(tx, work, jobs)
    wakes = {topic: set(hints) for topic, hints in tx.wakes.items()}
    handed = {topic: list(items) for topic, items in tx.handed.items()}
    dialect.execute(connection, "SAVEPOINT part")
    try:
        outcomes = _run_part(tx, work, jobs)
        engines.confirm(connection)
    except Exception as problem:
        if not _may_go_on(connection, problem):
            raise
        engines.roll_back_to(connection, "part")
        tx.wakes, tx.handed = wakes, handed
        if len(jobs) == 1:
            return {jobs[0]: problem}
        return {
            job: outcome
            for one in jobs
            for job, outcome in _run_together(tx, work, [one], alone=False).items()
        }
    dialect.execute(connection, "RELEASE part")
    return outcomes


def _may_go_on(connection: Connection, problem: Exception) -> bool:
    """Whether the rest of the transaction may still be done (SQLite ends it by itself on some errors)."""
    if dialect.is_outage(problem) or dialect.may_be_repeated(problem) or connection.invalidated:
        return False
    driver: Any = connection.connection.driver_connection
    return bool(getattr(driver, "in_transaction", True))


def _run_part(tx: Tx, work: Callable[..., Any], jobs: list[_Job]) -> dict[_Job, Outcome]:
    if jobs[0].items is None:
        return {jobs[0]: work(tx)}
    items = [item for job in jobs for item in job.items or ()]
    results = list(work(tx, items))
    outcomes: dict[_Job, Outcome] = {}
    start = 0
    for job in jobs:
        end = start + len(job.items or ())
        outcomes[job] = results[start:end]
        start = end
    return outcomes
