"""What the sweep of a client found, held against the defects of clients that are known."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.clients import platform
from tests.clients.defects import DEFECTS


def sweep(command: Sequence[str | Path], target: platform.Platform, **more: str) -> str:
    """What a sweep printed; its exit code says only that it ran to its end."""
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"]} | target.environment() | more,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def judge(client: str, printed: str, *, least: int) -> None:
    """Every check is right, but for the client's known defects; these must still be there."""
    lines = printed.splitlines()
    failed = {line.split()[1].rstrip(":"): line for line in lines if line.startswith("FAIL ")}
    excused = {check for other, check in DEFECTS if other == client}
    wrong = [line for name, line in failed.items() if name not in excused]
    assert not wrong, "\n".join(wrong)
    assert excused <= failed.keys(), f"no defects any more: {excused - failed.keys()}"
    assert len([line for line in lines if line.startswith("ok ")]) >= least
