"""The scenario `growth`: what a message costs in an almost empty database and in a full one.

Two servers run side by side, one with a thousand stored messages, the other with very many (bench/fill). They get
the same floods in turn; what counts is the CPU time of a message, from the call until it is at the sink.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from pillarbox.bench import accounting
from pillarbox.bench.alone import (
    Figure,
    Figures,
    database_name,
    opened,
    started,
    wait_until_read,
)
from pillarbox.bench.fill import fill
from pillarbox.bench.load import LoadChild
from pillarbox.bench.mailing import check, patience, queued, send, singles, wait_until_left
from pillarbox.bench.model import BenchOptions
from pillarbox.bench.server import Pillarbox
from pillarbox.bench.sink import SinkChild
from pillarbox.storage.db import Database

GROWTH = "growth"
COST_BAR = 1.2
_FEW = 1000
_WARM_UP = 500


@dataclass(slots=True)
class _Subject:
    """One of the two servers; `costs` are milliseconds of CPU for a message, flood by flood."""

    server: Pillarbox
    db: Database
    stored: int
    domains: int
    costs: list[float] = field(default_factory=list)
    _floods: int = 0

    def fill(self, sink: SinkChild, load: LoadChild) -> None:
        """Fill the database; return when the server has nothing to do with it any more."""
        fill(self.db, messages=self.stored)
        self.server.settle()
        self.flood(_WARM_UP, sink, load)  # the server hears of the event log by what is added to it
        wait_until_read(self.db)

    def flood(self, messages: int, sink: SinkChild, load: LoadChild) -> float:
        """Send messages; what one cost. Raises BenchError when one does not arrive once."""
        self._floods += 1
        run = f"{GROWTH}-{self.stored}-{self._floods}"
        sink.reset(run)
        plan = singles(self.server, run, messages, domains=self.domains)
        waiting = queued(self.db)  # some of what was filled in
        before = accounting.family(self.server.pids())
        send(load, plan)
        check(run, sink.wait(messages, timeout_s=patience(messages)), messages)
        wait_until_left(self.db, waiting)
        used_s = accounting.cpu_used(before, accounting.family(self.server.pids()))
        return sum(used_s.values()) / messages * 1000


def measure(options: BenchOptions, base: Path, say: Callable[[str], None]) -> Figures:
    """Start two servers, fill their databases, flood them in turn. Raises BenchError."""
    messages = options.messages
    with ExitStack() as stack:
        sink, load = stack.enter_context(SinkChild()), stack.enter_context(LoadChild())
        subjects: list[_Subject] = []
        for number, stored in enumerate((_FEW, max(options.stored, _FEW + 1))):
            server = stack.enter_context(started(options, base, sink_port=sink.port, number=number))
            db = stack.enter_context(opened(server.database_url()))
            subject = _Subject(server, db, stored, options.domains)
            say(f"filling in {stored:,} messages")
            subject.fill(sink, load)
            subjects.append(subject)
        for number in range(options.rounds):
            say(f"round {number + 1} of {options.rounds}: {messages:,} messages to each")
            for subject in subjects if number % 2 == 0 else subjects[::-1]:
                subject.costs.append(subject.flood(messages, sink, load))
    few, many = subjects
    ratios = [much / little for much, little in zip(many.costs, few.costs, strict=True)]
    return Figures(
        scenario=GROWTH,
        work=f"floods of {messages:,} messages beside {few.stored:,} and {many.stored:,} stored ones, in turn; "
        f"medians of {options.rounds}",
        database=database_name(options),
        figures=[
            *(
                Figure(name=f"CPU each, {one.stored:,} stored", value=median(one.costs), unit="ms")
                for one in subjects
            ),
            Figure(
                name="cost among very many ÷ among few",
                value=median(ratios),
                unit="×",
                bar=COST_BAR,
            ),
        ],
    )
