"""The scenario `search` against a small database, and how its table reads."""

from pathlib import Path

import msgspec
import pytest

from pillarbox.bench import search
from pillarbox.bench.main import run
from pillarbox.bench.model import BenchOptions
from pillarbox.bench.search import Timing, Timings


def test_search_is_measured_by_itself(capsys: pytest.CaptureFixture[str]):
    assert run(BenchOptions(scenarios=("search", "accept"))) == 2
    assert "by itself" in capsys.readouterr().err


def test_the_table_says_who_missed_the_bar():
    page = Timing("page", 1.0, 99.0, 3.25, None, search.PAGE_BAR_MS)
    timings = [Timing("quick", 1.0, 50.0, 2.0, 12345), Timing("slow", 1.0, 50.1, 2.0, None), page]
    text = search.as_text(Timings(1_000_000, "SQLite", 60.0, timings, ["inbound list"]))
    names = ("quick", "slow", "page")
    quick, slow, other = [line for line in text.splitlines() if line.startswith(names)]
    assert "12,345" in quick
    assert quick.endswith("PASS")
    assert slow.endswith("MISS")
    assert other.endswith("PASS")
    assert other.split() == ["page", "3.2", "1.0", "99.0", "PASS"]
    assert text.endswith("not in this version: inbound list")


@pytest.mark.timeout(180)
def test_every_question_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(search, "_QUICK_REQUESTS", 2)
    monkeypatch.setattr(search, "_WARM_UP", 0)
    said: list[str] = []
    options = BenchOptions(scenarios=("search",), stored=1000, quick=True)
    found = search.measure(options, tmp_path, said.append)
    assert found.database == "SQLite"
    names = [timing.name for timing in found.timings]
    assert len(set(names)) == len(names)
    assert {"messages, first page", "bounces, type", "statistics of a year, overview"} <= set(names)
    by_name = {timing.name: timing for timing in found.timings}
    assert by_name["messages, subject rare"].found == 1
    assert by_name["messages, recipient"].p50_ms > 0
    assert msgspec.json.decode(search.as_json(found))["messages"] == 1000
    assert not any(
        name.startswith(("messages, ", "bounces", "statistics", "activity"))
        for name in found.left_out
    )
