"""Whether a URL may be called at all, as far as its text tells. Names are judged once they are resolved."""

import re
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

import idna

from pillarbox.mail.egress import Egress

_unusable = re.compile(r"[\x00-\x20\x7f\\]").search
_name = re.compile(
    r"(?=.{1,253}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?)+"
).fullmatch
_number = re.compile(r"(?:[0-9]+|0[xX][0-9A-Fa-f]*)").fullmatch


def is_acceptable(url: str, egress: Egress) -> bool:
    """Whether this is an absolute http or https URL that does not name an address which is refused.

    Numbers that systems read as an IPv4 address (`127.1`, `2130706433`, `0x7f.1`) are taken for what they mean,
    and `localhost` for the loopback address.
    """
    if _unusable(url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
        parts.port  # noqa: B018 - raises when it is none
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host:
        return False
    address = _address(host)
    if address is not None:
        return egress.permits(address)
    return _is_name(host)


def _address(host: str) -> str | None:
    """The address that a host is, or None for a name; "" for a number that is no address."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    bare = host.removesuffix(".")
    if bare == "localhost" or bare.endswith(".localhost"):
        return "127.0.0.1"
    if not _number(bare.rpartition(".")[2]):
        return None
    try:
        return socket.inet_ntoa(socket.inet_aton(bare))
    except OSError:
        return ""


def _is_name(host: str) -> bool:
    if host.isascii():
        return _name(host) is not None
    try:
        idna.encode(host, uts46=True)
    except idna.IDNAError:
        return False
    return True
