"""Who really asks when reverse proxies stand in front. Pure.

Only what a trusted proxy says is believed (TRUSTED_PROXIES); anybody else may write what headers they like.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

Network = IPv4Network | IPv6Network


def client_address(scope: Any, trusted: Sequence[Network]) -> str:
    """Who asks (ASGI): the peer, or when that is a trusted proxy, the last one it names that is none itself."""
    address: str = (scope.get("client") or ("",))[0]
    if not is_in(address, trusted):
        return address
    for behind in reversed(_named(scope, b"x-forwarded-for")):
        address = behind
        if not is_in(behind, trusted):
            break
    return address


def is_https(scope: Any, trusted: Sequence[Network]) -> bool:
    """Whether a trusted proxy says that it was asked by https."""
    peer: str = (scope.get("client") or ("",))[0]
    return is_in(peer, trusted) and _named(scope, b"x-forwarded-proto")[-1:] == ["https"]


def is_in(address: str, networks: Iterable[Network]) -> bool:
    """Whether this is an address, and of one of the networks."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in networks)


def _named(scope: Any, header: bytes) -> list[str]:
    return [
        part.strip()
        for name, value in scope["headers"]
        if name == header
        for part in value.decode("latin-1").split(",")
    ]
