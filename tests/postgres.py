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
    directory = Path(tempfile.mkdtemp(prefix="pillarbox-pg-"))
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
