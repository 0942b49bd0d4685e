"""Rows for many keys of one table, on the hottest paths: to make the statement would cost more than to run it."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Table, text

from pillarbox.storage import dialect
from pillarbox.storage.tx import Tx


class ByKey:
    """Reads some columns of rows by a column of numbers. Make it once.

    Values come as they are stored (see storage.types), rows in no particular order.
    """

    __slots__ = ("_postgres", "_sqlite")

    def __init__(self, table: Table, key: str, *columns: str) -> None:
        head = f"SELECT {', '.join(columns)} FROM {table.name} WHERE {table.c[key].name}"  # noqa: S608 - names of our own
        self._sqlite = f"{head} = :key"
        self._postgres = text(f"{head} = ANY(CAST(:keys AS bigint[]))")

    def rows(self, tx: Tx, keys: Collection[int]) -> Sequence[Sequence[Any]]:
        """The rows of different keys."""
        if dialect.is_sqlite(tx.connection):
            return dialect.sqlite_rows(tx.connection, self._sqlite, [{"key": key} for key in keys])
        return tx.rows(self._postgres, {"keys": list(keys)}) if keys else ()
