"""One round: the limits, then each server in turn with the same floods, the same checks, the same watches.

A flood gives accept rate, end-to-end rate and CPU per message at once: delivery goes on while mail comes in,
as in life. A server that loses, repeats or keeps back a message, or leaves a signature broken, ends the run.
"""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from pillarbox.bench import accounting
from pillarbox.bench.load import LoadChild
from pillarbox.bench.model import (
    LARGE_DIVISOR,
    BenchError,
    BenchOptions,
    Counts,
    Door,
    Flood,
    Latency,
    Measured,
    Plan,
    Sent,
    Size,
    Subject,
)
from pillarbox.bench.signatures import verifier
from pillarbox.bench.sink import SinkChild

SCENARIOS = ("accept", "deliver", "large", "latency")
HTTP_CONNECTIONS = 50
SMTP_CONNECTIONS = (1, 10, 50)
BATCH_CONNECTIONS, BATCH = 4, 500
LATENCY_RATE, LATENCY_CONNECTIONS = 10.0, 10
_LATENCY_S, _QUICK_LATENCY_S = 20.0, 5.0
_WARM_UP = 200
_SAMPLES = 10
_SETTLE_S = 2.0  # an idle server may still be loading something just after it is ready
_DRAIN_S = 30.0
_PATIENCE_S, _SLOWEST_PER_S = 30.0, 20  # a server slower than this is given up


@dataclass(frozen=True, slots=True)
class FloodSpec:
    """One flood as the report names it."""

    name: str
    door: Door
    connections: int
    domains: int
    messages: int
    size: Size = Size.SMALL
    batch: int = 1


def floods(options: BenchOptions, *, has_http: bool) -> list[FloodSpec]:
    """The floods one server gets, without repetition. A server without an API gets all of them over SMTP."""
    groups = _http_floods(options) if has_http else _smtp_floods(options)
    wanted = options.scenarios or SCENARIOS
    named = {spec.name: spec for scenario in wanted for spec in groups.get(scenario, [])}
    return list(named.values())


def _accept_floods(options: BenchOptions) -> list[FloodSpec]:
    return [
        FloodSpec(f"smtp-{n}", Door.SMTP, n, options.domains, options.messages)
        for n in SMTP_CONNECTIONS
    ]


def _http_floods(options: BenchOptions) -> dict[str, list[FloodSpec]]:
    """By scenario. The batch flood is rounded up to whole batches on every connection."""
    many, messages, door = options.domains, options.messages, Door.HTTP
    share = BATCH * BATCH_CONNECTIONS
    full = -(-messages // share) * share
    few = max(1, messages // LARGE_DIVISOR)
    single = FloodSpec("http", door, HTTP_CONNECTIONS, many, messages)
    one_domain = FloodSpec("http-one-domain", door, HTTP_CONNECTIONS, 1, messages)
    batch = FloodSpec("http-batch", Door.BATCH, BATCH_CONNECTIONS, many, full, batch=BATCH)
    large = FloodSpec("http-large", door, HTTP_CONNECTIONS, many, few, Size.LARGE)
    return {
        "accept": [*_accept_floods(options), single, batch],
        "deliver": [single, one_domain],
        "large": [large],
    }


def _smtp_floods(options: BenchOptions) -> dict[str, list[FloodSpec]]:
    """By scenario. Each at several numbers of connections: the peer is judged by its best."""
    many = _accept_floods(options)
    few = max(1, options.messages // LARGE_DIVISOR)
    return {
        "accept": many,
        "deliver": [
            *many,
            *(replace(spec, name=f"{spec.name}-one-domain", domains=1) for spec in many),
        ],
        "large": [
            replace(spec, name=f"{spec.name}-large", messages=few, size=Size.LARGE) for spec in many
        ],
    }


def percentile(values: Iterable[float], percent: float) -> float:
    """The nearest-rank percentile; 0 for no values."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


class Meter:
    """Measures servers with one sink and one load generator. `txt` holds the DKIM records by name."""

    def __init__(
        self, sink: SinkChild, load: LoadChild, options: BenchOptions, *, txt: dict[str, str]
    ) -> None:
        self._sink = sink
        self._load = load
        self._options = options
        self._txt = txt
        self._runs = 0
        self.verifier_name, self._verify = verifier()

    def new_run(self) -> str:
        """A name that no earlier flood had."""
        self._runs += 1
        return f"r{self._runs}"

    def measure(self, subject: Subject) -> Measured:
        """Start the server, put it through everything, stop it. Raises BenchError for any violation."""
        try:
            subject.start()
            return self._measure(subject)
        except BenchError as error:
            raise BenchError(f"{subject.name}: {error}\n{subject.log_tail()}".rstrip()) from error
        finally:
            subject.stop()

    def _measure(self, subject: Subject) -> Measured:
        time.sleep(_SETTLE_S)
        idle = accounting.memory_of(subject.pids())
        has_http = subject.port(Door.HTTP) is not None
        door = Door.HTTP if has_http else Door.SMTP
        for used in (Door.SMTP, Door.HTTP) if has_http else (Door.SMTP,):
            self.flood(subject, FloodSpec("warm-up", used, 10, self._options.domains, _WARM_UP))
        watch = accounting.MemoryWatch(subject.pids)
        latency = self._latency(subject, door)
        watch.start()
        try:
            specs = floods(self._options, has_http=has_http)
            results = {spec.name: self.flood(subject, spec) for spec in specs}
        finally:
            peak = watch.stop()
        return Measured(floods=results, latency=latency, memory_idle=idle, memory_load=peak)

    def flood(self, subject: Subject, spec: FloodSpec) -> Flood:
        """One flood with all its checks."""
        plan = self._plan(subject, spec)
        self._sink.reset(plan.run, sample_every=max(1, spec.messages // _SAMPLES))
        before = accounting.family(subject.pids())
        sent = self._load.send(plan)
        counts = self._sink.wait(spec.messages, timeout_s=plan.timeout_s)
        self._check(subject, spec, sent, counts)
        used = accounting.cpu_used(before, accounting.family(subject.pids()))
        return Flood(
            messages=spec.messages,
            accepts_per_s=sent.rate,
            accept_p50_ms=median(sent.latencies_ms),
            accept_p99_ms=percentile(sent.latencies_ms, 99),
            delivered_per_s=spec.messages / (counts.last_at - sent.started_at),
            cpu_ms_per_message=sum(used.values()) / spec.messages * 1000,
            cpu_ms_by_process={k: v / spec.messages * 1000 for k, v in used.items()},
            signatures_checked=self._check_signatures(subject, spec),
        )

    def _plan(self, subject: Subject, spec: FloodSpec, *, rate: float = 0.0) -> Plan:
        port = subject.port(spec.door)
        assert port is not None
        return Plan(
            door=spec.door,
            port=port,
            run=self.new_run(),
            messages=spec.messages,
            connections=spec.connections,
            domains=spec.domains,
            size=spec.size,
            batch=spec.batch,
            rate=rate,
            token=subject.token(),
            timeout_s=_PATIENCE_S + spec.messages / (rate or _SLOWEST_PER_S),
        )

    def _check(self, subject: Subject, spec: FloodSpec, sent: Sent, counts: Counts) -> None:
        """Every promise: all accepted, each at the sink exactly once, nothing left in the queue."""
        if sent.failed:
            raise BenchError(f"{spec.name}: {sent.failed} messages refused: {sent.failure}")
        if counts.unique == spec.messages:
            self._wait_for_empty_queue(subject, spec)
            counts = self._sink.wait(spec.messages, timeout_s=0.0)
        wrong = [
            f"{name} {found} instead of {wanted}"
            for name, found, wanted in (
                ("arrived", counts.unique, spec.messages),
                ("duplicates", counts.duplicates, 0),
                ("strays", counts.strays, 0),
                ("different message ids", counts.message_ids, spec.messages),
            )
            if found != wanted
        ]
        if wrong:
            raise BenchError(f"{spec.name}: {', '.join(wrong)}")

    def _wait_for_empty_queue(self, subject: Subject, spec: FloodSpec) -> None:
        deadline = time.monotonic() + _DRAIN_S
        while left := subject.queue_length():
            if time.monotonic() > deadline:
                raise BenchError(
                    f"{spec.name}: {left} still queued {_DRAIN_S:.0f} s after all arrived"
                )
            time.sleep(0.02)

    def _check_signatures(self, subject: Subject, spec: FloodSpec) -> int:
        """How many samples were verified; none for a server that does not sign."""
        if not subject.signs:
            return 0
        samples = self._sink.samples()
        bad = sum(not self._verify(raw, self._txt) for raw in samples)
        if bad or not samples:
            raise BenchError(f"{spec.name}: {bad} of {len(samples)} signatures do not verify")
        return len(samples)

    def _latency(self, subject: Subject, door: Door) -> Latency | None:
        """Messages at an even pace, from the instant each was due to the sink."""
        if "latency" not in (self._options.scenarios or SCENARIOS):
            return None
        messages = int(LATENCY_RATE * (_QUICK_LATENCY_S if self._options.quick else _LATENCY_S))
        spec = FloodSpec("latency", door, LATENCY_CONNECTIONS, self._options.domains, messages)
        plan = self._plan(subject, spec, rate=LATENCY_RATE)
        self._sink.reset(plan.run, sample_every=0)
        sent = self._load.send(plan)
        self._check(subject, spec, sent, self._sink.wait(messages, timeout_s=plan.timeout_s))
        arrivals = self._sink.arrivals()
        delays = [
            (arrivals[f"{plan.run}-{number}"] - begun_at) * 1000
            for number, begun_at in enumerate(sent.begun_at)
        ]
        return Latency(
            messages=messages,
            p50_ms=median(delays),
            p99_ms=percentile(delays, 99),
            accept_p50_ms=median(sent.latencies_ms),
            accept_p99_ms=percentile(sent.latencies_ms, 99),
        )
