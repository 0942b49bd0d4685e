"""Checks of the machine and its settings, which ask nobody else. They may wait for a disk."""

import ctypes
import ipaddress
import os
import shutil
import sys
from datetime import timedelta
from urllib.parse import urlsplit

from cryptography import x509

from pillarbox.checkup.model import Check, bad, good
from pillarbox.clock import SystemClock
from pillarbox.config import Config
from pillarbox.storage.dialect import database_time
from pillarbox.storage.tx import Tx

LEAST_FREE_BYTES = 512 * 1024 * 1024
CERTIFICATE_LEFT = timedelta(days=14)
CLOCK_OFF = timedelta(seconds=30)
_INNER = (".local", ".localdomain", ".internal", ".lan", ".home.arpa")
_TIME_ERROR = 5  # what the kernel says of a clock that nothing keeps right (adjtimex(2))


def disk(config: Config) -> Check:
    """Whether there is room for mail."""
    where = config.data_dir if config.data_dir.exists() else config.data_dir.parent
    free = shutil.disk_usage(where if where.exists() else os.curdir).free
    text = f"{free // 2**20:,} MB free"
    if free < LEAST_FREE_BYTES:
        return bad("disk", text, "free some space: with a full disk new mail is refused")
    return good("disk", text)


def database_clock(tx: Tx) -> Check:
    """Whether machine and database agree on the time."""
    apart = database_time(tx.connection) - tx.now
    text = f"{abs(apart).total_seconds():.1f} s apart from the database's"
    if abs(apart) > CLOCK_OFF:
        return bad("clock", text, "set up NTP on both")
    return good("clock", text)


def time_service() -> Check:
    """Whether something keeps the clock right: signatures and retries go by it."""
    name = "time service"
    if sys.platform != "linux":
        return good(name, "not looked at on this system")
    room = ctypes.create_string_buffer(512)  # a struct timex that asks, and sets nothing
    if ctypes.CDLL(None).ntp_adjtime(room) == _TIME_ERROR:
        fix = "set up NTP: signatures are dated, and other hosts refuse what comes from the future"
        return bad(name, "nothing keeps the clock right", fix, "timedatectl set-ntp true")
    return good(name, "the clock is kept right")


def certificate(config: Config) -> Check:
    """Whether the certificate of the listeners is valid for a while."""
    path = config.certificate
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as problem:
        return bad("certificate", str(problem), "set TLS_CERT and TLS_KEY to PEM files")
    left = found.not_valid_after_utc - SystemClock().now()
    text = f"{path}: {left.days} days left"
    if left < CERTIFICATE_LEFT:
        return bad("certificate", text, "renew the certificate")
    return good("certificate", f"{text}, self-made" if config.tls_cert is None else text)


def host_name(config: Config) -> Check:
    """Whether HOSTNAME may be said to the world."""
    name = config.hostname
    if "." not in name or name.endswith(_INNER):
        fix = "set HOSTNAME to the public name that this machine's address points back to (PTR)"
        return bad("host name", f"{name} is not a public name", fix, "PILLARBOX_HOSTNAME=")
    return good("host name", name)


def public_url(config: Config) -> Check:
    """Whether links in mail lead here."""
    name, parts = "public URL", urlsplit(config.public_url)
    fix = "set PUBLIC_URL to the https address under which others reach this port"
    if is_inner(parts.hostname or ""):
        why = f"{config.public_url} leads nowhere for others, and it stands in tracked links"
        host = "" if is_inner(config.hostname) else config.hostname
        return bad(name, why, fix, f"PILLARBOX_PUBLIC_URL=https://{host}")
    if parts.scheme != "https":
        return bad(name, f"{config.public_url} is not encrypted", fix)
    return good(name, config.public_url)


def way_in(config: Config) -> Check:
    """Whether other hosts can hand in bounces, complaints and mail for inboxes."""
    name = "incoming mail"
    heard = ", ".join(
        f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        for host, port in config.inbound_listen
    )
    if all(_is_loopback(host) for host, _ in config.inbound_listen):
        why = f"INBOUND_LISTEN is {heard}: bounces and mail of others do not get in"
        fix = "on the machine that takes mail, set INBOUND_LISTEN to an address that others reach"
        return bad(name, why, fix, "PILLARBOX_INBOUND_LISTEN=0.0.0.0:25")
    return good(name, f"taken at {heard}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def delivery(config: Config) -> Check:
    """Whether mail leaves at all."""
    if config.delivery == "capture":
        fix = "set DELIVERY to direct, or to relay with RELAY_URL"
        return bad(
            "delivery", "capture: nothing leaves this machine", fix, "PILLARBOX_DELIVERY=direct"
        )
    return good("delivery", config.delivery)


def is_inner(host: str) -> bool:
    """Whether a name or address means something on this machine or network only."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host or host.endswith(_INNER)
