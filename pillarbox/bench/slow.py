"""The scenario `slow`: many destinations, a few of them slow and with more mail waiting than they take.

The same flood is sent in turn while all destinations are quick, and while the few say everything seconds late and
have a backlog. What counts is how quickly the mail to all others arrives. The slow ones have a sink of their own,
on another address of loopback; when the flood is over they get quick again, and everything must arrive.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pillarbox.bench import accounting
from pillarbox.bench.alone import Figure, Figures, database_name, opened, started
from pillarbox.bench.load import LoadChild
from pillarbox.bench.mailing import (
    batches,
    check,
    patience,
    queued,
    send,
    singles,
    wait_until_left,
)
from pillarbox.bench.model import RECIPIENT_ZONE, BenchError, BenchOptions
from pillarbox.bench.server import Pillarbox
from pillarbox.bench.sink import SinkChild
from pillarbox.storage.db import Database

SLOW = "slow"
DESTINATIONS, SLOW_ONES = 1000, 50
RATE_BAR = 0.95
_DELAY_S, _QUICK_DELAY_S = 15.0, 3.0
_BACKLOG_EACH, _QUICK_BACKLOG_EACH = 200, 60
_ADDRESS = "127.0.0.2"


@dataclass(frozen=True, slots=True)
class _Flood:
    """How many messages to the quick destinations arrived in a second, and what a message cost until then."""

    rate: float
    cpu_ms: float


@dataclass(slots=True)
class _Run:
    server: Pillarbox
    db: Database
    load: LoadChild
    quick: SinkChild
    slow: SinkChild
    _floods: int = 0

    def flood(self, messages: int, *, backlog: int = 0, delay_s: float = 0.0) -> "_Flood":
        """Send messages to all destinations.

        With a delay, the slow ones are late, and so many messages to them wait already. Raises BenchError when a
        message does not arrive once.
        """
        self._floods += 1
        run = f"{SLOW}{self._floods}"
        self.quick.reset(run)
        self.slow.reset(run)
        self.slow.delay(delay_s)
        if backlog:
            send(self.load, batches(self.server, f"{run}-b", backlog, domains=SLOW_ONES))
        to_slow = sum(number % DESTINATIONS < SLOW_ONES for number in range(messages))
        others = messages - to_slow
        plan = singles(self.server, f"{run}-f", messages, domains=DESTINATIONS)
        before = accounting.family(self.server.pids())
        started_at = send(self.load, plan).started_at
        counts = self.quick.wait(others, timeout_s=patience(messages))
        used = accounting.cpu_used(before, accounting.family(self.server.pids()))
        if backlog and not queued(self.db):
            raise BenchError("the slow destinations had taken everything before the others")
        self.slow.delay(0.0)
        of_slow = self.slow.wait(to_slow + backlog, timeout_s=patience(messages + backlog))
        wait_until_left(self.db, 0)
        check("slow destinations", of_slow, to_slow + backlog)
        check("other destinations", self.quick.wait(others, timeout_s=0.0), others)
        rate = others / (counts.last_at - started_at)
        return _Flood(rate, sum(used.values()) / messages * 1000)


def _of(floods: list[_Flood], when: str) -> Iterator[Figure]:
    yield Figure(name=f"to the others, {when}", value=median(f.rate for f in floods), unit="/s")
    yield Figure(name=f"CPU each, {when}", value=median(f.cpu_ms for f in floods), unit="ms")


def measure(options: BenchOptions, base: Path, say: Callable[[str], None]) -> Figures:
    """Start a server and two sinks, flood it with and without slow destinations in turn. Raises BenchError."""
    backlog = SLOW_ONES * (_QUICK_BACKLOG_EACH if options.quick else _BACKLOG_EACH)
    delay_s = _QUICK_DELAY_S if options.quick else _DELAY_S
    slow_ones = [f"d{number}.{RECIPIENT_ZONE}" for number in range(SLOW_ONES)]
    with (
        SinkChild() as quick,
        SinkChild(_ADDRESS, quick.port) as slow,
        LoadChild() as load,
        started(
            options, base, sink_port=quick.port, elsewhere=dict.fromkeys(slow_ones, _ADDRESS)
        ) as server,
        opened(server.database_url()) as db,
    ):
        run = _Run(server, db, load, quick, slow)
        run.flood(DESTINATIONS)  # every destination is known from now on
        with_all: list[_Flood] = []
        without: list[_Flood] = []
        for number in range(options.rounds):
            say(f"round {number + 1} of {options.rounds}: {options.messages:,} messages, twice")
            for is_slow in (False, True) if number % 2 == 0 else (True, False):
                if is_slow:
                    without.append(run.flood(options.messages, backlog=backlog, delay_s=delay_s))
                else:
                    with_all.append(run.flood(options.messages))
    ratios = [late.rate / quick.rate for late, quick in zip(without, with_all, strict=True)]
    return Figures(
        scenario=SLOW,
        work=f"{options.messages:,} messages to {DESTINATIONS:,} destinations; {SLOW_ONES} of them answer "
        f"{delay_s:g} s late, {backlog:,} messages wait for these; medians of {options.rounds}",
        database=database_name(options),
        figures=[
            *_of(with_all, "all are quick"),
            *_of(without, f"{SLOW_ONES} are slow"),
            Figure(
                name="share of their rate that the others keep",
                value=median(ratios),
                unit="×",
                bar=RATE_BAR,
                at_least=True,
            ),
        ],
    )
