"""The SMTP client: opens connections, encrypts and authenticates them; here is all its users need.

Messages then go over the Connection (mail/smtp_connection.py). Not for choosing hosts (mail/mx.py),
and it never tries anything again except in the clear after failed opportunistic TLS.
"""

import asyncio
import os
import ssl
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address

from pillarbox.mail import smtp_auth
from pillarbox.mail.mx import Host
from pillarbox.mail.smtp_connection import Connection, argument
from pillarbox.mail.smtp_link import Link
from pillarbox.mail.smtp_model import (
    ConnectFailed,
    Dropped,
    Rejected,
    SendResult,
    SmtpError,
    TimedOut,
    Timeouts,
    TlsFacts,
    TlsFailed,
    TlsPolicy,
    Transcript,
)
from pillarbox.mail.smtp_reply import Reply

__all__ = [
    "ConnectFailed",
    "Connection",
    "Dropped",
    "Rejected",
    "SendResult",
    "SmtpError",
    "TimedOut",
    "Timeouts",
    "TlsFacts",
    "TlsFailed",
    "TlsPolicy",
    "Transcript",
    "connect",
]

_TIMEOUTS = Timeouts()
# Replies put in by somebody on the way would be taken as said under TLS (CVE-2011-0411), so there
# is no second try in the clear after this either.
_TAMPERED = "unencrypted data after the reply to STARTTLS"
_NO_MECHANISM = Reply(504, ("5.5.4 No authentication mechanism in common",))


@dataclass(frozen=True, slots=True)
class _Opening:
    """What it takes to open one connection."""

    host: Host
    port: int
    helo: str
    credentials: tuple[str, str] | None
    timeouts: Timeouts
    transcript: Transcript


class _HandshakeFailed(TlsFailed):
    """TLS did not come about, without a sign of tampering."""


async def connect(  # noqa: PLR0913 - what a connection needs is not fewer things
    host: Host,
    port: int,
    *,
    helo: str,
    tls: TlsPolicy,
    credentials: tuple[str, str] | None = None,
    timeouts: Timeouts = _TIMEOUTS,
    transcript: Transcript,
) -> Connection:
    """Open a connection and bring it to where messages can be sent.

    helo: our name. credentials: user and password; without TLS they are only sent to loopback,
    with policy NONE, or by CRAM-MD5.

    Raises ConnectFailed, TlsFailed, Rejected, Dropped, TimedOut; ValueError for a helo that is
    no argument.
    Source: RFC 5321 section 3, RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 8314 (implicit TLS).
    """
    opening = _Opening(host, port, argument(helo), credentials, timeouts, transcript)
    try:
        return await _open(opening, tls, wants_tls=tls is not TlsPolicy.NONE)
    except _HandshakeFailed as failure:
        if tls is not TlsPolicy.OPPORTUNISTIC:
            raise
        transcript.note("*", f"{failure.text}; once more in the clear")
    return await _open(opening, tls, wants_tls=False)


async def _open(opening: _Opening, tls: TlsPolicy, *, wants_tls: bool) -> Connection:
    link = await _dial(opening, tls)
    try:
        capabilities = await _greet(opening, link)
        if wants_tls and tls is not TlsPolicy.IMPLICIT:
            capabilities = await _encrypt(opening, link, tls, capabilities)
        if opening.credentials:
            await _authenticate(opening, link, tls, capabilities.get("AUTH", ""))
        _check_in_step(link)
        return Connection(link, capabilities, opening.timeouts)
    except Rejected:
        link.close(b"QUIT\r\n")
        raise
    except BaseException:
        link.abort()
        raise


async def _dial(opening: _Opening, tls: TlsPolicy) -> Link:
    loop = asyncio.get_running_loop()
    link = Link(loop, opening.transcript)
    host = opening.host
    where = f"connect to {host.name}[{host.ip}]:{opening.port}"
    opening.transcript.note("*", where)
    is_implicit = tls is TlsPolicy.IMPLICIT
    try:
        async with asyncio.timeout(opening.timeouts.connect_s):
            await loop.create_connection(
                lambda: link,
                host.ip,
                opening.port,
                ssl=_context(tls) if is_implicit else None,
                server_hostname=_server_name(host) if is_implicit else None,
            )
    except ssl.SSLError as error:
        raise TlsFailed(f"{where}: TLS handshake failed: {_reason(error)}") from error
    except TimeoutError as error:
        raise ConnectFailed(f"{where}: Connection timed out") from error
    except OSError as error:
        raise ConnectFailed(f"{where}: {_reason(error)}") from error
    return link


async def _greet(opening: _Opening, link: Link) -> dict[str, str]:
    (greeting,) = await link.take(("connect",), opening.timeouts.greeting_s)
    link.owed = 0
    if not greeting.is_positive:
        raise Rejected(greeting, "connect")
    return await _hello(opening, link)


async def _hello(opening: _Opening, link: Link) -> dict[str, str]:
    wait = opening.timeouts.hello_s
    reply = await link.ask(f"EHLO {opening.helo}", "helo", wait)
    if reply.is_positive:
        return _capabilities(reply)
    if reply.is_permanent:
        reply = await link.ask(f"HELO {opening.helo}", "helo", wait)
    if not reply.is_positive:
        raise Rejected(reply, "helo")
    return {}


async def _encrypt(
    opening: _Opening, link: Link, tls: TlsPolicy, capabilities: dict[str, str]
) -> dict[str, str]:
    """STARTTLS where it is offered; capabilities learnt before it are void (RFC 3207 4.2)."""
    if not await _is_tls_ready(opening, link, capabilities):
        if tls is TlsPolicy.REQUIRED:
            raise TlsFailed("TLS not available")
        return capabilities
    try:
        await link.start_tls(
            _context(tls),
            server_name=_server_name(opening.host),
            timeout_s=opening.timeouts.handshake_s,
        )
    except (OSError, ValueError) as error:
        raise _HandshakeFailed(f"TLS handshake failed: {_reason(error)}") from error
    opening.transcript.note("*", " ".join(link.cipher() or ()))
    return await _hello(opening, link)


async def _is_tls_ready(opening: _Opening, link: Link, capabilities: dict[str, str]) -> bool:
    if "STARTTLS" not in capabilities:
        return False
    try:
        reply = await link.ask("STARTTLS", "helo", opening.timeouts.hello_s)
    except Dropped as error:
        if link.is_garbled:
            raise TlsFailed(_TAMPERED) from error
        raise _HandshakeFailed(f"TLS handshake failed: {error.text}") from error
    if not link.is_clear:
        raise TlsFailed(_TAMPERED)
    if link.is_broken:
        raise Rejected(reply, "helo")
    return reply.is_positive


async def _authenticate(opening: _Opening, link: Link, tls: TlsPolicy, offered: str) -> None:
    assert opening.credentials is not None
    is_private = link.cipher() is not None
    may_show = is_private or tls is TlsPolicy.NONE or _is_on_this_machine(opening.host.ip)
    mechanism = smtp_auth.choose(offered, is_private=is_private, may_show_password=may_show)
    if mechanism is None and not may_show:
        raise TlsFailed("the password is not sent without TLS")
    if mechanism is None:
        raise Rejected(_NO_MECHANISM, "helo")
    said = smtp_auth.dialogue(mechanism, *opening.credentials)
    line, shown = next(said), f"AUTH {mechanism} ***"
    while True:
        reply = await link.ask(line, "helo", opening.timeouts.hello_s, shown=shown)
        if reply.is_positive:
            return
        try:
            if not reply.is_intermediate:
                raise Rejected(reply, "helo")
            line, shown = said.send(reply.lines[0]), "***"
        except (StopIteration, ValueError):
            raise Rejected(reply, "helo") from None


def _is_on_this_machine(ip: str) -> bool:
    return ip_address(ip).is_loopback


def _check_in_step(link: Link) -> None:
    if link.is_broken:
        raise Dropped(link.lost or "more replies than commands", "helo", False)


@cache
def _context(policy: TlsPolicy) -> ssl.SSLContext:
    """One context per policy and process: making one costs as much as a handshake."""
    if policy is not TlsPolicy.OPPORTUNISTIC:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _server_name(host: Host) -> str:
    return host.ip if host.name.startswith("[") else host.name


def _capabilities(reply: Reply) -> dict[str, str]:
    """EHLO keywords in upper case, with their parameters; also the old `AUTH=LOGIN` form."""
    found: dict[str, str] = {}
    for line in reply.lines[1:]:
        keyword, _, parameters = line.strip().replace("=", " ", 1).partition(" ")
        keyword = keyword.upper()
        found[keyword] = f"{found[keyword]} {parameters}" if keyword in found else parameters
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno and not isinstance(error, ssl.SSLError):
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
