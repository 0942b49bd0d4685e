"""Go clients that others wrote: every call they offer."""

import subprocess
from pathlib import Path

import pytest

from tests.clients import platform
from tests.clients.report import judge, sweep

HERE = Path(__file__).parent / "go"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def program(client: str) -> Path:
    """The sweep of a client, compiled with the modules that go.sum pins."""
    target = platform.CACHE / "go"
    target.mkdir(parents=True, exist_ok=True)
    built = target / client
    command = ["go", "build", "-o", str(built), f"./{client}"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return built


@pytest.mark.parametrize("client", ["mrz1836", "keighl"])
def test_every_call_of_the_client(tmp_path: Path, database_url: str | None, client: str) -> None:
    built = program(client)
    with platform.running(tmp_path, DATABASE_URL=database_url or "") as target:
        printed = sweep([built], target)
    judge(client, printed, least=30)
