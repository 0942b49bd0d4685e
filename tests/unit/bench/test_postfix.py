import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pillarbox.bench import postfix
from pillarbox.bench.load import LoadChild
from pillarbox.bench.model import BenchOptions, Door
from pillarbox.bench.postfix import Postfix
from pillarbox.bench.rounds import FloodSpec, Meter
from pillarbox.bench.sink import SinkChild


def test_without_root_the_peer_is_skipped_with_a_reason(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert postfix.missing() == "Postfix must be started as root"


def test_a_program_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name, path: None)
    assert postfix.missing() == "not installed: postfix, opendkim"


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory the users of Postfix and OpenDKIM may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(bool(postfix.missing()), reason=postfix.missing())
def test_a_private_postfix_signs_delivers_and_goes_away(open_directory: Path):
    txt: dict[str, str] = {}
    with SinkChild() as sink, LoadChild() as load:
        meter = Meter(sink, load, BenchOptions(), txt=txt)
        subject = Postfix(open_directory / "peer", signs=True, sink_port=sink.port, txt=txt)
        try:
            subject.start()
            found = meter.flood(subject, FloodSpec("smtp-2", Door.SMTP, 2, 3, 20))
            assert found.signatures_checked == 10
            assert found.cpu_ms_per_message > 0
            assert len(subject.pids()) > 5
            pids = subject.pids()
        finally:
            subject.stop()
    assert subject.pids() == []
    assert not [pid for pid in pids if Path(f"/proc/{pid}/exe").exists()]
