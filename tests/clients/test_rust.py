"""The Rust client `postmark`: the requests that it offers, decoded by its types."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients import platform
from tests.clients.report import judge, sweep

HERE = Path(__file__).parent / "rust"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def program() -> Path:
    """The sweep, compiled in the cache: there cargo keeps what it fetched and locked."""
    target = platform.CACHE / "rust"
    shutil.copytree(HERE, target, dirs_exist_ok=True)
    done = subprocess.run(
        ["cargo", "build", "--quiet"], cwd=target, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return target / "target" / "debug" / "sweep"


def test_every_request_of_the_client(tmp_path: Path, database_url: str | None) -> None:
    built = program()
    with platform.running(tmp_path, DATABASE_URL=database_url or "") as target:
        printed = sweep([built], target)
    judge("rust", printed, least=75)
