"""The real command in a process of its own, as an operator runs it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ACCOUNT_TOKEN, SERVER_TOKEN

PATH = os.environ["PATH"]


def environment(directory: Path, **changes: str) -> dict[str, str]:
    """Settings of a server with a directory of its own and free ports, as environment variables."""
    settings = {
        "DATA_DIR": str(directory / "data"),
        "HTTP_LISTEN": "127.0.0.1:0",
        "SUBMISSION_LISTEN": "127.0.0.1:0",
        "INBOUND_LISTEN": "127.0.0.1:0",
        "HOSTNAME": "pillarbox.example",
        "SERVER_TOKEN": SERVER_TOKEN,
        "ACCOUNT_TOKEN": ACCOUNT_TOKEN,
        "WORKERS": "1",
    }
    variables = {f"PILLARBOX_{name}": value for name, value in (settings | changes).items()}
    return {"PATH": PATH, "HOME": str(directory)} | variables


def run(directory: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "pillarbox", *arguments],
        env=environment(directory, **changes),
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@dataclass
class Server:
    """A running server; `greeting` is what it printed."""

    process: subprocess.Popen[str]
    greeting: str

    @property
    def http(self) -> str:
        found = re.search(r"API +(http://\S+)", self.greeting)
        assert found, self.greeting
        return found.group(1)

    @property
    def smtp_port(self) -> int:
        found = re.search(r"smtp://[^:]+:(\d+)", self.greeting)
        assert found, self.greeting
        return int(found.group(1))

    def kill(self) -> None:
        """End it as a power cut would, with its workers."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def terminate(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(35)


def start(directory: Path, *arguments: str, **changes: str) -> Server:
    """Start `pillarbox serve` and wait until it has greeted."""
    with (directory / "log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pillarbox", "serve", *arguments],
            env=environment(directory, **changes),
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    greeting = ""
    for line in process.stdout:
        greeting += line
        if line.startswith("  -d "):
            break
    else:
        process.wait(10)
        raise AssertionError((directory / "log").read_text()[-3000:])
    return Server(process, greeting)


@contextmanager
def serving(directory: Path, *arguments: str, **changes: str) -> Iterator[Server]:
    """A server while the block runs."""
    server = start(directory, *arguments, **changes)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.terminate()
        if server.process.stdout:
            server.process.stdout.close()
