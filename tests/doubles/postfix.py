"""A real Postfix as the mail host of a domain: it takes mail for one address into a Maildir and refuses others.

Some addresses it takes mail for, too, and reports back later that it could not deliver it.
"""

import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pillarbox.bench.ports import free_port, wait_for_banner
from pillarbox.smtpd.tls import ensure_certificate

_MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
myhostname = mx.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
smtpd_relay_restrictions = reject_unauth_destination
alias_maps =
alias_database =
virtual_mailbox_domains = one.example
virtual_mailbox_base = {home}
virtual_mailbox_maps = inline:{{ {{ ann@one.example = box/ }} }}
virtual_alias_maps = inline:{{
  {{ gone@one.example = x@gone.example }}
  {{ full@one.example = x@full.example }}
  {{ slow@one.example = x@slow.example }}
  {{ list@one.example = ann@one.example x@gone.example y@full.example }} }}
transport_maps = inline:{{
  {{ gone.example = error:5.1.1 User unknown in directory }}
  {{ full.example = error:5.2.2 Mailbox is full }}
  {{ slow.example = retry:4.4.1 Connection timed out }}
  {{ pillarbox.example = smtp:[127.0.0.1]:{bounces_to} }} }}
delay_warning_time = 1s
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
smtp_tls_security_level = may
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtpd_tls_cert_file = {home}/smtp.crt
smtpd_tls_key_file = {home}/smtp.key
"""
_MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
smtp unix - - n - - smtp
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class MailHost:
    """`inbox` are the messages that arrived for ann@one.example."""

    port: int
    home: Path

    @property
    def inbox(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.home / "box" / "new").glob("*"))]

    @property
    def log(self) -> str:
        return (self.home / "mail.log").read_text()


def is_installed() -> bool:
    return shutil.which("postfix", path="/usr/sbin") is not None


@contextmanager
def mail_host(*, bounces_to: int = 9) -> Iterator[MailHost]:
    """A Postfix of its own while the block runs; the system's is neither read nor touched.

    It hands mail to pillarbox.example to the local port `bounces_to`.
    """
    home = Path(tempfile.mkdtemp(prefix="mail-host-"))
    home.chmod(0o755)
    try:
        for name in ("conf", "queue", "data", "box"):
            (home / name).mkdir(mode=0o755)
        user = pwd.getpwnam("nobody")
        shutil.chown(home / "data", "postfix")
        shutil.chown(home / "box", user.pw_uid, user.pw_gid)
        ensure_certificate(home, "mx.example")
        port = free_port()
        main = _MAIN_CF.format(home=home, uid=user.pw_uid, gid=user.pw_gid, bounces_to=bounces_to)
        (home / "conf/main.cf").write_text(main)
        (home / "conf/master.cf").write_text(_MASTER_CF.format(port=port))
        _postfix(home, "start")
        try:
            wait_for_banner(port, timeout_s=15)
            yield MailHost(port, home)
        finally:
            _postfix(home, "stop")
    finally:
        shutil.rmtree(home)


def _postfix(home: Path, verb: str) -> None:
    command = ["/usr/sbin/postfix", "-c", str(home / "conf"), verb]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
