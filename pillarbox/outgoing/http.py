"""The one HTTP client: it connects only to addresses that were judged, and never waits or reads without end.

    async with Client(dns_servers=..., egress=...) as client:
        status = await client.post(Request(url, body, headers), timeout_s=30)
        answer = await client.get(Request(url, headers=headers), timeout_s=30, most=1_000_000)

Names are resolved here, refused addresses are dropped, and every socket is made for an address that was judged
once more right before: a name that resolves differently the second time (DNS rebinding), a redirect and a literal
address all pass the same gate. Source: design/quality.md 3 (SSRF); spec webhooks 6.1 and 6.2.

The library under it is loaded by the first request: many installations never call a URL (decision 0015).
"""

import asyncio
import ssl
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pillarbox.mail.egress import Egress

if TYPE_CHECKING:
    from pillarbox.outgoing.session import Session

MAX_CONNECTIONS, MAX_PER_HOST = 200, 10


Headers = Sequence[tuple[str, str]]


class Cause(Enum):
    """Why there is no answer."""

    REFUSED = "its address is one that may not be called unless EGRESS_ALLOW names its network"
    NO_NAME = "its name could not be resolved"
    NO_CONNECTION = "no connection could be made"
    TLS = "its certificate is not valid, or TLS failed"
    TIMEOUT = "it took too long"
    BROKEN = "the answer was not understood"
    TOO_MANY_HOPS = "it redirected too often"
    TOO_LONG = "its answer is too long"


class NoAnswer(Exception):
    """A request that got no answer."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.value)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `headers` may repeat a name; they may hold secrets and are sent to the URL's own host only."""

    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    headers: Headers = field(default=(), repr=False)
    bound: frozenset[str] = frozenset()
    """The lower-cased names of the headers that a redirect to another origin must not get."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The last answer to a request, and the beginning of its body."""

    status: int
    body: bytes = field(default=b"", repr=False)


class Client:
    """Calls URLs of others. Connections are kept and shared while the block lasts."""

    def __init__(
        self,
        *,
        dns_servers: Sequence[str],
        egress: Egress,
        tls: ssl.SSLContext | None = None,
        connections: tuple[int, int] = (MAX_CONNECTIONS, MAX_PER_HOST),
    ) -> None:
        """`connections` are the most at a time, in all and to one host; 0 is no limit: more than that wait."""
        self._dns_servers = dns_servers
        self._egress = egress
        self._tls = tls
        self._connections = connections
        self._session: Session | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, request: Request, *, timeout_s: float) -> int:
        """The status of the last answer, redirects followed with the same body. Raises NoAnswer."""
        return (await self.send(request, timeout_s=timeout_s)).status

    async def send(self, request: Request, *, timeout_s: float, keep: int = 0) -> Answer:
        """The last answer with at most `keep` bytes of its body. Raises NoAnswer as `post` does."""
        session = self._session or await self._open()
        return await _within(timeout_s, session.send(request, keep))

    async def get(self, request: Request, *, timeout_s: float, most: int) -> Answer:
        """The answer to a GET, redirects followed, with its whole body. Raises NoAnswer as `post` does.

        TOO_LONG when the body has more than `most` bytes.
        """
        session = self._session or await self._open()
        return await _within(timeout_s, session.get(request, most))

    async def _open(self) -> "Session":
        async with self._opening:
            if self._session is None:
                library = await asyncio.to_thread(_load)
                self._session = library(
                    self._dns_servers, self._egress, self._tls, self._connections
                )
            return self._session


async def _within(timeout_s: float, answer: Awaitable[Answer]) -> Answer:
    try:
        async with asyncio.timeout(timeout_s):
            return await answer
    except TimeoutError:
        raise NoAnswer(Cause.TIMEOUT) from None


def _load() -> "type[Session]":
    from pillarbox.outgoing.session import Session

    return Session
