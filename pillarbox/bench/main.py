"""`pillarbox bench`: sets everything up, runs the rounds, prints the report, leaves nothing behind."""

import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import pillarbox
from pillarbox.bench import (
    alone,
    beside,
    growth,
    hits,
    inbound,
    limits,
    postfix,
    queued,
    report,
    search,
    slow,
    webhooks,
)
from pillarbox.bench.bars import judge
from pillarbox.bench.dns import Responder
from pillarbox.bench.load import LoadChild
from pillarbox.bench.model import BenchError, BenchOptions, Measured, Round, Subject
from pillarbox.bench.postgres import Database
from pillarbox.bench.rounds import SCENARIOS, Meter
from pillarbox.bench.server import Pillarbox
from pillarbox.bench.sink import SinkChild

_QUICK_MESSAGES, _QUICK_STORED, _QUICK_HITS, _QUICK_EVENTS = 600, 20_000, 4000, 5000
_QUICK_WAITING = 4000
_ALONE = {
    inbound.INBOUND: inbound.measure,
    hits.HITS: hits.measure,
    webhooks.WEBHOOKS: webhooks.measure,
    beside.BESIDE: beside.measure,
    slow.SLOW: slow.measure,
    growth.GROWTH: growth.measure,
    queued.QUEUE: queued.measure,
}
ALONE = (search.SEARCH, *_ALONE)
"""The scenarios that are measured by themselves."""
_MEMORY_FILE_SYSTEMS = ("tmpfs", "ramfs")

Make = Callable[[Path, int], Subject]


def run(options: BenchOptions) -> int:
    """Run the benchmark and print what it found. 0 when the measurement is valid, whatever the bars say.

    1 when a server lost, repeated or kept back a message, left a bad signature, or did not work; 2 for an unknown
    scenario, or one that is measured by itself; 130 when interrupted. Everything started is stopped and removed in
    each case.
    """
    wrong = _wrong_scenarios(options.scenarios)
    if wrong:
        _say(wrong)
        return 2
    if options.quick:
        options = replace(
            options,
            rounds=1,
            messages=min(options.messages, _QUICK_MESSAGES),
            stored=min(options.stored, _QUICK_STORED),
            hits=min(options.hits, _QUICK_HITS),
            events=min(options.events, _QUICK_EVENTS),
            bulk=min(options.bulk, _QUICK_WAITING),
            queued=min(options.queued, _QUICK_WAITING),
        )
    try:
        with _stopped_by_sigterm():
            return _run(options)
    except KeyboardInterrupt:
        _say("interrupted")
        return 130


def _wrong_scenarios(names: Sequence[str]) -> str:
    """What is wrong with them, "" for nothing."""
    every = (*SCENARIOS, *ALONE)
    unknown = [name for name in names if name not in every]
    if unknown:
        return f"unknown scenario {unknown[0]!r}: choose from {', '.join(every)}"
    by_itself = next((name for name in names if name in ALONE), "")
    return f"{by_itself} is measured by itself" if by_itself and len(names) > 1 else ""


def _run(options: BenchOptions) -> int:
    if options.scenarios and options.scenarios[0] in ALONE:
        return _run_alone(options, options.scenarios[0])
    found = _measure(options)
    print(report.as_json(found) if options.json else report.as_text(found))
    return 1 if found.failure else 0


def _run_alone(options: BenchOptions, scenario: str) -> int:
    try:
        with _directory() as base:
            if scenario == search.SEARCH:
                timings = search.measure(options, base, _say)
                text = search.as_json(timings) if options.json else search.as_text(timings)
            else:
                found = _ALONE[scenario](options, base, _say)
                text = alone.as_json(found) if options.json else alone.as_text(found)
    except BenchError as error:
        _say(f"FAILED: {error}")
        return 1
    print(text)
    return 0


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does, so that it cleans up."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass(slots=True)
class _Bench:
    """What all rounds share."""

    options: BenchOptions
    base: Path
    sink: SinkChild
    load: LoadChild
    dns: Responder
    meter: Meter

    def subjects(self) -> list[Make]:
        """How to make each server for a round: directory and number in, server out."""
        makes: list[Make] = [self._ours]
        if self.options.postfix and not postfix.missing():
            makes += [self._postfix(signs=True), self._postfix(signs=False)]
        return makes

    def _ours(self, home: Path, number: int) -> Subject:
        url = self.options.database_url
        database = Database(url, number=number) if url else None
        return Pillarbox(home, sink_port=self.sink.port, dns=self.dns, database=database)

    def _postfix(self, *, signs: bool) -> Make:
        def make(home: Path, number: int) -> Subject:
            return postfix.Postfix(
                home, signs=signs, sink_port=self.sink.port, txt=self.dns.zone.txt
            )

        return make


def _measure(options: BenchOptions) -> report.Report:
    """All rounds, as far as they go."""
    rounds: list[Round] = []
    failure = ""
    with ExitStack() as stack:
        base = stack.enter_context(_directory())
        dns = stack.enter_context(Responder())
        sink, load = stack.enter_context(SinkChild()), stack.enter_context(LoadChild())
        meter = Meter(sink, load, options, txt=dns.zone.txt)
        bench = _Bench(options, base, sink, load, dns, meter)
        try:
            while len(rounds) < options.rounds:
                rounds.append(_round(bench, len(rounds)))
        except BenchError as error:
            failure = str(error)
        environment = _environment(options, base, meter.verifier_name)
    judged = judge(rounds, postgres=options.database_url is not None)
    return report.Report(environment, _notes(options), rounds, judged, failure)


def _round(bench: _Bench, number: int) -> Round:
    """One round; the order of the servers turns with the number, so that none is always first."""
    _say(f"round {number + 1} of {bench.options.rounds}: limits")
    seconds = 0.5 if bench.options.quick else 1.0
    run = bench.meter.new_run()
    found = limits.measure(bench.sink, bench.load, bench.base, run=run, seconds=seconds)
    makes = bench.subjects()
    turn = number % len(makes)
    servers: dict[str, Measured] = {}
    for position, make in enumerate(makes[turn:] + makes[:turn]):
        home = bench.base / f"round-{number}-{position}"
        subject = make(home, number)
        _say(f"round {number + 1} of {bench.options.rounds}: {subject.name}")
        servers[subject.name] = bench.meter.measure(subject)
        shutil.rmtree(home, ignore_errors=True)
    return Round(limits=found, servers=servers)


@contextmanager
def _directory() -> Iterator[Path]:
    """A directory for everything on disk, where fsync means something; the peers' users may enter it."""
    parent = Path("/var/tmp")  # noqa: S108 - mkdtemp makes the name unguessable; /tmp is often in memory
    base = Path(
        tempfile.mkdtemp(prefix="pillarbox-bench-", dir=parent if parent.is_dir() else None)
    )
    try:
        base.chmod(0o755)
        yield base
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _environment(options: BenchOptions, base: Path, verifier: str) -> dict[str, str]:
    return {
        "pillarbox": pillarbox.__version__,
        "machine": f"{platform.system()} {platform.release()}, "
        f"{len(os.sched_getaffinity(0))} cores ({_processor()}), {_file_system(base)}",
        "python": f"{platform.python_version()} in {sys.base_prefix}",
        "database": "PostgreSQL" if options.database_url else "SQLite",
        "peer": _peer(options),
        "run": f"{options.rounds} rounds, {options.messages} messages a flood, "
        f"{options.domains} domains, message 3 KB",
        "signatures": f"samples of each flood checked by {verifier}",
    }


def _notes(options: BenchOptions) -> list[str]:
    notes = [
        "shipped defaults on both sides, TLS off on both; tuning: none",
        "Postfix: own directories and port, no chroot, everything relayed to the sink",
        "ratios take Postfix's best of 1, 10 and 50 connections: its in_flow_delay makes floods uneven",
        "OpenDKIM: relaxed/relaxed, RSA-2048, milter on a UNIX socket",
        "load generator and sink run on the same cores; tracking and webhooks are off",
    ]
    if options.quick:
        notes.append("quick: one round, small floods; good for a look, not for a claim")
    return notes


def _peer(options: BenchOptions) -> str:
    if not options.postfix:
        return "skipped: --no-postfix"
    if reason := postfix.missing():
        return f"skipped: {reason}"
    version = subprocess.run(
        ["postconf", "-dh", "mail_version"], capture_output=True, timeout=10, check=False
    )
    return f"Postfix {version.stdout.decode().strip()} with and without OpenDKIM"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _file_system(path: Path) -> str:
    """The type of the file system under a path; says so when its fsync may mean nothing."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    under = [(len(m[1]), m[2]) for m in mounts if path.is_relative_to(m[1])]
    kind = max(under)[1] if under else "unknown"
    return f"{kind} (in memory: fsync costs nothing)" if kind in _MEMORY_FILE_SYSTEMS else kind
