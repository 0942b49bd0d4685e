"""Rows for many keys of one table, on the hottest paths: to make the statement would cost more than to run it."""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Table

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
        self._postgres = f"{head} = ANY(%t::bigint[])"

    def rows(self, tx: Tx, keys: Collection[int]) -> Sequence[Sequence[Any]]:
        """The rows of different keys."""
        if dialect.is_sqlite(tx.connection):
            return dialect.sqlite_rows(tx.connection, self._sqlite, [{"key": key} for key in keys])
        return dialect.postgres_rows(tx.connection, self._postgres, list(keys)) if keys else ()


class LongByKey:
    """Reads long binary columns of rows by their primary key, a pair of numbers of which the first is the same.

    Rows come one by one, the greatest key first, so that a thousand long values are never held at once. Until the
    last one is there the transaction can do nothing else. Make it once.
    """

    __slots__ = ("_postgres", "_sqlite")

    def __init__(self, table: Table, first: str, second: str, *columns: str) -> None:
        head = f"SELECT {', '.join(columns)} FROM {table.name} WHERE {table.c[first].name}"  # noqa: S608 - names of our own
        key = table.c[second].name
        end = f"ORDER BY {key} DESC"
        listed = "SELECT value FROM json_each(?)"
        self._sqlite = f"{head} = ? AND {key} IN ({listed}) {end}"
        self._postgres = f"{head} = %s AND {key} = ANY(%s) {end}"

    def rows(self, tx: Tx, first: int, seconds: Sequence[int]) -> Iterator[Sequence[Any]]:
        """The rows of different keys."""
        if not seconds:
            return iter(())
        if dialect.is_sqlite(tx.connection):
            return dialect.sqlite_each(tx.connection, self._sqlite, (first, json.dumps(seconds)))
        return dialect.postgres_each(tx.connection, self._postgres, (first, list(seconds)))
