"""A running platform as the suites of client libraries expect to find it, each time a fresh one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import process
from tests.clients import seed
from tests.clients.seed import DOMAIN, SENDER
from tests.conftest import ACCOUNT_TOKEN, SERVER_TOKEN

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".clients"
"""Where clients of other languages are installed; kept between runs."""

RECIPIENT = "recipient@elsewhere.example"


@dataclass(frozen=True)
class Platform:
    """Where it listens and who may call; `host` is host:port."""

    host: str
    smtp_port: int
    server_token: str = SERVER_TOKEN
    account_token: str = ACCOUNT_TOKEN

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def environment(self) -> dict[str, str]:
        """What suites read from their environment."""
        return {
            "BASE_URL": self.url,
            "REQUEST_HOST": self.host,
            "SERVER_API_TOKEN": self.server_token,
            "ACCOUNT_API_TOKEN": self.account_token,
            "SENDER_EMAIL_ADDRESS": SENDER,
            "RECIPIENT_EMAIL_ADDRESS": RECIPIENT,
            "DOMAIN_NAME": DOMAIN,
        }


@contextmanager
def running(directory: Path, **settings: str) -> Iterator[Platform]:
    """A platform in capture mode with a database of its own, filled as `seed` says."""
    seed.fill(directory, **settings)
    with process.serving(directory, **settings) as server:
        yield Platform(server.http.removeprefix("http://"), server.smtp_port)


def require(program: str) -> None:
    """Skip the test without this program; fail where nothing may be skipped."""
    if shutil.which(program) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is missing")
        pytest.skip(f"{program} is not installed")


def install(name: str, lock: Path, command: list[str]) -> Path:
    """The directory of the cache in which an installing command was run for this lock file."""
    target = CACHE / name
    mark = target / ".installed"
    wanted = lock.read_text("utf-8")
    if not mark.exists() or mark.read_text("utf-8") != wanted:
        target.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (
            f"{' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        )
        mark.write_text(wanted, "utf-8")
    return target
