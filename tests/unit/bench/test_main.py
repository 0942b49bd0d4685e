import pytest

from pillarbox.bench.main import run
from pillarbox.bench.model import BenchOptions


def test_an_unknown_scenario_is_wrong_usage(capsys: pytest.CaptureFixture[str]):
    assert run(BenchOptions(scenarios=("accept", "dance"))) == 2
    assert "'dance'" in capsys.readouterr().err
