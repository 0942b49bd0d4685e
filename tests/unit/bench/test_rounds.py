from collections.abc import Iterator

import pytest

from pillarbox.bench import rounds
from pillarbox.bench.load import LoadChild
from pillarbox.bench.model import BenchError, BenchOptions, Door, Size
from pillarbox.bench.rounds import FloodSpec, Meter, floods, percentile
from pillarbox.bench.sink import SinkChild

FLOOD = FloodSpec("smtp-2", Door.SMTP, 2, 3, 40)


class Straight:
    """A server that is the sink itself: everything handed over has arrived."""

    def __init__(self, sink: SinkChild, *, queued: int = 0, signs: bool = False) -> None:
        self.sink = sink
        self.queued = queued
        self.signs = signs
        self.name = "straight"
        self.stopped = False

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        self.stopped = True

    def port(self, door: Door) -> int | None:
        return self.sink.port if door is Door.SMTP else None

    def token(self) -> str:
        return ""

    def pids(self) -> list[int]:
        return [self.sink.pid]

    def queue_length(self) -> int:
        return self.queued

    def log_tail(self) -> str:
        return "the end of its log"


@pytest.fixture(scope="module")
def children() -> Iterator[tuple[SinkChild, LoadChild]]:
    with SinkChild() as sink, LoadChild() as load:
        yield sink, load


@pytest.fixture
def sink(children: tuple[SinkChild, LoadChild]) -> SinkChild:
    return children[0]


@pytest.fixture
def meter(children: tuple[SinkChild, LoadChild]) -> Meter:
    return Meter(*children, BenchOptions(messages=40, quick=True, scenarios=("large",)), txt={})


def test_a_flood_gives_rates_latency_and_cpu(sink: SinkChild, meter: Meter):
    found = meter.flood(Straight(sink), FLOOD)
    assert found.messages == 40
    assert found.accepts_per_s > 0
    assert found.delivered_per_s > 0
    assert 0 < found.accept_p50_ms <= found.accept_p99_ms
    assert found.signatures_checked == 0


def test_a_whole_measurement_has_the_floods_asked_for_and_both_memories(
    sink: SinkChild, meter: Meter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rounds, "_SETTLE_S", 0.0)
    subject = Straight(sink)
    found = meter.measure(subject)
    assert list(found.floods) == ["smtp-1-large", "smtp-10-large", "smtp-50-large"]
    assert found.latency is None
    assert found.memory_idle.pss_mb > 0
    assert found.memory_load.processes == 1
    assert subject.stopped


def test_latency_is_measured_from_the_call_to_the_sink(
    sink: SinkChild, meter: Meter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rounds, "_QUICK_LATENCY_S", 0.5)
    meter._options = BenchOptions(messages=1, quick=True, scenarios=("latency",))
    found = meter._latency(Straight(sink), Door.SMTP)
    assert found is not None
    assert found.messages == 5
    assert 0 < found.p50_ms <= found.p99_ms


def test_a_queue_that_does_not_empty_ends_the_run(
    sink: SinkChild, meter: Meter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rounds, "_DRAIN_S", 0.0)
    with pytest.raises(BenchError, match="1 still queued"):
        meter.flood(Straight(sink, queued=1), FLOOD)


def test_a_missing_signature_ends_the_run(sink: SinkChild, meter: Meter):
    with pytest.raises(BenchError, match="signatures do not verify"):
        meter.flood(Straight(sink, signs=True), FLOOD)


def test_lost_messages_end_the_run(meter: Meter, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rounds, "_PATIENCE_S", 1.0)
    monkeypatch.setattr(rounds, "_SLOWEST_PER_S", 1000)
    with SinkChild() as elsewhere:
        elsewhere.reset("r")
        with pytest.raises(BenchError, match="arrived 0 instead of 40"):
            meter.flood(Straight(elsewhere), FLOOD)


def test_duplicates_end_the_run(sink: SinkChild, meter: Meter, monkeypatch: pytest.MonkeyPatch):
    send = meter._load.send
    monkeypatch.setattr(meter._load, "send", lambda plan: [send(plan), send(plan)][0])
    with pytest.raises(BenchError, match="duplicates 40 instead of 0"):
        meter.flood(Straight(sink), FLOOD)


def test_a_failure_names_the_server_and_shows_its_log_and_still_stops_it(
    sink: SinkChild, meter: Meter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rounds, "_SETTLE_S", 0.0)
    monkeypatch.setattr(rounds, "_DRAIN_S", 0.0)
    subject = Straight(sink, queued=1)
    with pytest.raises(BenchError, match=r"(?s)straight: warm-up.*the end of its log"):
        meter.measure(subject)
    assert subject.stopped


def test_a_server_with_an_api_is_flooded_through_every_door_once():
    names = [spec.name for spec in floods(BenchOptions(), has_http=True)]
    assert names == [
        "smtp-1",
        "smtp-10",
        "smtp-50",
        "http",
        "http-batch",
        "http-one-domain",
        "http-large",
    ]


def test_a_peer_is_flooded_at_three_numbers_of_connections_in_each_scenario():
    specs = {spec.name: spec for spec in floods(BenchOptions(), has_http=False)}
    assert len(specs) == 9
    assert specs["smtp-50-one-domain"].domains == 1
    assert specs["smtp-10-large"].size is Size.LARGE
    assert specs["smtp-10-large"].messages == 1000


def test_a_batch_flood_is_rounded_up_to_whole_batches_on_each_connection():
    specs = {s.name: s for s in floods(BenchOptions(messages=2001), has_http=True)}
    assert specs["http-batch"].messages == 4000


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (50, 2.0), (75, 3.0), (99, 4.0), (100, 4.0)]
)
def test_percentiles_are_of_the_nearest_rank(percent: float, expected: float):
    assert percentile([4.0, 2.0, 1.0, 3.0], percent) == expected


def test_the_percentile_of_nothing_is_zero():
    assert percentile([], 99) == 0.0
