"""The composition root: builds everything once, runs the roles, and ends them in good order.

Each role is a coroutine that runs until `stop` is set. A role that fails ends the process: a supervisor starts it
again, and nothing runs on half a program. Only this module handles signals.

    open storage -> bind every listener -> start the roles -> say so -> wait for a signal -> stop the listeners,
    finish what is in hand -> close storage
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import uvloop

import pillarbox
from pillarbox import installation
from pillarbox.app import App
from pillarbox.bounces.intake import Returns
from pillarbox.bulk import store as bulk
from pillarbox.bulk.expand import Expansion
from pillarbox.chores import Chore, Chores
from pillarbox.clock import Clock, SystemClock
from pillarbox.collector import spare_collector
from pillarbox.config import Config
from pillarbox.domains.directory import Domains
from pillarbox.domains.recheck import recheck
from pillarbox.errors import Unavailable, UsageError
from pillarbox.hits.role import Hits
from pillarbox.http import HttpListener
from pillarbox.ids import KeyMaker
from pillarbox.inbound.receive import Receiving
from pillarbox.inbound.store import messages as inbound
from pillarbox.installation import FirstTokens
from pillarbox.mail.dns import Resolver
from pillarbox.mail.verp import ReturnPaths
from pillarbox.outbound import pack
from pillarbox.outbound.store import messages
from pillarbox.outbound.submit import Submission
from pillarbox.received import store as received
from pillarbox.received.model import Route
from pillarbox.received.process import Processing, Step
from pillarbox.relay.dispatch import Dispatcher
from pillarbox.retention import expiry, purge, removals, tidy
from pillarbox.servers.directory import Directory
from pillarbox.servers.store import removed, servers
from pillarbox.smtpd.mx import MxListener
from pillarbox.smtpd.submission import SubmissionListener
from pillarbox.smtpd.tls import server_context
from pillarbox.storage import chores, nodes
from pillarbox.storage.db import Database
from pillarbox.storage.migrate import migrate
from pillarbox.storage.tx import Tx
from pillarbox.storage.wake import Wake
from pillarbox.webhook_delivery import forget
from pillarbox.webhook_delivery.role import Webhooks

log = logging.getLogger(__name__)

ROLES = ("api", "web", "hits", "submission", "inbound", "delivery", "webhooks", "chores")
HTTP_ROLES = frozenset({"api", "web", "hits"})
STOP_WITHIN_S = 28.0

Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What came up: for the greeting, and for tests."""

    app: App
    roles: tuple[str, ...]
    http_port: int | None
    submission_ports: tuple[int, ...]
    inbound_ports: tuple[int, ...]
    first_tokens: FirstTokens | None


def check_roles(names: Sequence[str]) -> tuple[str, ...]:
    """The roles to run; all when none is named. Raises UsageError on an unknown one."""
    for name in names:
        if name not in ROLES:
            raise UsageError(f"unknown role {name!r}; roles are {', '.join(ROLES)}")
    chosen = names or ROLES
    return tuple(name for name in ROLES if name in chosen)


def serve(config: Config, names: Sequence[str], *, started: Callable[[Started], None]) -> None:
    """Run roles until SIGTERM or SIGINT. Raises StartError when they cannot be started."""
    roles = check_roles(names)
    installation.prepare_directory(config.data_dir)
    # Held until the process ends; only an SQLite file has a single owner.
    lock = installation.lock_directory(config.data_dir) if config.is_sqlite else None
    log.debug("data directory", extra={"lock": lock})

    def up(what: Started) -> None:
        spare_collector()
        started(what)

    uvloop.run(_main(config, roles, up))


async def _main(config: Config, roles: tuple[str, ...], started: Callable[[Started], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run(config, roles, stop=stop, started=started)


async def run(
    config: Config,
    roles: tuple[str, ...],
    *,
    stop: asyncio.Event,
    started: Callable[[Started], None],
    clock: Clock | None = None,
) -> None:
    """Run roles in this event loop until `stop` is set."""
    app, first_tokens = open_app(config, clock or SystemClock())
    try:
        await _run_roles(app, roles, stop, started, first_tokens)
    finally:
        await app.resolver.close()
        app.db.stop()


def open_app(config: Config, clock: Clock) -> tuple[App, FirstTokens | None]:
    """Open the database at the right schema, with a first Server in it, and start its writers."""
    wake = Wake()
    db = Database(config.database, clock=clock, wake=wake)
    migrate(db.engine)
    with db.transaction() as tx:
        first_tokens = installation.create_first(tx, config)
        installation.create_first_user(tx, config)
        register = nodes.register_alone if db.is_sqlite else nodes.register
        node = register(tx, config.hostname)
        last = newest_key(tx) if db.is_sqlite else 0
        if db.is_sqlite:
            chores.release_all(tx)
            received.release_all(tx)
    keys = KeyMaker(
        lambda: int(clock.now().timestamp() * 1000), node=0 if db.is_sqlite else node, last=last
    )
    db.start()
    app = App(
        config=config,
        db=db,
        wake=wake,
        clock=clock,
        keys=keys,
        resolver=Resolver(config.dns_servers),
        node=node,
    )
    return app, first_tokens


def newest_key(tx: Tx) -> int:
    """The newest key this node has given out, as far as anything still bears it."""
    return max(messages.last_key(tx), inbound.last_key(tx), received.last_key(tx))


async def _run_roles(
    app: App,
    roles: tuple[str, ...],
    stop: asyncio.Event,
    started: Callable[[Started], None],
    first_tokens: FirstTokens | None,
) -> None:
    directory = Directory(app.db, monotonic=app.monotonic)
    domains = Domains(app.db, monotonic=app.monotonic)
    submission = Submission(app, domains)
    secret = await app.db.read(servers.secret)
    hits = Hits(app, secret) if "hits" in roles else None
    http = HttpListener(app, directory, submission, roles=roles, hits=hits)
    tls = server_context(*installation.certificate(app.config)) if app.config.starttls else None
    smtp = SubmissionListener(app, directory, submission, tls=tls)
    return_paths = ReturnPaths(secret=secret)
    mx = MxListener(app, return_paths, tls=tls)
    http_port = await http.bind() if HTTP_ROLES & set(roles) else None
    smtp_ports = await smtp.bind() if "submission" in roles else ()
    mx_ports = await mx.bind() if "inbound" in roles else ()

    await _announce(app, roles)
    async with asyncio.TaskGroup() as tasks:
        waking = _listen_to_other_nodes(app, tasks)
        beating = None if app.db.is_sqlite else tasks.create_task(_beat(app))
        working = []
        if http_port is not None:
            working.append(tasks.create_task(http.run(stop)))
        if smtp_ports:
            working.append(tasks.create_task(smtp.run(stop)))
        if mx_ports:
            working.append(tasks.create_task(mx.run(stop)))
            working.append(tasks.create_task(_processing(app, directory, return_paths).run(stop)))
        workers = _workers(app, roles, Parts(directory, domains, submission, secret))
        working += [tasks.create_task(work(stop)) for work in workers]
        started(
            Started(
                app=app,
                roles=roles,
                http_port=http_port,
                submission_ports=smtp_ports,
                inbound_ports=mx_ports,
                first_tokens=first_tokens,
            )
        )
        await stop.wait()
        log.info("stopping", extra={"roles": list(roles)})
        await _end(working, (waking, beating))
    with contextlib.suppress(Unavailable):
        await app.db.write(lambda tx: nodes.leave(tx, app.node))


async def _end(
    working: Sequence[asyncio.Task[None]], helping: Sequence[asyncio.Task[None] | None]
) -> None:
    _, late = await asyncio.wait(working, timeout=STOP_WITHIN_S)
    for task in (*late, *helping):
        if task is not None:
            task.cancel()


async def _announce(app: App, roles: Sequence[str]) -> None:
    """Have other nodes' pages show what this process does."""
    version, workers = pillarbox.__version__, app.config.workers
    await app.db.write(
        lambda tx: nodes.announce(tx, app.node, roles=roles, version=version, workers=workers)
    )


async def _beat(app: App) -> None:
    """Say now and then that this process is alive: other nodes' pages show it."""
    while True:
        await asyncio.sleep(nodes.BEAT.total_seconds())
        with contextlib.suppress(Unavailable):
            await app.db.write(lambda tx: nodes.beat(tx, app.node))


def _listen_to_other_nodes(app: App, tasks: asyncio.TaskGroup) -> asyncio.Task[None] | None:
    if app.db.is_sqlite:
        return None
    from pillarbox.storage.postgres import PostgresWake

    app.wake.remote = remote = PostgresWake(app.wake, str(app.config.database_url))
    return tasks.create_task(remote.run())


def _processing(app: App, directory: Directory, return_paths: ReturnPaths) -> Processing:
    """What is done with received mail, route by route."""
    returns = Returns(return_paths)
    steps: dict[Route, Step[Any]] = {
        Route.INBOUND: Receiving(app, directory),
        Route.BOUNCE: returns,
        Route.COMPLAINT: returns,
    }
    return Processing(app, steps)


@dataclass(frozen=True, slots=True)
class Parts:
    """What roles share in one process; `secret` is that of the installation."""

    directory: Directory
    domains: Domains
    submission: Submission
    secret: bytes = field(repr=False)


def _workers(app: App, roles: tuple[str, ...], parts: Parts) -> list[Work]:
    """The roles that listen to nobody."""
    found: list[Work] = []
    if "delivery" in roles:
        found.append(Dispatcher(app, parts.domains, parts.secret).run)
    if "webhooks" in roles:
        found.append(Webhooks(app, parts.secret).run)
    if "chores" in roles:
        expansion = Expansion(app, parts.directory, parts.submission)
        found.append(Chores(app, all_chores(app, expansion)).run)
    return found


def all_chores(app: App, expansion: Expansion) -> tuple[Chore, ...]:
    """What the role `chores` does."""
    return (
        Chore(
            name="purge", every=purge.EVERY, run=partial(purge.purge, app), topic=removed.REMOVED
        ),
        Chore(name="bulk", every=timedelta(minutes=1), run=expansion.run, topic=bulk.TOPIC),
        Chore(
            name="data removals",
            every=removals.EVERY,
            run=partial(removals.remove, app),
            topic=removals.TOPIC,
        ),
        Chore(name="webhook log", every=forget.EVERY, run=partial(forget.forget, app)),
        Chore(name="expiry", every=expiry.EVERY, run=partial(expiry.expire, app)),
        Chore(name="tidy", every=tidy.EVERY, run=partial(tidy.tidy, app)),
        Chore(name="subjects", every=pack.EVERY, run=partial(pack.pack, app)),
        Chore(name="domains", every=timedelta(minutes=1), run=partial(recheck, app)),
    )
