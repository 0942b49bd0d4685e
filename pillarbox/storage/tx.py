"""A transaction as the stores see it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Row, Table

from pillarbox.storage import dialect

NO_TAKERS: Mapping[str, Any] = {}


class Tx:
    """One transaction: statements, the instant it stands for, and whom to tell after the commit."""

    __slots__ = ("_takers", "connection", "handed", "now", "wakes")

    def __init__(
        self, connection: Connection, now: datetime, takers: Mapping[str, Any] = NO_TAKERS
    ) -> None:
        self.connection = connection
        self.now = now
        self._takers = takers
        self.wakes: dict[str, set[str]] = {}
        self.handed: dict[str, list[Any]] = {}

    def run(self, statement: Executable, parameters: Any = None) -> int:
        """Execute a statement; the number of rows it changed."""
        return self.connection.execute(statement, parameters).rowcount

    def rows(self, statement: Executable, parameters: Any = None) -> Sequence[Row[Any]]:
        """All rows of a query."""
        return self.connection.execute(statement, parameters).all()

    def first(self, statement: Executable, parameters: Any = None) -> Row[Any] | None:
        """The first row of a query, or None."""
        return self.connection.execute(statement, parameters).first()

    def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """The first column of the first row, or None."""
        return self.connection.execute(statement, parameters).scalar()

    def insert_many(
        self, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert rows of stored values (times as microseconds, JSON as text) in very few statements."""
        if rows:
            dialect.insert_many(self.connection, table, columns, rows)

    def add_many(
        self,
        table: Table,
        columns: tuple[str, ...],
        rows: Sequence[tuple[Any, ...]],
        *,
        added: tuple[str, ...],
    ) -> None:
        """The same for rows of counters: where the primary key is there already, the columns `added` are added to.

        No two rows may have the same key.
        """
        if rows:
            dialect.insert_many(self.connection, table, columns, rows, added=added)

    def insert_new(
        self,
        table: Table,
        columns: tuple[str, ...],
        rows: Sequence[tuple[Any, ...]],
        *,
        returning: tuple[str, ...],
    ) -> list[tuple[Any, ...]]:
        """Insert those rows of stored values that no unique index has yet; of each that was, these columns."""
        if not rows:
            return []
        return dialect.insert_new(self.connection, table, columns, rows, returning=returning)

    def find_many(
        self,
        table: Table,
        columns: tuple[str, ...],
        rows: Sequence[tuple[Any, ...]],
        *,
        unless_empty: Table,
    ) -> list[tuple[Any, ...]]:
        """Those of the rows that the table has, by primary key; and a row of None unless the other is empty."""
        if not rows:
            return []
        return dialect.find_many(self.connection, table, columns, rows, unless_empty=unless_empty)

    def wake(self, topic: str, *hints: str) -> None:
        """Once committed, wake whoever listens to a topic."""
        self.wakes.setdefault(topic, set()).update(hints)

    def taker(self, topic: str) -> Any:
        """Who in this process takes what is handed over for a topic; None when nobody does."""
        return self._takers.get(topic)

    def hand_over(self, topic: str, item: Any) -> None:
        """Once committed, give an item to the topic's taker, before its callers are answered."""
        self.handed.setdefault(topic, []).append(item)
