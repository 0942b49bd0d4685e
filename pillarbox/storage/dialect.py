"""The only code that knows which database it is talking to, beside `storage.engines`.

Ordinary statements go through SQLAlchemy Core and need nothing from here. The few statements of the hot path
insert many rows at once; each database has its own fastest form of that: SQLite one multi-row VALUES (the
interpreter's lock is given up once, not once a row), PostgreSQL one array per column. What needs PostgreSQL's
driver is in `storage.postgres`, which is imported where that database is used (decision 0015).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    any_,
    func,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert

# SQLite takes at most 32,766 values in a statement, and compiling a long one costs: few sizes, reused.
_CHUNKS = (128, 32, 8, 4, 2, 1)

_COUNTER = "own counter"
# The class of the locks may be any number that nothing else uses.
_FREE_COUNTER = """
    SELECT n FROM generate_series(0, 999) n WHERE pg_try_advisory_lock(7264656, n) LIMIT 1
"""


def is_sqlite(connection: Connection) -> bool:
    """Whether this is a connection to SQLite."""
    return connection.dialect.name == "sqlite"


def insert(connection: Connection, table: Table) -> "SqliteInsert | PostgresInsert":
    """An INSERT that offers `on_conflict_do_update` and `on_conflict_do_nothing` on this database."""
    return sqlite.insert(table) if is_sqlite(connection) else postgres().insert(table)


def is_one_of(
    connection: Connection, column: ColumnElement[int], query: Select[tuple[int]]
) -> ColumnElement[bool]:
    """That a column of big integers is among what a query finds, each of which is looked up in the column's index.

    PostgreSQL would rather read a long range of that index to merge it with the query.
    """
    if is_sqlite(connection):
        return column.in_(query)
    every = func.array(query.scalar_subquery(), type_=ARRAY(BigInteger))
    return column == any_(every)


def execute(connection: Connection, statement: str) -> None:
    """Run a bare statement without results by the driver itself: it says something about the transaction only."""
    driver: Any = connection.connection.driver_connection
    driver.execute(statement)


def sqlite_rows(
    connection: Connection, statement: str, each: Sequence[dict[str, Any]]
) -> list[tuple[Any, ...]]:
    """The rows of a statement written for SQLite, run once for each set of parameters, by the driver itself."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return [row for parameters in each for row in driver.execute(statement, parameters)]


def sqlite_each(
    connection: Connection, statement: str, parameters: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement written for SQLite as the driver finds them, not all at once."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return iter(driver.execute(statement, parameters))


def postgres_rows(
    connection: Connection, statement: str, *columns: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """The rows of a statement written for PostgreSQL, run by the driver itself; its parameters are arrays."""
    rows: list[tuple[Any, ...]] = postgres().rows(connection, statement, columns)
    return rows


def postgres_run(connection: Connection, statement: str, *columns: Sequence[Any]) -> None:
    """Run a statement written for PostgreSQL by the driver itself; its parameters are arrays."""
    postgres().run(connection, statement, columns)


def postgres_each(
    connection: Connection, statement: str, parameters: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement written for PostgreSQL as they arrive, in the binary format."""
    rows: Iterator[tuple[Any, ...]] = postgres().each(connection, statement, parameters)
    return rows


def sqlite_run(connection: Connection, statement: str, each: Sequence[dict[str, Any]]) -> None:
    """Run a statement written for SQLite once for each set of parameters, by the driver itself."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.executemany(statement, each)


def insert_many(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    *,
    added: tuple[str, ...] = (),
) -> None:
    """Insert rows of stored values (see storage.types) in as few statements as the database allows.

    With `added`, a row whose primary key is there already adds these columns to it instead.
    """
    _insert(connection, table, columns, rows, adding(table, added))


def insert_new(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    *,
    returning: tuple[str, ...],
) -> list[tuple[Any, ...]]:
    """Insert those rows of stored values that no unique index has yet; of each that was, these columns."""
    ending = f" ON CONFLICT DO NOTHING RETURNING {','.join(returning)}"
    return _insert(connection, table, columns, rows, ending)


def find_many(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    *,
    unless_empty: Table,
) -> list[tuple[Any, ...]]:
    """Those of the rows that the table has; `columns` are its primary key.

    One more row, all None, stands for `unless_empty`: it is there when that table has any row.
    """
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        return _sqlite_find(driver, table, columns, rows, unless_empty)
    found: list[tuple[Any, ...]]
    found = postgres().find_many(driver, table, columns, rows, unless_empty)
    return found


def own_counter(connection: Connection) -> int:
    """A number that no other connection to the database has now: where it may count without waiting for others.

    A small one, so that there are few counters to add up. On PostgreSQL a connection keeps the lowest free number,
    by a lock that lasts as long as the connection.
    """
    if is_sqlite(connection):
        return 0
    own = connection.info.get(_COUNTER)
    if own is None:
        own = connection.exec_driver_sql(_FREE_COUNTER).scalar()
        if own is None:
            own = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        connection.info[_COUNTER] = own
    return int(own)


def keep_for_itself(connection: Connection, table: Table) -> None:
    """Let no other transaction change a table, nor take this lock, until this one ends; it may still be read."""
    if not is_sqlite(connection):
        connection.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")


def _insert(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    ending: str,
) -> list[tuple[Any, ...]]:
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        return _sqlite_insert(driver, table, columns, rows, ending)
    inserted: list[tuple[Any, ...]]
    inserted = postgres().insert_many(driver, table, columns, rows, ending)
    return inserted


def _sqlite_insert(
    driver: sqlite3.Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    ending: str,
) -> list[tuple[Any, ...]]:
    inserted: list[tuple[Any, ...]] = []
    done = 0
    for size in _CHUNKS:
        statement = _sqlite_statement(table, columns, size, ending)
        while len(rows) - done >= size:
            values = [value for row in rows[done : done + size] for value in row]
            inserted += driver.execute(statement, values)
            done += size
    return inserted


def _sqlite_find(
    driver: sqlite3.Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    unless_empty: Table,
) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(rows), _CHUNKS[0]):
        part = rows[start : start + _CHUNKS[0]]
        size = min(size for size in _CHUNKS if size >= len(part))
        values = [value for row in part for value in row]
        # What is missing to the size of the statement is the last row again.
        values += list(part[-1]) * (size - len(part))
        found += driver.execute(_sqlite_search(table, columns, size, unless_empty), values)
    return found


@lru_cache
def _sqlite_search(table: Table, columns: tuple[str, ...], rows: int, unless_empty: Table) -> str:
    holes = ",".join(["(" + ",".join("?" * len(columns)) + ")"] * rows)
    return search(table, columns, f"VALUES {holes}", unless_empty)


def search(table: Table, columns: tuple[str, ...], wanted: str, unless_empty: Table) -> str:
    """The statement of `find_many`, over rows that a query gives."""
    names = ",".join(columns)
    return (
        f"WITH wanted ({names}) AS ({wanted}) "  # noqa: S608 - names of our own
        f"SELECT {names} FROM wanted JOIN {table.name} USING ({names}) UNION ALL "
        f"SELECT {','.join(['NULL'] * len(columns))} WHERE EXISTS (SELECT 1 FROM {unless_empty.name})"
    )


@lru_cache
def _sqlite_statement(table: Table, columns: tuple[str, ...], rows: int, ending: str) -> str:
    holes = ",".join(["(" + ",".join("?" * len(columns)) + ")"] * rows)
    insert_rows = f"INSERT INTO {table.name} ({','.join(columns)}) VALUES {holes}"  # noqa: S608 - names of our own
    return insert_rows + ending


@lru_cache
def adding(table: Table, added: tuple[str, ...]) -> str:
    """The end of an INSERT that adds to rows which are there already."""
    if not added:
        return ""
    key = ",".join(column.name for column in table.primary_key)
    sums = ",".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in added)
    return f" ON CONFLICT ({key}) DO UPDATE SET {sums}"


@contextmanager
def overwriting(connection: Connection) -> Iterator[None]:
    """While this lasts, SQLite overwrites what is deleted with zeros instead of leaving it in the file.

    PostgreSQL keeps old rows until it is vacuumed, which it sees to by itself.
    """
    if not is_sqlite(connection):
        yield
        return
    connection.exec_driver_sql("PRAGMA secure_delete=ON")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")


def database_size(connection: Connection) -> int:
    """The bytes that the database takes, as far as it knows."""
    if is_sqlite(connection):
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    query = "SELECT pg_database_size(current_database())"
    return int(connection.exec_driver_sql(query).scalar_one())


def database_version(connection: Connection) -> str:
    """The version of the database's software."""
    query = "SELECT sqlite_version()" if is_sqlite(connection) else "SHOW server_version"
    return str(connection.exec_driver_sql(query).scalar_one())


def database_time(connection: Connection) -> datetime:
    """What the database takes for now."""
    if is_sqlite(connection):
        query = "SELECT (julianday('now') - 2440587.5) * 86400.0"
    else:
        query = "SELECT extract(epoch FROM clock_timestamp())"
    return datetime.fromtimestamp(float(connection.exec_driver_sql(query).scalar_one()), UTC)


def is_outage(problem: BaseException) -> bool:
    """Whether the database could not do the work now (full disk, lost connection), whatever the work was."""
    if isinstance(problem, DBAPIError) and problem.connection_invalidated:
        return True
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    if _is_of_postgres(cause) and (verdict := postgres().is_outage(cause)) is not None:
        return bool(verdict)
    if isinstance(cause, sqlite3.OperationalError):
        return any(
            word in str(cause)
            for word in ("full", "disk I/O", "readonly", "unable to open", "locked")
        )
    return isinstance(problem, InterfaceError | OperationalError)


def may_be_repeated(problem: BaseException) -> bool:
    """Whether the same work may well succeed when done again at once (deadlock, serialization)."""
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    return _is_of_postgres(cause) and bool(postgres().may_be_repeated(cause))


def _is_of_postgres(cause: BaseException | None) -> bool:
    return type(cause).__module__.partition(".")[0] == "psycopg"


def postgres() -> ModuleType:
    """`storage.postgres`, imported only now."""
    from pillarbox.storage import postgres

    return postgres
