"""Fixtures: a database of each kind, an App on it, a whole server, and a clock that tests set."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from pillarbox import config, roles
from pillarbox.app import App
from pillarbox.clock import SystemClock
from pillarbox.servers.model import Server
from pillarbox.servers.store import servers
from pillarbox.storage import engines
from pillarbox.storage.db import Database
from pillarbox.storage.migrate import migrate
from pillarbox.storage.wake import Wake
from tests import postgres

# Databases in memory: thousands of tests commit, and none of them is about the disk.
if os.access("/dev/shm", os.W_OK):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/dev/shm")

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("pillarbox", deadline=None)
hypothesis.settings.load_profile("pillarbox")

SERVER_TOKEN = "11111111-aaaa-4bbb-8ccc-222222222222"
ACCOUNT_TOKEN = "33333333-aaaa-4bbb-8ccc-444444444444"


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 4, 14, 15, 2, 878271, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, step: timedelta) -> None:
        self.at += step


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Statements are compiled once for all tests, as they are once in a server's life, not for each engine."""
    cache: LRUCache[Any, Any] = LRUCache(2000)
    create = partial(create_engine, execution_options={"compiled_cache": cache})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "create_engine", create)
        for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
            patch.setattr(kind, "__hash__", lambda self: hash(type(self)))
            patch.setattr(kind, "__eq__", lambda self, other: type(self) is type(other))
        yield


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Starting a server in this process makes its files private; what other tests start is not to inherit that."""
    os.umask(0o022)
    yield
    os.umask(0o022)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """A cluster whose database `blank` has the schema."""
    if postgres.binaries() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is missing")
        pytest.skip("PostgreSQL is not installed")
    with ExitStack() as stack:
        address = stack.enter_context(postgres.cluster()).address
        stack.enter_context(postgres.database(address, "blank"))
        blank = Database(
            f"postgresql+psycopg{address.removeprefix('postgresql')}/blank",
            clock=SystemClock(),
            wake=Wake(),
        )
        migrate(blank.engine)
        blank.engine.dispose()
        yield address


@pytest.fixture(scope="session")
def postgres_database(postgres_address: str) -> postgres.Reusable:
    """The database that one test after the other uses."""
    return postgres.Reusable(postgres_address, "blank")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The DATABASE_URL setting of each kind; None is SQLite."""
    if request.param == "sqlite":
        yield None
        return
    with request.getfixturevalue("postgres_database").use() as url:
        yield url


@pytest.fixture(scope="session")
def first_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database as a first start leaves it: copying it is quicker than making it."""
    directory = tmp_path_factory.mktemp("first")
    flags = {
        "data_dir": str(directory),
        "server_token": SERVER_TOKEN,
        "account_token": ACCOUNT_TOKEN,
    }
    app, _ = roles.open_app(config.load(flags, environment={}), SetClock())
    app.db.stop()
    return directory / "pillarbox.db"


@dataclass
class Settings:
    """Makes a Config with free ports and a directory of its own, in which a first start has been."""

    directory: Path
    database_url: str | None
    first: Path

    def __call__(self, **changes: str) -> config.Config:
        flags: dict[str, str | None] = {
            "data_dir": str(self.directory / "data"),
            "http_listen": "127.0.0.1:0",
            "submission_listen": "127.0.0.1:0",
            "inbound_listen": "127.0.0.1:0",
            "hostname": "pillarbox.example",
            "server_token": SERVER_TOKEN,
            "account_token": ACCOUNT_TOKEN,
            "sender_checks": "off",
            "workers": "1",
            "database_url": self.database_url,
        }
        made = config.load(flags | changes, environment={})
        made.data_dir.mkdir(exist_ok=True)
        if made.is_sqlite and not (made.data_dir / "pillarbox.db").exists():
            shutil.copy(self.first, made.data_dir)
        return made


@pytest.fixture
def settings(tmp_path: Path, database_url: str | None, first_sqlite: Path) -> Settings:
    return Settings(tmp_path, database_url, first_sqlite)


@pytest.fixture
async def app(settings: Settings, clock: SetClock) -> AsyncIterator[App]:
    """An App on a fresh database with its first Server; its clock is the set one."""
    opened, _ = roles.open_app(settings(), clock)
    yield opened
    await opened.resolver.close()
    opened.db.stop()


@pytest.fixture
def db(app: App) -> Database:
    return app.db


@pytest.fixture
def server(app: App) -> Server:
    """The first Server."""
    with app.db.transaction() as tx:
        return servers.list_servers(tx)[0]


@dataclass
class Running:
    """A whole server in this event loop."""

    app: App
    http: str
    smtp_port: int
    mx_port: int


Serve = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def serve(settings: Settings) -> Serve:
    """`async with serve(delivery="direct", …) as running:` runs all roles."""

    @asynccontextmanager
    async def run(*, clock: Any = None, **changes: str) -> AsyncIterator[Running]:
        made = settings(**changes)
        stop = asyncio.Event()
        ready: asyncio.Future[roles.Started] = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as tasks:
            running = roles.run(
                made, roles.check_roles(()), stop=stop, started=ready.set_result, clock=clock
            )
            tasks.create_task(running)
            started = await ready
            try:
                yield Running(
                    app=started.app,
                    http=f"http://127.0.0.1:{started.http_port}",
                    smtp_port=started.submission_ports[0],
                    mx_port=started.inbound_ports[0],
                )
            finally:
                stop.set()

    return run
