"""Python clients that others wrote, each in an environment of its own: every method they offer.

A lock file pins one client for good: uv pip compile --universal --python-version 3.11 --generate-hashes
--no-emit-index-url --no-annotate --no-header, from a line such as pystmark==0.5.3.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients import platform
from tests.clients.defects import DEFECTS

HERE = Path(__file__).parent / "python"
CLIENTS = ("postmark_python", "postmarker", "python_postmark", "pystmark", "anymail")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def environment(client: str) -> Path:
    """The interpreter of the environment in which a client is installed as its lock file says."""
    lock = HERE / f"{client}.txt"
    commands = f"""
        "{sys.executable}" -m venv --clear .
        bin/pip install --quiet --disable-pip-version-check --require-hashes -r "{lock}"
    """
    directory = platform.install(f"python/{client}", lock, ["sh", "-ec", commands])
    return directory / "bin" / "python"


def sweep(client: str, target: platform.Platform) -> str:
    """What the sweep of a client printed."""
    done = subprocess.run(
        [str(environment(client)), str(HERE / f"{client}_sweep.py")],
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | target.environment(),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.parametrize("client", CLIENTS)
def test_every_method_of_the_client(tmp_path: Path, database_url: str | None, client: str) -> None:
    environment(client)
    with platform.running(tmp_path, DATABASE_URL=database_url or "") as target:
        printed = sweep(client, target)
    lines = printed.splitlines()
    failed = {line.split()[1].rstrip(":"): line for line in lines if line.startswith("FAIL ")}
    excused = {check for other, check in DEFECTS if other == client}
    unexpected = [line for name, line in failed.items() if name not in excused]
    assert unexpected == []
    assert excused <= failed.keys(), f"no defects any more: {excused - failed.keys()}"
    assert len([line for line in lines if line.startswith("ok ")]) >= 10
