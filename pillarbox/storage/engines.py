"""Engines on both databases, and the transactions of writers."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from pillarbox.storage import dialect


def sqlite_engine(url: str, *, connections: int) -> Engine:
    """An engine on the embedded database, with transactions that begin as readers or as the writer."""
    engine = _sqlite_engine(url, connections=connections)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        kind = "DEFERRED" if connection.get_execution_options().get("reading") else "IMMEDIATE"
        dialect.execute(connection, f"BEGIN {kind}")

    return engine


def sqlite_line_engine(url: str) -> Engine:
    """An engine on the embedded database for its writer's line, whose transactions are opened by `together`."""
    return _sqlite_engine(url, connections=1)


def _sqlite_engine(url: str, *, connections: int) -> Engine:
    """WAL, every commit on disk before it returns, no transaction that is not asked for."""
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": 30, "cached_statements": 256},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "page_size=8192",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=30000",
            "cache_size=-16000",
            "temp_store=MEMORY",
            "wal_autocheckpoint=2000",
            "journal_size_limit=67108864",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def postgres_engine(url: str, *, connections: int, **options: Any) -> Engine:
    """An engine on PostgreSQL; statements of a session are prepared by the driver once they repeat.

    All of them are short: to compile one or to start workers for it costs more than it saves.
    """
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=2,
        pool_pre_ping=True,
        connect_args={"application_name": "pillarbox", "connect_timeout": 10},
        **options,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.execute("SET jit = off; SET max_parallel_workers_per_gather = 0")
        connection.commit()

    return engine


def postgres_line_engine(url: str, *, connections: int) -> Engine:
    """An engine on PostgreSQL for writers' lines, whose transactions are opened by `together`.

    Plans are kept as they were made, perhaps for an empty table. So that they stay right as it grows, rows are
    looked up by their index whatever the planner takes for cheaper.
    """
    engine = postgres_engine(url, connections=connections, isolation_level="AUTOCOMMIT")

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.execute(
            "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"
        )
        connection.commit()

    dialect.postgres().wait_for_each(engine)
    return engine


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """Everything between begin and commit on a writer's connection.

    On SQLite the driver commits as soon as this ends: what was told of that just before must not wait for more.
    On PostgreSQL a bare statement without a result may not have been looked at by the server when it returns: what
    is wrong with it comes up with the next statement that has a result, at `confirm`, or at the end.
    """
    if dialect.is_sqlite(connection):
        dialect.execute(connection, "BEGIN IMMEDIATE")
        yield
        dialect.execute(connection, "COMMIT")
        return
    with dialect.postgres().pipelined(connection):
        yield


def confirm(connection: Connection) -> None:
    """Wait until the server has done all statements so far; raises what was wrong with them."""
    if not dialect.is_sqlite(connection):
        dialect.postgres().confirm(connection)


def roll_back_to(connection: Connection, savepoint: str) -> None:
    """Undo everything since a savepoint, whatever came of it."""
    if not dialect.is_sqlite(connection):
        dialect.postgres().calm(connection)
    dialect.execute(connection, f"ROLLBACK TO {savepoint}")
