"""The one HTTP client: it connects only to addresses that were judged, and never waits or reads without end.

    async with Client(dns_servers=..., egress=...) as client:
        answer = await client.post(Request(url, body, headers), timeout_s=30)

Names are resolved here, refused addresses are dropped, and every socket is made for an address that was judged
once more right before: a name that resolves differently the second time (DNS rebinding), a redirect and a literal
address all pass the same gate. Source: design/quality.md 3 (SSRF); spec webhooks 6.1 and 6.2.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override
from yarl import URL

from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver
from pillarbox.mail.egress import Egress

MAX_HOPS = 10
MAX_READ = 65_536
MAX_CONNECTIONS, MAX_PER_HOST = 200, 10
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class Cause(Enum):
    """Why there is no answer."""

    REFUSED = "its address is one that may not be called"
    NO_NAME = "its name could not be resolved"
    NO_CONNECTION = "no connection could be made"
    TLS = "its certificate is not valid, or TLS failed"
    TIMEOUT = "it took too long"
    BROKEN = "the answer was not understood"
    TOO_MANY_HOPS = "it redirected too often"


class NoAnswer(Exception):
    """A request that got no answer."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.value)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted. `headers` may hold secrets and are sent to the URL's own host only."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    bound: frozenset[str] = frozenset()
    """The lower-cased names of the headers that a redirect to another origin must not get."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The last answer to a request, and the beginning of its body."""

    status: int
    body: bytes = field(default=b"", repr=False)


class _Refusal(OSError):
    """An address that egress refuses."""


class _Names(AbstractResolver):
    """Resolves through our resolver and keeps what egress permits."""

    def __init__(self, resolver: Resolver, egress: Egress) -> None:
        self._resolver = resolver
        self._egress = egress

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        try:
            found = await self._resolver.addresses(host)
        except (NoSuchDomain, DnsFailure) as problem:
            raise OSError(host) from problem
        permitted = [ip for ip in found if self._egress.permits(ip)]
        if found and not permitted:
            raise _Refusal(host)
        if not permitted:
            raise OSError(host)
        return [_result(host, port, ip) for ip in permitted]

    @override
    async def close(self) -> None:
        await self._resolver.close()


class Client:
    """Posts to URLs of others. Connections are kept and shared while the block lasts."""

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

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            resolver=_Names(Resolver(self._dns_servers), self._egress),
            use_dns_cache=False,
            limit=self._connections[0],
            limit_per_host=self._connections[1],
            ssl=self._tls or True,
            socket_factory=self._socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # `send` sees to it
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def post(self, request: Request, *, timeout_s: float) -> int:
        """The status of the last answer, redirects followed with the same body. Raises NoAnswer."""
        return (await self.send(request, timeout_s=timeout_s)).status

    async def send(self, request: Request, *, timeout_s: float, keep: int = 0) -> Answer:
        """The last answer with at most `keep` bytes of its body. Raises NoAnswer as `post` does."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._follow(request, keep)
        except TimeoutError:
            raise NoAnswer(Cause.TIMEOUT) from None
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            raise NoAnswer(_cause(problem)) from problem

    async def _follow(self, request: Request, keep: int) -> Answer:
        url = URL(request.url, encoded=request.url.isascii())
        headers = dict(request.headers)
        for _ in range(MAX_HOPS + 1):
            url = url.with_user(None)
            answer, location = await self._post_once(url, request.body, headers)
            if answer.status not in _REDIRECTS or not location:
                return Answer(answer.status, answer.body[:keep])
            target = url.join(URL(location))
            if target.scheme not in ("http", "https") or not target.host:
                return Answer(answer.status, answer.body[:keep])
            if not _is_same_site(url, target):
                headers = {k: v for k, v in headers.items() if k.lower() not in request.bound}
            url = target
        raise NoAnswer(Cause.TOO_MANY_HOPS)

    async def _post_once(
        self, url: URL, body: bytes, headers: Mapping[str, str]
    ) -> tuple[Answer, str | None]:
        """The answer and its Location. Of the body no more is read than a limit."""
        async with self._session.post(
            url, data=body, headers=headers, allow_redirects=False
        ) as response:
            body = await response.content.read(MAX_READ)
            if not response.content.at_eof():
                response.close()
            return Answer(response.status, body), response.headers.get("Location")

    def _socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        if not self._egress.permits(str(address[0])):
            raise _Refusal(address[0])
        return socket.socket(family, kind, protocol)


def _is_same_site(url: URL, target: URL) -> bool:
    """Whether a redirect stays at its origin, or only changes from http to https."""
    is_upgrade = url.host == target.host and (url.scheme, target.scheme) == ("http", "https")
    return target.origin() == url.origin() or (is_upgrade and target.is_default_port())


def _result(host: str, port: int, ip: str) -> ResolveResult:
    family = socket.AF_INET6 if ip_address(ip).version == 6 else socket.AF_INET
    return ResolveResult(
        hostname=host, host=ip, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
    )


def _cause(problem: Exception) -> Cause:
    inner = getattr(problem, "os_error", problem)
    if isinstance(inner, _Refusal):
        return Cause.REFUSED
    if isinstance(problem, aiohttp.ClientConnectorDNSError):
        return Cause.NO_NAME
    if isinstance(problem, aiohttp.ClientSSLError | ssl.SSLError):
        return Cause.TLS
    if isinstance(problem, aiohttp.ClientConnectorError):
        return Cause.NO_CONNECTION
    return Cause.BROKEN
