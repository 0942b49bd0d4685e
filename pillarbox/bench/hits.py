"""The scenario `hits`: opens and clicks, at an even pace and as fast as they are answered, until written down.

A server of its own with mail of the last weeks (bench/fill); each hit is the first of its copy, so that each is
looked up, counted, kept and told to the event log. A hit that is not written down in the end fails the run.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sqlalchemy import func, select

from pillarbox.bench import accounting
from pillarbox.bench.alone import Figure, Figures, cpu_figure, database_name, opened, started
from pillarbox.bench.fill import fill
from pillarbox.bench.load import LoadChild
from pillarbox.bench.model import BenchError, BenchOptions, Door, Plan, Sent
from pillarbox.bench.rounds import percentile
from pillarbox.bench.server import Pillarbox
from pillarbox.outbound.store.tables import recipients
from pillarbox.servers.store import servers
from pillarbox.storage.db import Database
from pillarbox.tracking.model import ClickLocation
from pillarbox.tracking.store import hits
from pillarbox.tracking.token import Copy, Link, Tokens

HITS = "hits"
RATE, P99_BAR_MS = 2000.0, 10.0
_CONNECTIONS = 100
_WARM_UP = 200
_SLOWEST_PER_S = 100  # a server slower than this is given up


@dataclass(frozen=True, slots=True)
class _Run:
    server: Pillarbox
    load: LoadChild
    db: Database
    paths: Path

    def hit(self, first: int, count: int, *, rate: float = 0.0) -> Sent:
        """Ask for some of the paths. Raises BenchError when an answer is not as it should be."""
        plan = Plan(
            door=Door.HITS,
            port=self.server.port(Door.HITS) or 0,
            run=HITS,
            messages=count,
            connections=min(_CONNECTIONS, count),
            rate=rate,
            paths=str(self.paths),
            first=first,
            timeout_s=30.0 + count / _SLOWEST_PER_S,
        )
        sent = self.load.send(plan)
        if sent.failed:
            raise BenchError(f"{sent.failed} hits not answered: {sent.failure}")
        return sent

    def wait(self, count: int) -> float:
        """When so many hits were written down. Raises BenchError when they are not in time."""
        deadline = time.monotonic() + 30.0 + count / _SLOWEST_PER_S
        while True:
            with self.db.transaction() as tx:
                kept = int(tx.scalar(select(func.count()).select_from(hits)))
            if kept == count:
                return time.monotonic()
            if time.monotonic() > deadline:
                raise BenchError(f"{kept} hits written down instead of {count}")
            time.sleep(0.1)


def measure(options: BenchOptions, base: Path, say: Callable[[str], None]) -> Figures:
    """Start a server with mail, hit it, wait until everything is written down. Raises BenchError."""
    count = options.hits
    with started(options, base) as server, opened(server.database_url()) as db, LoadChild() as load:
        say(f"filling in mail for {2 * count + _WARM_UP:,} hits")
        paths = _prepare(db, base, 2 * count + _WARM_UP)
        run = _Run(server, load, db, paths)
        run.hit(0, _WARM_UP)
        run.wait(_WARM_UP)
        say(f"{count:,} hits at {RATE:,.0f}/s")
        paced = run.hit(_WARM_UP, count, rate=RATE)
        run.wait(_WARM_UP + count)
        say(f"{count:,} hits as fast as they are answered")
        before = accounting.family(server.pids())
        flood = run.hit(_WARM_UP + count, count)
        written_at = run.wait(_WARM_UP + 2 * count)
        used = accounting.cpu_used(before, accounting.family(server.pids()))
    return Figures(
        scenario=HITS,
        work=f"{count:,} first opens and clicks at {RATE:,.0f}/s, and as many in a flood",
        database=database_name(options),
        figures=[
            Figure(name="answer p50 at the pace", value=median(paced.latencies_ms), unit="ms"),
            Figure(
                name="answer p99 at the pace",
                value=percentile(paced.latencies_ms, 99),
                unit="ms",
                bar=P99_BAR_MS,
            ),
            Figure(name="pace that was kept", value=paced.rate, unit="/s"),
            Figure(name="answered, flood", value=flood.rate, unit="/s"),
            Figure(
                name="written down, flood",
                value=count / (written_at - flood.started_at),
                unit="/s",
            ),
            cpu_figure(used, count),
        ],
        cpu_ms_by_process={name: value / count * 1000 for name, value in used.items()},
    )


def _prepare(db: Database, base: Path, count: int) -> Path:
    """A file with the paths of so many different hits, opens and clicks in turn."""
    fill(db, messages=count)  # each copy is opened and clicked; some mail is too old
    with db.transaction() as tx:
        tokens = Tokens(servers.secret(tx))
        at = recipients.c
        newest = select(at.message_key, at.position).order_by(at.message_key.desc())
        rows = tx.rows(newest.limit((count + 1) // 2))
    file = base / "paths"
    with file.open("w", encoding="ascii") as out:
        for row in rows:
            copy = Copy(row.message_key, row.position)
            link = Link(copy, "https://shop.example/orders/1187?from=mail", ClickLocation.HTML)
            out.write(f"{tokens.pixel(copy)}\n{tokens.link(link, 1)}\n")
    return file
