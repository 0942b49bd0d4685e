"""A PostgreSQL database of the run's own, made beside the one the URL names and dropped afterwards.

Also finds the database server's processes, because an honest figure counts them too.
"""

import os
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from pillarbox.bench.accounting import family, read_process
from pillarbox.bench.model import BenchError

_CONNECT_S = 10


class Database:
    """One fresh database. The role in the URL must be allowed to create databases."""

    def __init__(self, url: str, *, number: int) -> None:
        self._admin_url = url
        self._name = f"pillarbox_bench_{os.getpid()}_{number}"
        self._postmaster = 0
        self._is_made = False

    @property
    def url(self) -> str:
        """The address of the fresh database."""
        return urlunsplit(urlsplit(self._admin_url)._replace(path=f"/{self._name}"))

    def create(self) -> None:
        """Make the database and find its server. Raises BenchError."""
        try:
            with psycopg.connect(
                self._admin_url, autocommit=True, connect_timeout=_CONNECT_S
            ) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._name)))
                self._is_made = True
                self._postmaster = _parent_of(connection.info.backend_pid)
        except psycopg.Error as error:
            raise BenchError(f"PostgreSQL: {error}") from error

    def settle(self) -> None:
        """Do now what the database server would do by itself in the minutes after many rows were written."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def drop(self) -> None:
        """Remove the database with whatever still uses it; nothing when it was never made."""
        if not self._is_made:
            return
        with psycopg.connect(
            self._admin_url, autocommit=True, connect_timeout=_CONNECT_S
        ) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                    sql.Identifier(self._name)
                )
            )

    def root(self) -> list[int]:
        """The pid of the server's first process; nothing when it runs on another machine."""
        return [self._postmaster] if self._postmaster else []

    def pids(self) -> list[int]:
        """All processes of the database server on this machine."""
        return [process.pid for process in family(self.root())]


def _parent_of(backend: int) -> int:
    """The pid of the process that started a backend, 0 when the backend is not on this machine."""
    process = read_process(backend)
    return process.parent if process and process.command.startswith("postgres") else 0
