"""One commit for the work of many callers: each part under a savepoint; what one spoils is done again."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection

from pillarbox.errors import Unavailable
from pillarbox.storage import dialect, engines
from pillarbox.storage.tx import Tx

log = logging.getLogger(__name__)

REPEATS = 5  # of a transaction that PostgreSQL ended because another was in its way

Outcome = Any  # a result, or the exception to raise in the caller
Begin = Callable[[], AbstractContextManager[Tx]]


class Job:
    """Work of one caller: items for a shared function, or a function of its own (then `items` is None)."""

    __slots__ = ("future", "items", "work")

    def __init__(self, work: Callable[..., Any], items: Sequence[Any] | None = None) -> None:
        self.work = work
        self.items = items
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where the caller waits."""
        return self.future.get_loop()

    @property
    def size(self) -> int:
        """Its items, or 1."""
        return 1 if self.items is None else len(self.items)

    def answer(self, outcome: Outcome) -> None:
        """Tell the caller; in the thread of its loop."""
        if self.future.cancelled():
            return
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


def run(jobs: list[Job], begin: Begin, *, repeats: int = REPEATS) -> tuple[list[Outcome], list[Tx]]:
    """The outcome of each job, after one commit for all of them; and what was committed."""
    try:
        outcomes, tx = _commit(jobs, begin)
    except Exception as problem:  # noqa: BLE001 - whatever happens, every caller gets an answer
        if repeats and dialect.may_be_repeated(problem):
            log.info("transaction repeated", extra={"reason": str(problem), "jobs": len(jobs)})
            return run(jobs, begin, repeats=repeats - 1)
        if dialect.is_outage(problem):
            log.error("database refused work", extra={"reason": str(problem), "jobs": len(jobs)})
            return [Unavailable(str(problem))] * len(jobs), []
        if len(jobs) == 1:
            return [problem], []
        parts = [run([job], begin) for job in jobs]
        outcomes = [one for part, _ in parts for one in part]
        return outcomes, [tx for _, done in parts for tx in done]
    return outcomes, [tx]


def _commit(jobs: list[Job], begin: Begin) -> tuple[list[Outcome], Tx]:
    with begin() as tx:
        outcomes: dict[Job, Outcome] = {}
        parts = _by_work(jobs)
        for work, part in parts:
            outcomes.update(_run_together(tx, work, part, alone=len(parts) == 1))
    return [outcomes[job] for job in jobs], tx


def _by_work(jobs: list[Job]) -> list[tuple[Callable[..., Any], list[Job]]]:
    """Jobs that share a function together; the others each by itself; in order of arrival."""
    shared: dict[Callable[..., Any], list[Job]] = {}
    parts: list[tuple[Callable[..., Any], list[Job]]] = []
    for job in jobs:
        if job.items is not None and job.work in shared:
            shared[job.work].append(job)
            continue
        part = [job]
        parts.append((job.work, part))
        if job.items is not None:
            shared[job.work] = part
    return parts


def _run_together(
    tx: Tx, work: Callable[..., Any], jobs: list[Job], *, alone: bool
) -> dict[Job, Outcome]:
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


def _run_part(tx: Tx, work: Callable[..., Any], jobs: list[Job]) -> dict[Job, Outcome]:
    if jobs[0].items is None:
        return {jobs[0]: work(tx)}
    items = [item for job in jobs for item in job.items or ()]
    results = list(work(tx, items))
    outcomes: dict[Job, Outcome] = {}
    start = 0
    for job in jobs:
        end = start + len(job.items or ())
        outcomes[job] = results[start:end]
        start = end
    return outcomes
