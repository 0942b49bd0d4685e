"""Who is connected: the limits on connections, and their orderly end when the server stops."""

import asyncio
import logging
from typing import Protocol

from pillarbox.smtpd import reply as replies

_log = logging.getLogger(__name__)

# Time for cut connections and cancelled work to notice.
_CUT_S = 1.0


class Guest(Protocol):
    """A connection as the registry sees it."""

    def leave(self) -> None:
        """Finish the transaction in hand, then say 421 and close."""
        ...

    def cut(self) -> None:
        """Close now; work in hand is cancelled."""
        ...


class Registry:
    """The connections of one server, at most so many, and at most so many for one address."""

    def __init__(self, max_connections: int, max_connections_per_ip: int) -> None:
        self._max_connections = max_connections
        self._max_per_ip = max_connections_per_ip
        self._guests: set[Guest] = set()
        self._per_ip: dict[str, int] = {}
        self._is_leaving = False
        self._empty = asyncio.Event()

    @property
    def count(self) -> int:
        """Connections that are open or have work in hand."""
        return len(self._guests)

    def admit(self, guest: Guest, ip: str) -> bytes | None:
        """Register a connection, or give the reply to turn it away with."""
        here = self._per_ip.get(ip, 0)
        refusal = None
        if self._is_leaving:
            refusal = replies.SHUTDOWN
        elif len(self._guests) >= self._max_connections:
            refusal = replies.TOO_MANY_CONNECTIONS
        elif here >= self._max_per_ip:
            refusal = replies.TOO_MANY_FROM_ADDRESS
        if refusal is not None:
            _log.info("connection turned away", extra={"peer_ip": ip, "open": self.count})
            return refusal
        self._guests.add(guest)
        self._per_ip[ip] = here + 1
        return None

    def remove(self, guest: Guest, ip: str) -> None:
        """Forget a connection that was admitted from this address."""
        self._guests.remove(guest)
        self._per_ip[ip] -= 1
        if not self._per_ip[ip]:
            del self._per_ip[ip]
        if not self._guests:
            self._empty.set()

    async def drain(self, grace_s: float) -> None:
        """Let every connection finish what it has in hand; cut off what takes longer than the grace."""
        self._is_leaving = True
        for guest in list(self._guests):
            guest.leave()
        await self._wait_empty(grace_s)
        if self._guests:
            _log.warning("connections cut off", extra={"open": self.count})
        for guest in list(self._guests):
            guest.cut()
        await self._wait_empty(_CUT_S)

    async def _wait_empty(self, timeout_s: float) -> None:
        if not self._guests:
            return
        self._empty.clear()
        try:
            await asyncio.wait_for(self._empty.wait(), timeout_s)
        except TimeoutError:
            return
