"""What needs PostgreSQL's driver: its statements for many rows, its errors, and waking other nodes.

Imported only where that database is used: the driver takes ten megabytes of every process (decision 0015).
"""

import asyncio
import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors as pg
from sqlalchemy import Connection, Engine, LargeBinary, Table, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import Insert

from pillarbox.storage import dialect
from pillarbox.storage.wake import Wake

log = logging.getLogger(__name__)

CHANNEL = "pillarbox"
NOTIFY_EVERY_S = 0.2
_PIPELINE = "pipeline"

Driver = psycopg.Connection[Any]


def insert(table: Table) -> Insert:
    """An INSERT that knows ON CONFLICT."""
    return postgresql.insert(table)


def insert_many(
    driver: Driver,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    ending: str,
) -> list[tuple[Any, ...]]:
    """`dialect.insert_many` and `insert_new`, one array a column; `ending` is the end of the statement."""
    statement = (_insertion(table, columns) + ending).encode()
    cursor = driver.execute(statement, [_array(column) for column in zip(*rows, strict=True)])
    return cursor.fetchall() if "RETURNING" in ending else []


def find_many(
    driver: Driver,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    unless_empty: Table,
) -> list[tuple[Any, ...]]:
    """`dialect.find_many`, one array a column."""
    statement = _finding(table, columns, unless_empty)
    return driver.execute(statement, [_array(one) for one in zip(*rows, strict=True)]).fetchall()


def rows(
    connection: Connection, statement: str, columns: Sequence[Sequence[Any]]
) -> list[tuple[Any, ...]]:
    """`dialect.postgres_rows`."""
    cursor = _driver(connection).execute(statement.encode(), [_array(one) for one in columns])
    return cursor.fetchall()


def run(connection: Connection, statement: str, columns: Sequence[Sequence[Any]]) -> None:
    """`dialect.postgres_run`."""
    _driver(connection).execute(statement.encode(), [_array(one) for one in columns])


def each(
    connection: Connection, statement: str, parameters: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    """`dialect.postgres_each`: a whole result would be copied twice as it grows."""
    with _driver(connection).cursor(binary=True) as cursor:
        yield from cursor.stream(statement.encode(), parameters)


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """`engines.together`: a transaction whose statements travel without waiting for one another's answers.

    So a commit costs two or three journeys to the server instead of one a statement.
    """
    driver, info = _driver(connection), connection.info
    try:
        with driver.pipeline() as info[_PIPELINE]:
            driver.execute(b"BEGIN")
            yield
            end = driver.execute(b"COMMIT")
    finally:
        info.pop(_PIPELINE, None)
    if end.statusmessage != "COMMIT":  # it was rolled back: somebody has swallowed what went wrong
        raise pg.InFailedSqlTransaction("the transaction had failed before its end")


def wait_for_each(engine: Engine) -> None:
    """Let SQLAlchemy's statements have their results at once in a pipeline, too: it looks for them right away."""

    def listen(method: str) -> None:
        @event.listens_for(engine, f"do_{method}")
        def _do(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
            getattr(cursor, method)(statement, parameters)
            if cursor.connection.info.pipeline_status:
                confirm(context.root_connection)
            return True

    listen("execute")
    listen("executemany")


def confirm(connection: Connection) -> None:
    """`engines.confirm`."""
    pipeline: psycopg.Pipeline | None = connection.info.get(_PIPELINE)
    if pipeline is not None:
        pipeline.sync()


def calm(connection: Connection) -> None:
    """Make a pipeline take statements again after one that failed."""
    with suppress(psycopg.DatabaseError):
        confirm(connection)


def is_outage(cause: BaseException) -> bool | None:
    """Whether an error of the driver means that the database is away or full; None when that is open."""
    if isinstance(
        cause, pg.DiskFull | pg.AdminShutdown | pg.CannotConnectNow | pg.TooManyConnections
    ):
        return True
    if isinstance(cause, psycopg.OperationalError):
        return cause.sqlstate is None or cause.sqlstate.startswith(("08", "57", "53"))
    return None


def may_be_repeated(cause: BaseException) -> bool:
    """Whether an error of the driver is about two transactions in each other's way."""
    return isinstance(cause, pg.DeadlockDetected | pg.SerializationFailure)


@lru_cache
def _finding(table: Table, columns: tuple[str, ...], unless_empty: Table) -> bytes:
    wanted = f"SELECT * FROM unnest({_arrays(table, columns)})"  # noqa: S608 - names of our own
    return dialect.search(table, columns, wanted, unless_empty).encode()


@lru_cache
def _insertion(table: Table, columns: tuple[str, ...]) -> str:
    names = ",".join(columns)
    arrays = _arrays(table, columns)
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608 - names of our own


def _arrays(table: Table, columns: tuple[str, ...]) -> str:
    compiler = postgresql.dialect()  # type: ignore[no-untyped-call]
    kinds = (table.c[name].type for name in columns)
    return ",".join(
        f"%{'b' if isinstance(kind, LargeBinary) else 't'}::{kind.compile(compiler)}[]"
        for kind in kinds
    )


def _array(values: Sequence[Any]) -> str | list[Any]:
    """Stored values as the server reads an array; the driver's own way makes an object of each value."""
    if bytes in map(type, values):
        return list(values)
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: str | int | bool | None) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else str(value)


def _driver(connection: Connection) -> Driver:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


class PostgresWake:
    """Carries topics between nodes by LISTEN and NOTIFY."""

    def __init__(self, wake: Wake, conninfo: str) -> None:
        self._wake = wake
        self._conninfo = conninfo
        self._origin = secrets.token_hex(8)
        self._outgoing: set[str] = set()
        self._has_outgoing = asyncio.Event()

    def send(self, topics: set[str]) -> None:
        """Queue topics for the next NOTIFY."""
        self._outgoing |= topics
        self._has_outgoing.set()

    async def run(self) -> None:
        """Listen and notify until cancelled; reconnects by itself when the database was away."""
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._listen())
                    tasks.create_task(self._notify())
            except* (psycopg.Error, OSError) as problems:
                log.warning("wake connection lost", extra={"reason": str(problems.exceptions[0])})
            await asyncio.sleep(1)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True
        ) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            async for notice in connection.notifies():
                origin, _, topic = notice.payload.partition(" ")
                if origin != self._origin:
                    self._wake.arrived(topic)

    async def _notify(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True
        ) as connection:
            while True:
                await self._has_outgoing.wait()
                self._has_outgoing.clear()
                topics, self._outgoing = self._outgoing, set()
                for topic in topics:
                    await connection.execute(
                        "SELECT pg_notify(%s, %s)", (CHANNEL, f"{self._origin} {topic}")
                    )
                await asyncio.sleep(NOTIFY_EVERY_S)
