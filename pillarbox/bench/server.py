"""The server under test: a Pillarbox of its own on fresh directories, started as anyone would start it.

Settings are the shipped defaults except for what the task needs: its own ports and directory, fixed tokens,
direct delivery to the sink (by the benchmark's DNS and port), loopback allowed, any sender, no STARTTLS.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from pillarbox import config
from pillarbox.bench.accounting import family
from pillarbox.bench.dns import Responder
from pillarbox.bench.model import SENDER_DOMAIN, BenchError, Door
from pillarbox.bench.ports import free_port
from pillarbox.bench.postgres import Database
from pillarbox.bench.process import end_process, kill_group

_PREFIX = "PILLARBOX_"
_COMMAND_S = 60.0
_READY_S = 60.0
_STOP_S = 35.0  # the server promises 30
_LOG_LINES = 15


class Pillarbox:
    """One private Pillarbox. `database` is used instead of SQLite when given."""

    def __init__(
        self, home: Path, *, sink_port: int, dns: Responder, database: Database | None = None
    ) -> None:
        self._home = home
        self._sink_port = sink_port
        self._dns = dns
        self._database = database
        self._token = str(uuid.uuid4())
        self._ports = {door: free_port() for door in (Door.HTTP, Door.SMTP, Door.INBOUND)}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """`pillarbox`, also on PostgreSQL: a run measures one of them."""
        return "pillarbox"

    @property
    def signs(self) -> bool:
        """It always signs."""
        return True

    def _environment(self) -> dict[str, str]:
        settings = {
            "DATA_DIR": str(self._home / "data"),
            "HTTP_LISTEN": f"127.0.0.1:{self._ports[Door.HTTP]}",
            "SUBMISSION_LISTEN": f"127.0.0.1:{self._ports[Door.SMTP]}",
            "INBOUND_LISTEN": f"127.0.0.1:{self._ports[Door.INBOUND]}",
            "PUBLIC_URL": f"http://127.0.0.1:{self._ports[Door.HTTP]}",
            "HOSTNAME": "pillarbox.bench.example",
            "SERVER_TOKEN": self._token,
            "ACCOUNT_TOKEN": str(uuid.uuid4()),
            "DELIVERY": "direct",
            "DNS_SERVERS": f"127.0.0.1:{self._dns.port}",
            "MX_PORT": str(self._sink_port),
            "EGRESS_ALLOW": "127.0.0.0/8",
            "SENDER_POLICY": "open",
            "STARTTLS": "off",
        }
        if self._database:
            settings["DATABASE_URL"] = self._database.url
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(_PREFIX)}
        return inherited | {_PREFIX + name: value for name, value in settings.items()}

    def start(self) -> None:
        """Set up the signing domain, start the server, return when it is ready."""
        self._home.mkdir(mode=0o755)
        if self._database:
            self._database.create()
        self._environ = self._environment()
        added = self._command("domain", "add", SENDER_DOMAIN, "--json")
        name, text = dkim_record(json.loads(added))
        self._dns.zone.txt[name.lower()] = text
        self._command("domain", "verify", SENDER_DOMAIN)
        with (self._home / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pillarbox", "serve"],
                env=self._environ,
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_ready(self._process)

    def _command(self, *arguments: str) -> str:
        """Run one command of the program on the same settings; its output. Raises BenchError."""
        done = subprocess.run(
            [sys.executable, "-m", "pillarbox", *arguments],
            env=self._environ,
            cwd=self._home,  # no pillarbox.toml of the caller's directory
            capture_output=True,
            timeout=_COMMAND_S,
            check=False,
        )
        if done.returncode:
            text = (done.stdout + done.stderr).decode(errors="replace")
            raise BenchError(f"pillarbox {' '.join(arguments)} failed\n{text}")
        return done.stdout.decode()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _READY_S
        while not self._is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"pillarbox serve did not get ready\n{self.log_tail()}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._ports[Door.HTTP], timeout=5.0)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """Ask it to stop, kill what is left, drop the database."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            if not end_process(process, timeout_s=_STOP_S):
                print(f"pillarbox did not stop within {_STOP_S:.0f} s: killed", file=sys.stderr)
            elif process.returncode:
                print(f"pillarbox stopped with code {process.returncode}", file=sys.stderr)
            kill_group(process.pid)
        if self._database:
            self._database.drop()

    def port(self, door: Door) -> int | None:
        """The one port of HTTP for the API and for hits, submission for SMTP, the MX for inbound mail."""
        return self._ports.get(door, self._ports[Door.HTTP])

    def token(self) -> str:
        """The token of the first server."""
        return self._token

    def database_url(self) -> str:
        """Where its database is, as SQLAlchemy wants it."""
        url = self._database.url if self._database else None
        settings = {"data_dir": str(self._home / "data"), "database_url": url}
        return config.load(settings, environment={}).database

    def settle(self) -> None:
        """Have PostgreSQL do now what it would do by itself in the minutes after many rows were written."""
        if self._database:
            self._database.settle()

    def pids(self) -> list[int]:
        """The server with all its workers, and PostgreSQL when it is used on this machine."""
        return self.own_pids() + (self._database.pids() if self._database else [])

    def own_pids(self) -> list[int]:
        """The same without PostgreSQL."""
        return [process.pid for process in family([self._process.pid] if self._process else [])]

    def queue_length(self) -> int:
        """What `pillarbox queue list` still shows."""
        return listed(json.loads(self._command("queue", "list", "--json")))

    def log_tail(self) -> str:
        """The last lines of its output."""
        try:
            lines = (self._home / "server.log").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-_LOG_LINES:])


def dkim_record(answer: object) -> tuple[str, str]:
    """Name and text of the DKIM record in what `domain add --json` printed, whatever the members are called.

    Raises BenchError when there is none.
    """
    texts = list(_strings(answer))
    names = [text for text in texts if text.lower().endswith(f"._domainkey.{SENDER_DOMAIN}")]
    values = [text for text in texts if "k=rsa" in text and "p=" in text]
    if not names or not values:
        raise BenchError(f"`domain add --json` shows no DKIM record: {answer}")
    return names[0], values[0]


def _strings(value: object) -> list[str]:
    """All texts in a JSON value, in order."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [text for item in value for text in _strings(item)] if isinstance(value, list) else []


def listed(answer: object) -> int:
    """How many entries a JSON listing has: an array, or an object with a `total` or with arrays."""
    if isinstance(answer, dict):
        if isinstance(answer.get("total"), int):
            return int(answer["total"])
        return sum(len(value) for value in answer.values() if isinstance(value, list))
    if isinstance(answer, list):
        return len(answer)
    raise BenchError(f"`queue list --json` printed neither an array nor an object: {answer!r}")
