"""The scenario `beside`: single messages at an even pace, alone and while a large bulk request is worked off.

Both kinds go to the same domains, so that they meet in the queue, at the destinations' allowances and on the same
connections. The bulk request is handed in while the pace is kept: reading it counts, too.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from pillarbox.bench import accounting
from pillarbox.bench.alone import Figure, Figures, ask, cpu_figure, database_name, opened, started
from pillarbox.bench.load import LoadChild
from pillarbox.bench.mailing import accepted, check, patience, wait_until_left
from pillarbox.bench.messages import ID_HEADER, SENDER, bench_id, html_body, recipient, text_body
from pillarbox.bench.model import BenchOptions, Door, Plan, Sent, Size
from pillarbox.bench.rounds import LATENCY_CONNECTIONS, LATENCY_RATE, percentile
from pillarbox.bench.server import Pillarbox
from pillarbox.bench.sink import SinkChild

BESIDE = "beside"
P99_BAR_MS, P99_AIM_MS = 250.0, 100.0
_BULK = f"{BESIDE}-bulk"
_STREAM = "broadcast"
_ALONE_S, _QUICK_ALONE_S = 20, 2
_SLICE_S = 5
_WARM_UP = 100


@dataclass(slots=True)
class _Run:
    """The single messages sent so far; `begun` has when each was due, by its bench id."""

    options: BenchOptions
    server: Pillarbox
    sink: SinkChild
    load: LoadChild
    begun: dict[str, float] = field(default_factory=dict)
    accepted_ms: list[float] = field(default_factory=list)
    _slices: int = 0

    def order(self, messages: int, *, rate: float = LATENCY_RATE) -> Plan:
        """Tell the load generator to send so many; its answer is due to `hear`."""
        self._slices += 1
        plan = Plan(
            door=Door.HTTP,
            port=self.server.port(Door.HTTP) or 0,
            run=f"{BESIDE}-{self._slices}",
            messages=messages,
            connections=LATENCY_CONNECTIONS,
            domains=self.options.domains,
            rate=rate,
            token=self.server.token(),
            timeout_s=patience(messages),
        )
        self.load.order(plan)
        return plan

    def hear(self, plan: Plan) -> None:
        """Wait until an order is carried out. Raises BenchError when a message was refused."""
        sent = accepted(self.load.read(Sent, timeout_s=plan.timeout_s + 10.0))
        for number, at in enumerate(sent.begun_at):
            self.begun[bench_id(plan.run, number)] = at
        self.accepted_ms += sent.latencies_ms

    def reset(self) -> None:
        """Forget what was sent, here and at the sink."""
        self.sink.reset(BESIDE)
        self.begun.clear()
        self.accepted_ms.clear()


@dataclass(frozen=True, slots=True)
class _Delays:
    """Milliseconds from when each message was due: to the sink, and to the answer."""

    arrived: list[float]
    accepted: list[float]


def measure(options: BenchOptions, base: Path, say: Callable[[str], None]) -> Figures:
    """Start a server and a sink, keep the pace alone and beside a bulk request. Raises BenchError."""
    with (
        SinkChild() as sink,
        LoadChild() as load,
        started(options, base, sink_port=sink.port) as server,
        opened(server.database_url()) as db,
    ):
        run = _Run(options, server, sink, load)
        sink.reset(BESIDE)
        run.hear(run.order(_WARM_UP, rate=0.0))
        _await(run, _WARM_UP)
        say(f"{LATENCY_RATE:g} messages a second, alone")
        run.reset()
        seconds = _QUICK_ALONE_S if options.quick else _ALONE_S
        run.hear(run.order(int(seconds * LATENCY_RATE)))
        _await(run, len(run.begun))
        alone = _delays(run, sink.arrivals())
        say(f"the same beside {options.bulk:,} bulk messages")
        run.reset()
        before = accounting.family(server.pids())
        beside, bulk_rate = _beside(run)
        wait_until_left(db, 0)
        used = accounting.cpu_used(before, accounting.family(server.pids()))
        total = options.bulk + len(run.begun)
        check(BESIDE, sink.wait(0, timeout_s=0.0), total)
    return Figures(
        scenario=BESIDE,
        work=f"{len(beside.arrived):,} messages at {LATENCY_RATE:g}/s beside a bulk request of {options.bulk:,}, "
        f"all to the same {options.domains} domains",
        database=database_name(options),
        figures=[
            *_of(alone, "alone"),
            *_of(beside, "beside", bar=P99_BAR_MS, aim=P99_AIM_MS),
            Figure(name="bulk at the sink, from its call on", value=bulk_rate, unit="/s"),
            cpu_figure(used, total),
        ],
        cpu_ms_by_process={name: value / total * 1000 for name, value in used.items()},
    )


def _of(delays: _Delays, when: str, **limits: float) -> Iterator[Figure]:
    name = f"call → sink, {when}"
    yield Figure(name=f"{name}, p50", value=median(delays.arrived), unit="ms")
    p99 = percentile(delays.arrived, 99)
    yield Figure(name=f"{name}, p99", value=p99, unit="ms", **limits)  # type: ignore[arg-type]
    yield Figure(name=f"{name}, longest", value=max(delays.arrived), unit="ms")
    accepted = percentile(delays.accepted, 99)
    yield Figure(name=f"call → accepted, {when}, p99", value=accepted, unit="ms")


def _beside(run: _Run) -> tuple[_Delays, float]:
    """Keep the pace until all of the bulk has arrived; the delays, and the rate of the bulk."""
    bulk = run.options.bulk
    body = _request(run.options)
    per_slice = int(_SLICE_S * LATENCY_RATE)
    plan = run.order(per_slice)
    asked_at = time.monotonic()
    ask(run.server, "POST", "/email/bulk", body)
    run.hear(plan)
    for _ in range(int(patience(bulk)) // _SLICE_S):
        # What was accepted in the last second may be on its way still.
        if run.sink.wait(0, timeout_s=0.0).unique >= bulk + len(run.begun) - LATENCY_RATE:
            break
        run.hear(run.order(per_slice))
    _await(run, bulk + len(run.begun))
    arrivals = run.sink.arrivals()
    last_at = max(at for name, at in arrivals.items() if name.startswith(_BULK))
    delays = _delays(run, arrivals, until=last_at)
    return delays, bulk / (last_at - asked_at)


def _request(options: BenchOptions) -> dict[str, object]:
    """The body of the bulk request."""
    messages = [
        {
            "To": recipient(number, options.domains),
            "Headers": [{"Name": ID_HEADER, "Value": bench_id(_BULK, number)}],
        }
        for number in range(options.bulk)
    ]
    return {
        "From": f"The Garden Club <{SENDER}>",
        "Subject": "Three things to plant this week",
        "TextBody": text_body(Size.SMALL),
        "HtmlBody": html_body(Size.SMALL),
        "MessageStream": _STREAM,
        "Messages": messages,
    }


def _await(run: _Run, messages: int) -> None:
    """Until so many messages are at the sink. Raises BenchError when they are not in time."""
    check(BESIDE, run.sink.wait(messages, timeout_s=patience(messages)), messages)


def _delays(run: _Run, arrivals: dict[str, float], *, until: float = float("inf")) -> _Delays:
    """Of the messages that were due before an instant."""
    due = [(name, at) for name, at in run.begun.items() if at <= until]
    return _Delays(
        arrived=[(arrivals[name] - at) * 1000 for name, at in due],
        accepted=list(run.accepted_ms),
    )
