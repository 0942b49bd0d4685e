"""The peer: a private Postfix, with OpenDKIM as its milter or without, in a directory of its own.

Both run on shipped defaults. What is set is what the task needs: loopback only, everything relayed to the
sink, no TLS, its own directories, no chroot; the milter sits on a UNIX socket (over TCP it crawls).
The system's own Postfix is neither read nor touched.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pillarbox.bench.accounting import family
from pillarbox.bench.model import SENDER_DOMAIN, BenchError, Door
from pillarbox.bench.ports import free_port, wait_for_banner
from pillarbox.bench.process import end_process, kill_group

_SELECTOR = "bench"
_COMMAND_S = 30.0
_READY_S = 15.0
_QUEUES = ("maildrop", "incoming", "active", "deferred", "hold")

_MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
myhostname = postfix.bench.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
transport_maps = inline:{{ {{ * = smtp:[127.0.0.1]:{sink} }} }}
smtp_tls_security_level = none
smtpd_tls_security_level = none
{milter}
"""
_MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_OPENDKIM_CONF = """\
Domain {domain}
Selector {selector}
KeyFile {home}/dkim.pem
Canonicalization relaxed/relaxed
Mode s
OversignHeaders From
RequireSafeKeys no
Socket local:{home}/opendkim.sock
UMask 000
PidFile {home}/opendkim.pid
Syslog yes
SyslogSuccess yes
"""


def missing() -> str:
    """Why Postfix cannot take part here; empty when it can."""
    if os.geteuid() != 0:
        return "Postfix must be started as root"
    absent = [name for name in ("postfix", "opendkim") if not _program(name)]
    return f"not installed: {', '.join(absent)}" if absent else ""


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class Postfix:
    """One private Postfix. `txt` receives the public key under its DNS name when it signs."""

    def __init__(self, home: Path, *, signs: bool, sink_port: int, txt: dict[str, str]) -> None:
        self._home = home
        self._signs = signs
        self._sink_port = sink_port
        self._txt = txt
        self._port = 0
        self._milter: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """`postfix+opendkim` or `postfix`."""
        return "postfix+opendkim" if self._signs else "postfix"

    @property
    def signs(self) -> bool:
        """Whether OpenDKIM signs what passes."""
        return self._signs

    def start(self) -> None:
        """Write the configuration, start the milter and Postfix, wait for the SMTP banner."""
        self._home.mkdir(mode=0o755)
        for name in ("conf", "queue", "data"):
            (self._home / name).mkdir(mode=0o755)
        shutil.chown(self._home / "data", "postfix")
        if self._signs:
            self._start_milter()
        self._port = free_port()
        milter = f"smtpd_milters = unix:{self._home}/opendkim.sock" if self._signs else ""
        conf = self._home / "conf"
        (conf / "main.cf").write_text(
            _MAIN_CF.format(home=self._home, sink=self._sink_port, milter=milter)
        )
        (conf / "master.cf").write_text(_MASTER_CF.format(port=self._port))
        self._command("start")
        wait_for_banner(self._port, timeout_s=_READY_S)

    def _start_milter(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = self._home / "dkim.pem"
        pem.touch(mode=0o600)
        pem.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        lines = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        public = b"".join(lines.splitlines()[1:-1]).decode()
        self._txt[f"{_SELECTOR}._domainkey.{SENDER_DOMAIN}"] = f"v=DKIM1; k=rsa; p={public}"
        conf = self._home / "opendkim.conf"
        conf.write_text(
            _OPENDKIM_CONF.format(home=self._home, domain=SENDER_DOMAIN, selector=_SELECTOR)
        )
        program = _program("opendkim")
        assert program is not None
        with (self._home / "opendkim.log").open("wb") as log:
            self._milter = subprocess.Popen(
                [program, "-f", "-x", str(conf)], stderr=log, start_new_session=True
            )
        self._wait_for_socket(self._milter)

    def _wait_for_socket(self, milter: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _READY_S
        while not (self._home / "opendkim.sock").exists():
            if milter.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"OpenDKIM did not start\n{self.log_tail()}")
            time.sleep(0.02)

    def _command(self, verb: str) -> None:
        program = _program("postfix")
        assert program is not None
        done = subprocess.run(
            [program, "-c", str(self._home / "conf"), verb],
            capture_output=True,
            timeout=_COMMAND_S,
            check=False,
        )
        if done.returncode:
            text = (done.stdout + done.stderr).decode(errors="replace")
            raise BenchError(f"postfix {verb} failed\n{text}{self.log_tail()}")

    def stop(self) -> None:
        """Stop Postfix, then the milter; kill what does not go."""
        master = self._master()
        if master:
            processes = [process.pid for process in family([master])]
            try:
                self._command("stop")
            except (BenchError, subprocess.TimeoutExpired):
                for pid in processes:
                    _kill(pid)
        if self._milter is not None:
            self._milter.terminate()
            end_process(self._milter, timeout_s=5.0)
            kill_group(self._milter.pid)
            self._milter = None

    def port(self, door: Door) -> int | None:
        """SMTP only."""
        return self._port if door is Door.SMTP else None

    def token(self) -> str:
        """None is asked: the load generator comes from a trusted network."""
        return ""

    def pids(self) -> list[int]:
        """The master with all daemons, and OpenDKIM."""
        roots = [self._master()] + ([self._milter.pid] if self._milter else [])
        return [process.pid for process in family(pid for pid in roots if pid)]

    def _master(self) -> int:
        """The pid of the master daemon, 0 when there is none."""
        try:
            return int((self._home / "queue/pid/master.pid").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def queue_length(self) -> int:
        """Queue files in all queues, counted on disk."""
        return sum(
            len(files) for queue in _QUEUES for _, _, files in os.walk(self._home / "queue" / queue)
        )

    def log_tail(self) -> str:
        """The last lines of the mail log and of OpenDKIM's errors."""
        texts = [
            path.read_text(errors="replace").splitlines()[-10:]
            for path in (self._home / "mail.log", self._home / "opendkim.log")
            if path.exists()
        ]
        return "\n".join(line for lines in texts for line in lines)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
