from pathlib import Path

from pillarbox.bench import limits
from pillarbox.bench.load import LoadChild
from pillarbox.bench.sink import SinkChild


def test_every_limit_is_measured(tmp_path: Path):
    with SinkChild() as sink, LoadChild() as load:
        found = limits.measure(sink, load, tmp_path, run="r1", seconds=0.05)
    assert found.rsa_processes >= 1
    rates = [found.rsa_one_per_s, found.rsa_all_per_s, found.fsync_per_s, found.smtp_raw_per_s]
    assert all(rate > 0 for rate in rates)
    assert list(tmp_path.iterdir()) == []
