"""How long whoever guesses passwords has to wait. In this process's memory, which is bounded. No I/O.

An address that fails often is refused for a growing while. An email address that many fail at is only answered
more slowly, never refused: otherwise anybody could keep its owner out.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

FREE = 5
"""Failures that cost nothing: people mistype."""
LONGEST_WAIT_S = 60.0
FREE_OF_EMAIL = 10
LONGEST_PAUSE_S = 3.0
FORGOTTEN_AFTER_S = 900.0
MOST_KEYS = 20_000


@dataclass(slots=True)
class _Tries:
    count: int
    last: float


class Throttle:
    """Counts attempts; one that succeeds is taken back."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._tries: dict[str, _Tries] = {}

    def wait_s(self, ip: str) -> float:
        """Seconds until this address may try again; 0 when it may now."""
        tries = self._get(network(ip))
        if tries is None or tries.count < FREE:
            return 0.0
        wait = min(LONGEST_WAIT_S, 2.0 ** min(tries.count - FREE, 30))
        return max(0.0, tries.last + wait - self._monotonic())

    def pause_s(self, email_key: str) -> float:
        """Seconds that an attempt for this email address is to be held back."""
        tries = self._get(email_key)
        if tries is None or tries.count < FREE_OF_EMAIL:
            return 0.0
        return min(LONGEST_PAUSE_S, 0.1 * 2.0 ** min(tries.count - FREE_OF_EMAIL, 30))

    def count(self, ip: str, email_key: str) -> None:
        """Count an attempt before it is looked at, so that many at once are no way around."""
        for key in (network(ip), email_key):
            tries = self._get(key) or _Tries(0, 0.0)
            tries.count += 1
            tries.last = self._monotonic()
            self._tries.pop(key, None)
            self._tries[key] = tries  # at the end: what was tried longest ago stands first
        while len(self._tries) > MOST_KEYS:
            del self._tries[next(iter(self._tries))]

    def take_back(self, ip: str, email_key: str) -> None:
        """It succeeded. What failed before stays counted: an own account buys nobody more guesses."""
        for key in (network(ip), email_key):
            tries = self._get(key)
            if tries is not None:
                tries.count -= 1

    def _get(self, key: str) -> _Tries | None:
        tries = self._tries.get(key)
        if tries is None or self._monotonic() - tries.last > FORGOTTEN_AFTER_S:
            return None
        return tries


def network(ip: str) -> str:
    """Whom an address belongs to, as far as one can tell: an IPv6 customer has a /64."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
