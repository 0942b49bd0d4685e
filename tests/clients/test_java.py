"""The official Java client `com.postmarkapp:postmark`: every call of both its classes."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients import platform
from tests.clients.report import judge, sweep

HERE = Path(__file__).parent / "java"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def program() -> str:
    """The class path of the sweep, which is compiled in the cache beside the libraries that it needs."""
    platform.require("mvn")
    target = platform.CACHE / "java"
    shutil.copytree(HERE, target, dirs_exist_ok=True)
    command = ["mvn", "-q", "-B", "package"]
    done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return f"{target}/target/classes:{target}/target/lib/*"


def test_every_call_of_the_client(tmp_path: Path, database_url: str | None) -> None:
    built = program()
    with platform.running(tmp_path, DATABASE_URL=database_url or "") as target:
        printed = sweep(["java", "-cp", built, "Sweep"], target)
    judge("java", printed, least=90)
