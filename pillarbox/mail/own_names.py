"""Host names that the machine itself knows, before anybody asks DNS: `localhost` and its hosts file.

Source: RFC 6761 section 6.3; hosts(5).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

HOSTS = Path("/etc/hosts")
_LOOPBACK = ("127.0.0.1", "::1")


def own_addresses(name: str, hosts: Path = HOSTS) -> Sequence[str]:
    """The addresses of such a name, () for every other."""
    bare = name.removesuffix(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return _LOOPBACK
    try:
        return _read(hosts, hosts.stat().st_mtime_ns).get(bare, ())
    except OSError:
        return ()


@lru_cache(maxsize=4)
def _read(hosts: Path, _changed_at: int) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in hosts.read_text("utf-8", "replace").splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        try:
            ip_address(address)
        except ValueError:
            continue
        for name in names:
            found[name.lower()] = (*found.get(name.lower(), ()), address)
    return found
