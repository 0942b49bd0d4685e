"""A private PostgreSQL for the tests: a throw-away cluster on a loopback port, gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
_DURABLE = ("max_connections=200",)


def binaries() -> Path | None:
    """The directory of the newest server programs, None when there is no PostgreSQL server here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@dataclass(frozen=True)
class Cluster:
    """A running cluster; `address` is a superuser's, without a database name."""

    address: str
    control: Callable[..., None]

    def crash(self) -> None:
        """End it without any tidying up."""
        self.control("-m", "immediate", "stop")

    def start(self) -> None:
        """Start it again after a crash."""
        self.control("-w", "start")


@contextmanager
def cluster(*, is_durable: bool = False) -> Iterator[Cluster]:
    """Start a cluster; one that is not durable is quicker, and loses what was committed when it crashes."""
    programs = binaries()
    assert programs is not None
    directory = Path(
        tempfile.mkdtemp(prefix="pillarbox-pg-", dir=None if is_durable else _memory())
    )
    # The server refuses to run as root.
    owner = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(directory, owner)
    port = _free_port()

    def run(*command: str) -> None:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            cwd="/",
            user=owner if os.geteuid() == 0 else None,
        )

    data = str(directory / "data")
    run(
        str(programs / "initdb"),
        "-D",
        data,
        "-U",
        "tester",
        "--auth=trust",
        "-E",
        "UTF8",
        "--no-sync",
    )
    options = " ".join(f"-c {setting}" for setting in (_DURABLE if is_durable else _FAST))
    options += (
        f" -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={directory}"
    )

    def control(*what: str) -> None:
        run(str(programs / "pg_ctl"), "-D", data, "-l", f"{data}/log", "-o", options, *what)

    made = Cluster(f"postgresql://tester@127.0.0.1:{port}", control)
    made.start()
    try:
        yield made
    finally:
        made.crash()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def database(address: str, name: str, *, template: str | None = None) -> Iterator[str]:
    """A fresh database in a cluster; its URL."""
    source = f' TEMPLATE "{template}"' if template else ""
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"{source}'.encode())
    try:
        yield f"{address}/{name}"
    finally:
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


class Reusable:
    """A database made once from a template and emptied after each use: far quicker than a new one each time."""

    def __init__(self, address: str, template: str) -> None:
        self._address = address
        self._template = template
        self._name = f"{template}_reused"
        self._tables: set[str] = set()

    @contextmanager
    def use(self) -> Iterator[str]:
        """Its URL; whatever is left in it afterwards goes, and so does what still holds it."""
        if not self._tables:
            self._make()
        try:
            yield f"{self._address}/{self._name}"
        finally:
            self._empty()

    def _make(self) -> None:
        with psycopg.connect(f"{self._address}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)'.encode())
            connection.execute(
                f'CREATE DATABASE "{self._name}" TEMPLATE "{self._template}"'.encode()
            )
        with psycopg.connect(f"{self._address}/{self._name}") as connection:
            self._tables = _tables(connection)

    def _empty(self) -> None:
        with psycopg.connect(f"{self._address}/{self._name}", autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if _tables(connection) != self._tables:
                self._tables = set()  # a test changed the schema: the next one gets a new database
                return
            parts = [f"SELECT '{t}' WHERE EXISTS (SELECT FROM \"{t}\")" for t in self._tables]
            filled = connection.execute(" UNION ALL ".join(parts).encode()).fetchall()
            if filled:
                names = ", ".join(f'"{name}"' for (name,) in filled)
                connection.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE".encode())


def _tables(connection: psycopg.Connection) -> set[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    return {name for (name,) in connection.execute(query)}


def _memory() -> str | None:
    """A file system in memory, where there is one: a database is made and dropped for every test."""
    shared = Path("/dev/shm")
    return str(shared) if os.access(shared, os.W_OK) else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
