"""The scenarios that are measured by themselves, each once with small numbers, and how their table reads."""

from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from pillarbox.bench import alone, beside, growth, hits, inbound, queued, slow, webhooks
from pillarbox.bench.alone import Figure, Figures
from pillarbox.bench.hook_sink import HookSink, HookSinkChild
from pillarbox.bench.main import ALONE, run
from pillarbox.bench.model import BenchOptions

Measure = Callable[[BenchOptions, Path, Callable[[str], None]], Figures]


@pytest.mark.parametrize("scenario", ALONE)
def test_each_is_measured_by_itself(scenario: str, capsys: pytest.CaptureFixture[str]):
    assert run(BenchOptions(scenarios=("accept", scenario))) == 2
    assert f"{scenario} is measured by itself" in capsys.readouterr().err


def test_the_table_says_what_was_reached():
    figures = [
        Figure(name="quick", value=9.99, unit="ms", bar=10.0, aim=5.0),
        Figure(name="many", value=2000.0, unit="/s", bar=2000.0, aim=1500.0, at_least=True),
        Figure(name="slow", value=12.0, unit="ms", bar=10.0),
        Figure(name="memory", value=123.4, unit="MB"),
    ]
    cpu = {"pillarbox": 0.5, "relay.worker": 0.25, "(ended)": 0.001}
    found = Figures(
        scenario="x", work="3 things", database="SQLite", figures=figures, cpu_ms_by_process=cpu
    )
    text = alone.as_text(found)
    lines = {line.split(" ")[0]: line for line in text.splitlines() if line}
    assert lines["x:"] == "x: 3 things, on SQLite"
    assert lines["quick"].endswith("≤ 10 ms        ≤ 5 ms  PASS")
    assert lines["many"].endswith("PASS aim met")
    assert lines["slow"].endswith("MISS")
    assert lines["memory"].endswith("123 MB")
    assert text.endswith("by process: pillarbox 0.50, relay.worker 0.25")
    assert msgspec.json.decode(alone.as_json(found))["figures"][0]["bar"] == 10.0


async def test_the_consumer_counts_calls_and_events():
    sink = HookSink()
    url = f"http://127.0.0.1:{await sink.listen()}/hook"
    async with httpx.AsyncClient() as client:
        for event in ("a", "b", "b"):
            headers = {"x-pm-webhook-event-id": event}
            answer = await client.post(url, content=b"{}" * 5000, headers=headers)
            assert (answer.status_code, answer.content) == (200, b"ok")
    told = await sink.wait(2, timeout_s=5)
    assert (told.received, told.events) == (3, 2)
    assert told.last_at > told.first_at
    assert (await sink.wait(3, timeout_s=0.01)).events == 2
    sink.reset()
    assert (await sink.wait(1, timeout_s=0.01)).received == 0
    sink.close()


def test_the_consumer_in_a_process_of_its_own():
    with HookSinkChild() as sink:
        headers = {"X-PM-Webhook-Event-Id": "a"}
        assert httpx.post(sink.url, content=b"{}", headers=headers).status_code == 200
        assert sink.wait(1, timeout_s=5).events == 1
        sink.reset()
        assert sink.wait(1, timeout_s=0.01).events == 0


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("measure", "bars"),
    [
        (inbound.measure, {"CPU each, all processes": 1.5}),
        (hits.measure, {"answer p99 at the pace": 10.0}),
        (
            webhooks.measure,
            {
                "calls, from the first to the last": 2000.0,
                "memory added at most, Pillarbox (PSS)": 30.0,
            },
        ),
        pytest.param(beside.measure, {"call → sink, beside, p99": 250.0}, marks=pytest.mark.slow),
        pytest.param(
            slow.measure,
            {"share of their rate that the others keep": 0.95},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            growth.measure, {"cost among very many ÷ among few": 1.2}, marks=pytest.mark.slow
        ),
        (
            queued.measure,
            {
                "memory added by 40 (PSS)": 30.0,
                "memory added by 400 (PSS)": 30.0,
                "memory at most (PSS)": 300.0,
            },
        ),
    ],
)
def test_each_runs(
    tmp_path: Path,
    measure: Measure,
    bars: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(beside, "_QUICK_ALONE_S", 0.5)
    monkeypatch.setattr(beside, "_SLICE_S", 1)
    monkeypatch.setattr(beside, "_WARM_UP", 10)
    monkeypatch.setattr(slow, "DESTINATIONS", 20)
    monkeypatch.setattr(slow, "SLOW_ONES", 2)
    monkeypatch.setattr(slow, "_QUICK_DELAY_S", 0.5)
    monkeypatch.setattr(slow, "_QUICK_BACKLOG_EACH", 30)
    monkeypatch.setattr(growth, "_FEW", 20)
    monkeypatch.setattr(growth, "_WARM_UP", 10)
    monkeypatch.setattr(queued, "_LOOKS", 1)
    options = BenchOptions(
        messages=40,
        stored=40,
        hits=40,
        events=40,
        bulk=40,
        queued=40,
        rounds=1,
        domains=5,
        quick=True,
    )
    found = measure(options, tmp_path, lambda _: None)
    assert found.database == "SQLite"
    assert {one.name: one.bar for one in found.figures if one.bar is not None} == bars
    assert all(one.value > 0 for one in found.figures if one.unit in ("/s", "ms"))
