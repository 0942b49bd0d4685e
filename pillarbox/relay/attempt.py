"""One attempt at delivering a copy: find the way, open a connection, hand the message over.

Talks to the network and to nothing else; what it finds out goes back as an Outcome, never as an exception.
Source: RFC 5321 section 5; spec bounce-classification 4.4.
"""

import asyncio
import contextlib
import random
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from pillarbox.bounces.classify import LocalCause
from pillarbox.ids import copy_number
from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver
from pillarbox.mail.egress import Egress
from pillarbox.mail.mx import Host, NoRoute, RouteCause, route
from pillarbox.mail.own_names import own_addresses
from pillarbox.mail.smtp_client import (
    ConnectFailed,
    Connection,
    Dropped,
    Rejected,
    SmtpError,
    TimedOut,
    TlsFailed,
    TlsPolicy,
    Transcript,
    connect,
)
from pillarbox.mail.smtp_reply import Reply
from pillarbox.mail.verp import ReturnPaths
from pillarbox.relay.job import Job, Outcome, Result, Setup

_CAUSES = {
    RouteCause.NO_SUCH_DOMAIN: LocalCause.NO_SUCH_DOMAIN,
    RouteCause.NULL_MX: LocalCause.NULL_MX,
    RouteCause.DNS_FAILURE: LocalCause.DNS_FAILURE,
    RouteCause.LOOP: LocalCause.LOOP,
    RouteCause.NO_ADDRESS: LocalCause.NO_ANSWER,
}
_RNG = random.Random()  # noqa: S311 - shuffles equal MX hosts, guards nothing


class Verdict(Struct, frozen=True, kw_only=True, gc=False):
    """What an attempt found out: the result, the deciding text, and where it happened."""

    result: Result
    reply: str
    phase: str = ""
    cause: LocalCause | None = None
    host: str = ""
    ip: str = ""
    tls: str = ""
    struggled: bool = False
    """The destination could not be reached or asked to slow down: expect the same for its other copies."""


@dataclass(slots=True)
class Line:
    """An open connection and the host at its other end; `opened_at` is monotonic seconds."""

    host: Host
    connection: Connection
    opened_at: float = field(default_factory=time.monotonic)

    @property
    def tls(self) -> str:
        """The TLS version and cipher, "" for clear text."""
        facts = self.connection.tls
        return f"{facts.version} {facts.cipher}" if facts else ""


class Unreachable(Exception):
    """No connection to the destination; the verdict holds for every copy that waits for it."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reply)
        self.verdict = verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How mail leaves: settings of the mode, read once."""

    setup: Setup
    resolver: Resolver
    egress: Egress
    own_names: frozenset[str]
    return_paths: ReturnPaths
    smarthost: "Smarthost | None" = None

    def return_path(self, job: Job) -> str:
        """Where mail about this copy goes back to."""
        number = copy_number(job.message_key, job.position)
        return self.return_paths.make(number, job.return_path_host)


@dataclass(frozen=True, slots=True)
class Smarthost:
    """The parts of RELAY_URL."""

    host: str
    port: int
    tls: TlsPolicy
    credentials: tuple[str, str] | None

    @classmethod
    def of(cls, url: str) -> "Smarthost":
        """Read `smtp://[user:pass@]host[:port]` or `smtps://…`."""
        parts = urlsplit(url)
        implicit = parts.scheme == "smtps"
        login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        return cls(
            parts.hostname or "",
            parts.port or (465 if implicit else 25),
            TlsPolicy.IMPLICIT if implicit else TlsPolicy.OPPORTUNISTIC,
            login,
        )


@dataclass(slots=True)
class Stopwatch:
    """The start of an attempt and its transcript."""

    at: int = field(default_factory=lambda: time.time_ns() // 1000)
    started: float = field(default_factory=time.monotonic)
    transcript: Transcript = field(default_factory=Transcript)

    def outcome(self, job: Job, verdict: Verdict) -> Outcome:
        """The attempt as it is reported."""
        return Outcome(
            message_key=job.message_key,
            position=job.position,
            lease=job.lease,
            result=verdict.result,
            reply=verdict.reply,
            phase=verdict.phase,
            cause=verdict.cause or "",
            host=verdict.host,
            ip=verdict.ip,
            tls=verdict.tls,
            struggled=verdict.struggled,
            at=self.at,
            duration_ms=round((time.monotonic() - self.started) * 1000),
            transcript=self.transcript.lines(),
        )


async def open_line(domain: str, way: Way, transcript: Transcript) -> Line:
    """A connection to the first host of the destination that takes one.

    Raises Unreachable when none does, with the verdict on the last host asked.
    """
    hosts = await _hosts(domain, way)
    port = way.smarthost.port if way.smarthost else way.setup.mx_port
    tls = way.smarthost.tls if way.smarthost else TlsPolicy.OPPORTUNISTIC
    credentials = way.smarthost.credentials if way.smarthost else None
    last = _deferred("451 4.4.1 no answer from host", cause=LocalCause.NO_ANSWER)
    for host in hosts:
        try:
            connection = await connect(
                host,
                port,
                helo=way.setup.hostname,
                tls=tls,
                credentials=credentials,
                transcript=transcript,
            )
            return Line(host, connection)
        except Rejected as error:
            last = _rejected(error, host)
            if error.reply.is_permanent and error.phase != "connect":
                break
        except SmtpError as error:
            last = _broken(error, host)
            where = f"connect to {host.name}[{host.ip}]:{port}: "
            transcript.note("*", str(error).removeprefix(where))
    raise Unreachable(last)


async def hand_over(
    line: Line, job: Job, data: bytes, *, mail_from: str, transcript: Transcript
) -> Verdict:
    """Send one copy over an open connection.

    Raises Dropped when a connection that had served before turns out to be gone before the message was taken.
    """
    try:
        sent = await line.connection.send(
            mail_from=mail_from, rcpt=job.recipient, data=data, transcript=transcript
        )
    except Dropped as error:
        if line.connection.messages_sent and not error.after_final_dot:
            raise
        return _broken(error, line.host)
    except SmtpError as error:
        return _broken(error, line.host)
    except ValueError as error:
        return Verdict(
            result=Result.FAILED, reply=f"500 5.6.0 {error}", cause=LocalCause.BAD_ADDRESS
        )
    return _answered(sent.reply, sent.phase, line)


async def _hosts(domain: str, way: Way) -> list[Host]:
    try:
        if way.smarthost is None:
            found = await route(
                domain,
                resolver=way.resolver,
                egress=way.egress,
                own_names=way.own_names,
                rng=_RNG,
            )
            return found.hosts
        name = way.smarthost.host
        return [Host(name, ip) for ip in await _addresses(name, way.resolver)]
    except NoRoute as error:
        result = Result.FAILED if error.cause.is_permanent else Result.DEFERRED
        cause = _CAUSES[error.cause]
        raise Unreachable(
            Verdict(result=result, reply=error.text, cause=cause, struggled=True)
        ) from None
    except (NoSuchDomain, DnsFailure) as error:
        text = f"451 4.4.3 {error}"
        raise Unreachable(_deferred(text, cause=LocalCause.DNS_FAILURE)) from None


async def _addresses(name: str, resolver: Resolver) -> Sequence[str]:
    """The smarthost's addresses: it may be named by one, or be a name that only this machine knows."""
    with contextlib.suppress(ValueError):
        return [str(ip_address(name))]
    try:
        return own_addresses(name) or await resolver.addresses(name)
    except NoSuchDomain:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except OSError as problem:
            raise DnsFailure(f"{name}: {problem}") from None
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _answered(reply: Reply, phase: str, line: Line) -> Verdict:
    # 530 asks for a login or for TLS (RFC 4954, RFC 3207): trouble of the connection, like a refused AUTH.
    is_final = reply.is_permanent and reply.code != 530
    result = (
        Result.DELIVERED if reply.is_positive else Result.FAILED if is_final else Result.DEFERRED
    )
    return Verdict(
        result=result,
        reply=reply.text,
        phase=phase,
        host=line.host.name,
        ip=line.host.ip,
        tls=line.tls,
        struggled=reply.code in (421, 530),
    )


def _rejected(error: Rejected, host: Host) -> Verdict:
    """A host that answered its greeting, EHLO or AUTH with a refusal."""
    # Wrong credentials or a refused connection is ours or the host's trouble, never the recipient's: try again.
    return Verdict(
        result=Result.DEFERRED,
        reply=error.reply.text,
        phase=error.phase,
        host=host.name,
        ip=host.ip,
        struggled=True,
    )


def _broken(error: SmtpError, host: Host) -> Verdict:
    """A connection that could not be made or did not last."""
    texts = {
        ConnectFailed: (LocalCause.NO_ANSWER, "451 4.4.1 no answer from host"),
        TimedOut: (LocalCause.NO_ANSWER, "451 4.4.2 timed out"),
        TlsFailed: (LocalCause.TLS_UNAVAILABLE, "454 4.7.0 TLS not available"),
    }
    cause, text = texts.get(type(error), (LocalCause.NO_ANSWER, "451 4.4.2 connection lost"))
    return Verdict(
        result=Result.DEFERRED,
        reply=f"{text}: {error}",
        cause=cause,
        host=host.name,
        ip=host.ip,
        struggled=True,
    )


def _deferred(text: str, *, cause: LocalCause) -> Verdict:
    return Verdict(result=Result.DEFERRED, reply=text, cause=cause, struggled=True)
