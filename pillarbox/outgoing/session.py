"""The HTTP client's library (aiohttp), with the gate that every address passes."""

import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache, partial
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override
from yarl import URL

from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver
from pillarbox.mail.egress import Egress
from pillarbox.mail.own_names import own_addresses
from pillarbox.outgoing.http import Answer, Cause, Headers, NoAnswer, Request

MAX_HOPS = 10
MAX_READ = 65_536
_REDIRECTS = frozenset((301, 302, 303, 307, 308))

_Once = Callable[[URL, bytes, Headers], Awaitable[tuple[Answer, str | None]]]
"""One request without its redirects: the answer and its Location."""


class _Refusal(OSError):
    """An address that egress refuses."""


class _Names(AbstractResolver):
    """Resolves through the machine's own names and our resolver, and keeps what egress permits."""

    def __init__(self, resolver: Resolver, egress: Egress) -> None:
        self._resolver = resolver
        self._egress = egress

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        try:
            found = own_addresses(host) or await self._resolver.addresses(host)
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


class Session:
    """Connections to others; belongs to the event loop that made it."""

    def __init__(
        self,
        dns_servers: Sequence[str],
        egress: Egress,
        tls: ssl.SSLContext | None,
        connections: tuple[int, int],
    ) -> None:
        self._egress = egress
        connector = aiohttp.TCPConnector(
            resolver=_Names(Resolver(dns_servers), egress),
            use_dns_cache=False,
            limit=connections[0],
            limit_per_host=connections[1],
            ssl=tls or True,
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

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def send(self, request: Request, keep: int) -> Answer:
        """Post; the last answer with at most `keep` bytes of its body. Raises NoAnswer."""
        answer = await self._answered(request, self._post_once)
        return Answer(answer.status, answer.body[:keep])

    async def get(self, request: Request, most: int) -> Answer:
        """Get; the last answer with its whole body. Raises NoAnswer, also when that is longer than `most`."""
        return await self._answered(request, partial(self._get_once, most))

    async def _answered(self, request: Request, once: _Once) -> Answer:
        try:
            return await self._follow(request, once)
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            raise NoAnswer(_cause(problem)) from problem

    async def _follow(self, request: Request, once: _Once) -> Answer:
        url = _without_user(request.url)
        headers = request.headers
        for _ in range(MAX_HOPS + 1):
            answer, location = await once(url, request.body, headers)
            if answer.status not in _REDIRECTS or not location:
                return answer
            target = url.join(URL(location))
            if target.scheme not in ("http", "https") or not target.host:
                return answer
            if not _is_same_site(url, target):
                headers = [one for one in headers if one[0].lower() not in request.bound]
            url = target.with_user(None)
        raise NoAnswer(Cause.TOO_MANY_HOPS)

    async def _post_once(
        self, url: URL, body: bytes, headers: Headers
    ) -> tuple[Answer, str | None]:
        """The answer and its Location. Of the body no more is read than a limit."""
        async with self._session.post(
            url, data=body, headers=headers, allow_redirects=False
        ) as response:
            body = await response.content.read(MAX_READ)
            if not response.content.at_eof():
                response.close()
            return Answer(response.status, body), response.headers.get("Location")

    async def _get_once(
        self, most: int, url: URL, _: bytes, headers: Headers
    ) -> tuple[Answer, str | None]:
        """The answer with its whole body, and its Location. Raises NoAnswer when the body is too long."""
        async with self._session.get(url, headers=headers, allow_redirects=False) as response:
            pieces, size = [], 0
            async for piece in response.content.iter_any():
                pieces.append(piece)
                size += len(piece)
                if size > most:
                    response.close()
                    raise NoAnswer(Cause.TOO_LONG)
            return Answer(response.status, b"".join(pieces)), response.headers.get("Location")

    def _socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        if not self._egress.permits(str(address[0])):
            raise _Refusal(address[0])
        return socket.socket(family, kind, protocol)


@lru_cache(maxsize=256)
def _without_user(url: str) -> URL:
    return URL(url, encoded=url.isascii()).with_user(None)


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
