"""What the scenarios share that are measured by themselves: a server of their own, figures with bars, a table."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlalchemy import func, select

from pillarbox.bench.bars import POSTGRES_FACTOR
from pillarbox.bench.dns import Responder
from pillarbox.bench.model import BenchError, BenchOptions, Door
from pillarbox.bench.postgres import Database as PostgresDatabase
from pillarbox.bench.server import Pillarbox
from pillarbox.clock import SystemClock
from pillarbox.events import store as events
from pillarbox.storage.db import Database
from pillarbox.storage.wake import Wake
from pillarbox.webhooks.store.tables import webhook_marks

_ASK_S = 30.0
_NOWHERE = 9  # nobody listens on the port of "discard"
_MARK_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing measured. `at_least` says which side of the bar is good; without a bar it is for information."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    aim: float | None = None
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """PASS or MISS, "" without a bar."""
        if self.bar is None:
            return ""
        return "PASS" if self._reaches(self.bar) else "MISS"

    @property
    def is_aim_met(self) -> bool:
        """Whether it is as good as it was hoped to become."""
        return self.aim is not None and self._reaches(self.aim)

    def _reaches(self, limit: float) -> bool:
        return self.value >= limit if self.at_least else self.value <= limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All of a run. `work` says in words what was done."""

    scenario: str
    work: str
    database: str
    figures: list[Figure]
    cpu_ms_by_process: dict[str, float] = field(default_factory=dict)


def as_json(found: Figures) -> str:
    """All of it, indented."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def as_text(found: Figures) -> str:
    """A table for a terminal."""
    lines = [
        f"{found.scenario}: {found.work}, on {found.database}",
        "",
        f"{'figure':<48}{'measured':>14}{'bar':>14}{'aim':>14}",
    ]
    for one in found.figures:
        sign = "≥" if one.at_least else "≤"
        limits = ["" if x is None else f"{sign} {x:,g} {one.unit}" for x in (one.bar, one.aim)]
        measured = f"{_number(one.value)} {one.unit}"
        verdict = f"{one.verdict} {'aim met' if one.is_aim_met else ''}".strip()
        line = f"{one.name:<48}{measured:>14}{limits[0]:>14}{limits[1]:>14}  {verdict}"
        lines.append(line.rstrip())
    if found.cpu_ms_by_process:
        ordered = sorted(found.cpu_ms_by_process.items(), key=lambda item: -item[1])
        parts = ", ".join(f"{name} {value:.2f}" for name, value in ordered if value >= 0.005)
        lines += ["", f"CPU ms each, by process: {parts}"]
    return "\n".join(lines)


def eased(options: BenchOptions, limit: float, *, at_least: bool = False) -> float:
    """A bar for a rate or a cost, lower where PostgreSQL shares the cores, as those of the rounds are."""
    if options.database_url is None:
        return limit
    return limit * POSTGRES_FACTOR if at_least else limit / POSTGRES_FACTOR


def cpu_figure(used_s: dict[str, float], count: int, **limits: float) -> Figure:
    """CPU time of all processes of the server for each of so many things."""
    value = sum(used_s.values()) / count * 1000
    return Figure(name="CPU each, all processes", value=value, unit="ms", **limits)  # type: ignore[arg-type]


@contextmanager
def started(
    options: BenchOptions,
    base: Path,
    *,
    sink_port: int = _NOWHERE,
    elsewhere: Mapping[str, str] | None = None,
    number: int = 0,
) -> Iterator[Pillarbox]:
    """A server with a database of its own. Its mail goes nowhere, or to a port of 127.0.0.1.

    `elsewhere` has the domains whose mail goes to another address. Several servers need different numbers.
    """
    url = options.database_url
    database = PostgresDatabase(url, number=number) if url else None
    with Responder() as dns:
        dns.zone.elsewhere |= elsewhere or {}
        server = Pillarbox(
            base / f"alone-{number}", sink_port=sink_port, dns=dns, database=database
        )
        try:
            server.start()
            yield server
        except BenchError as error:
            raise BenchError(f"{error}\n{server.log_tail()}".rstrip()) from error
        finally:
            server.stop()


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The server's database, beside the server."""
    db = Database(url, clock=SystemClock(), wake=Wake())
    try:
        yield db
    finally:
        db.engine.dispose()


def ask(server: Pillarbox, method: str, path: str, body: object = None) -> dict[str, object]:
    """One request to the API with the token of the first Server. Raises BenchError when it is refused."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", server.port(Door.HTTP) or 0, timeout=_ASK_S
    )
    headers = {
        "X-Postmark-Server-Token": server.token(),
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise BenchError(f"{method} {path}: {answer.status} {text[:200]!r}")
    return dict(json.loads(text))


def wait_until_read(db: Database) -> None:
    """Until the server has read the event log: what stands in it by now is told to nobody. Raises BenchError."""
    deadline = time.monotonic() + _MARK_S
    while True:
        with db.transaction() as tx:
            newest = tx.scalar(select(func.max(events.events.c.id))) or 0
            mark = tx.scalar(select(func.max(webhook_marks.c.event_id))) or 0
        if mark >= newest:
            return
        if time.monotonic() > deadline:
            raise BenchError(f"the event log was read up to {mark} of {newest}")
        time.sleep(0.2)


def database_name(options: BenchOptions) -> str:
    """What the table calls it."""
    return "PostgreSQL" if options.database_url else "SQLite"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
