"""The scenario `queue`: memory with an empty queue, with a long one, and with one ten times as long.

First mail is accepted for destinations that hardly take any; the memory at rest then is what counts. It is let go,
and each message must arrive once. Then ten times as many rows are put into the queue (bench/fill) while the
destinations are slow again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pillarbox.bench import accounting
from pillarbox.bench.alone import Figure, Figures, database_name, opened, started, wait_until_read
from pillarbox.bench.fill import fill_queue
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
from pillarbox.bench.model import BenchOptions
from pillarbox.bench.server import Pillarbox
from pillarbox.bench.sink import SinkChild
from pillarbox.storage.db import Database

QUEUE = "queue"
ADDED_BAR_MB, MOST_BAR_MB = 30.0, 300.0
TIMES = 10
_WARM_UP = 2000
_DELAY_S, _QUICK_DELAY_S = 10.0, 1.0
_LOOKS, _LOOK_S, _QUICK_LOOK_S = 9, 1.0, 0.2
_NUDGE = 40


@dataclass(slots=True)
class _Run:
    options: BenchOptions
    server: Pillarbox
    db: Database
    sink: SinkChild
    load: LoadChild

    def warm_up(self) -> float:
        """Some mail through both doors; the memory at rest when all of it is delivered."""
        options, count = self.options, min(_WARM_UP, self.options.queued)
        for door, plan in enumerate((singles, batches)):
            run = f"{QUEUE}-w{door}"
            self.sink.reset(run)
            send(self.load, plan(self.server, run, count, domains=options.domains))
            check(run, self.sink.wait(count, timeout_s=patience(count)), count)
        wait_until_left(self.db, 0)
        wait_until_read(self.db)
        return self._at_rest()

    def queue_up(self) -> float:
        """Have mail accepted for slow destinations; the memory at rest, with mail in the queue."""
        count = self.options.queued
        self.sink.reset(f"{QUEUE}-q")
        self.slow_down()
        send(self.load, batches(self.server, f"{QUEUE}-q", count, domains=self.options.domains))
        wait_until_read(self.db)
        return self._at_rest()

    def let_go(self) -> None:
        """Until all of it has arrived. Raises BenchError when a message does not arrive once."""
        count = self.options.queued
        self.sink.delay(0.0)
        self.sink.wait(count, timeout_s=patience(count))
        wait_until_left(self.db, 0)
        check(QUEUE, self.sink.wait(count, timeout_s=0.0), count)

    def fill(self) -> float:
        """Put many more into the queue; the memory at rest when the server is at work on them."""
        domains = self.options.domains
        run = f"{QUEUE}-f"
        self.sink.reset(run)
        self.slow_down()
        many = self.options.queued * TIMES
        fill_queue(self.db, run=run, messages=many, domains=domains)
        # The server hears of them when it accepts more for the same destinations than it takes at once.
        more = batches(self.server, f"{QUEUE}-n", _NUDGE * domains, domains=domains)
        send(self.load, more)
        return self._at_rest()

    def slow_down(self) -> None:
        """Make the destinations slow."""
        self.sink.delay(_QUICK_DELAY_S if self.options.quick else _DELAY_S)

    def _at_rest(self) -> float:
        looks = []
        for _ in range(_LOOKS):
            time.sleep(_QUICK_LOOK_S if self.options.quick else _LOOK_S)
            looks.append(accounting.memory_of(self.server.pids()).pss_mb)
        return median(looks)


def measure(options: BenchOptions, base: Path, say: Callable[[str], None]) -> Figures:
    """Start a server and a sink, look at the memory with three queues. Raises BenchError."""
    many = options.queued * TIMES
    with (
        SinkChild() as sink,
        LoadChild() as load,
        started(options, base, sink_port=sink.port) as server,
        opened(server.database_url()) as db,
    ):
        run = _Run(options, server, db, sink, load)
        empty = run.warm_up()
        watch = accounting.MemoryWatch(server.pids)
        watch.start()
        try:
            say(f"accepting {options.queued:,} messages for slow destinations")
            with_some, left = run.queue_up(), queued(db)
            say("letting them go")
            run.let_go()
            say(f"filling in {many:,} messages")
            with_many = run.fill()
        finally:
            peak = watch.stop()
        sink.delay(0.0)
    return Figures(
        scenario=QUEUE,
        work=f"{options.queued:,} messages accepted for {options.domains} slow destinations, then {many:,}",
        database=database_name(options),
        figures=[
            Figure(name="memory, empty queue (PSS)", value=empty, unit="MB"),
            Figure(name="queued when looked at", value=left, unit=""),
            _added(f"memory added by {options.queued:,} (PSS)", with_some - empty),
            _added(f"memory added by {many:,} (PSS)", with_many - empty),
            Figure(name="memory at most (PSS)", value=peak.pss_mb, unit="MB", bar=MOST_BAR_MB),
        ],
    )


def _added(name: str, value: float) -> Figure:
    return Figure(name=name, value=value, unit="MB", bar=ADDED_BAR_MB)
