"""An SMTP server on its listening sockets: start, count, stop.

Nothing here knows what a message is for. Submission and the inbound MX give the engine a service each.
"""

import asyncio

from pillarbox.smtpd.connection import Connection
from pillarbox.smtpd.options import ServerOptions
from pillarbox.smtpd.registry import Registry
from pillarbox.smtpd.service import Service
from pillarbox.smtpd.shared import Shared, Sleep

_BACKLOG = 1024


class SmtpServer:
    """Serves one service under one set of options, on any number of addresses."""

    def __init__(
        self, options: ServerOptions, service: Service, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        """`sleep` delays the answers to bad logins."""
        self._options = options
        self._shared = Shared(options, service, sleep)
        self._registry = Registry(options.max_connections, options.max_connections_per_ip)
        self._listeners: list[asyncio.Server] = []

    @property
    def connections(self) -> int:
        """Connections that are open or have work in hand."""
        return self._registry.count

    @property
    def free_memory(self) -> int:
        """Octets of the memory budget that no message holds."""
        return self._shared.budget.free

    async def start(self, host: str, port: int) -> list[tuple[str, int]]:
        """Listen; the addresses actually bound (port 0: any free one). May be called for several addresses.

        Raises OSError when an address cannot be had.
        """
        options = self._options
        listener = await asyncio.get_running_loop().create_server(
            lambda: Connection(self._shared, self._registry),
            host,
            port,
            backlog=_BACKLOG,
            ssl=options.tls if options.implicit_tls else None,
            ssl_handshake_timeout=options.tls_handshake_timeout_s if options.implicit_tls else None,
        )
        self._listeners.append(listener)
        return [socket.getsockname()[:2] for socket in listener.sockets]

    async def stop(self, grace_s: float) -> None:
        """Stop listening, finish the transactions in hand within the grace, tell idle clients 421, close."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        await self._registry.drain(grace_s)
