"""The inbound MX (RFC 5321): takes mail for customers' inbound streams and for return paths, and nothing else.

    RCPT -> sorter -> an inbox that exists, a bounce, a complaint; else 550
    DATA -> loops and sizes -> one row a recipient, with the source, on disk -> 250

What the mail says is found out afterwards, from `received/process` on.
Source: spec inbound 1 and 2.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import Awaitable

from typing_extensions import override

from pillarbox.app import App
from pillarbox.errors import StartError, Unavailable
from pillarbox.ids import message_id
from pillarbox.mail.parse import parse
from pillarbox.mail.verp import ReturnPaths
from pillarbox.received.handover import keep
from pillarbox.received.model import Received, Route, Target
from pillarbox.servers.addresses import Inbox, Inboxes
from pillarbox.smtpd.options import ServerOptions
from pillarbox.smtpd.reply import SmtpReply
from pillarbox.smtpd.sasl import Attempt
from pillarbox.smtpd.server import SmtpServer
from pillarbox.smtpd.service import Client, Envelope, Service
from pillarbox.smtpd.sorter import OneOf, Sorter

log = logging.getLogger(__name__)

FINISH_S = 20.0
MAX_RECIPIENTS = 100
MAX_SIZE = 50 * 1024 * 1024
MAX_ATTACHMENTS = 35 * 1024 * 1024
MAX_RECEIVED = 100  # RFC 5321 section 6.3

_hops = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)

TEMPORARY = SmtpReply(451, "4.3.0", "Temporary failure, try again later")
TOO_BIG = SmtpReply(552, "5.3.4", "Attachments exceed the limit of 35 MB")
LOOP = SmtpReply(554, "5.4.6", "Too many hops, this mail is in a loop")


class MxService(Service):
    """Decides for the SMTP engine."""

    def __init__(self, app: App, inboxes: Inboxes, sorter: Sorter) -> None:
        self._app = app
        self._inboxes = inboxes
        self._sorter = sorter

    @override
    async def authenticate(self, attempt: Attempt, client: Client) -> object | None:
        """Nobody logs in here."""
        return None

    @override
    def check_recipient(
        self, client: Client, address: str
    ) -> SmtpReply | Awaitable[SmtpReply | None] | None:
        """Only what belongs here. Answers from memory where it can."""
        sorted_to = self._sorter.sort(address)
        if not isinstance(sorted_to, OneOf):
            return None if sorted_to else unknown(address)
        known = self._inboxes.known(sorted_to.names)
        if known is None:
            return self._look_up(address, sorted_to)
        return None if known.inbox else unknown(address)

    async def _look_up(self, address: str, wanted: OneOf) -> SmtpReply | None:
        return None if await self._inboxes.find(wanted.names) else unknown(address)

    @override
    async def deliver(self, envelope: Envelope) -> SmtpReply:
        """Keep the mail as it came, once for each recipient; 250 once that is on disk."""
        try:
            targets = await self._targets(envelope.recipients)
            if not targets:  # gone since RCPT
                return unknown(envelope.recipients[0])
            refusal = await _refusal(envelope.data)
            if refusal is not None:
                return refusal
            mails = [self._received(envelope, *target) for target in targets]
            await self._app.db.write_each(keep, [mails])
        except Unavailable:
            return TEMPORARY
        log.debug(
            "mail received", extra={"received": mails[0].message_id, "recipients": len(mails)}
        )
        return SmtpReply(250, "2.0.0", f"Ok: kept as {mails[0].message_id}")

    async def _targets(self, recipients: list[str]) -> list[tuple[str, Target]]:
        """The recipients that still have somewhere to go; each address once."""
        found: dict[str, tuple[str, Target]] = {}
        for address in recipients:
            sorted_to = self._sorter.sort(address)
            if isinstance(sorted_to, OneOf):
                inbox = await self._inboxes.find(sorted_to.names)
                target = _inbound(inbox) if inbox else None
            else:
                target = Target(route=sorted_to) if sorted_to else None
            if target is not None:
                found.setdefault(address.lower(), (address, target))
        return list(found.values())

    def _received(self, envelope: Envelope, recipient: str, target: Target) -> Received:
        key = self._app.keys.next()
        return Received(
            key=key,
            message_id=message_id(key),
            target=target,
            recipient=recipient,
            mail_from=envelope.mail_from,
            peer_ip=envelope.peer_ip,
            helo=envelope.helo,
            protocol=envelope.protocol,
            received_at=self._app.clock.now(),
            raw=envelope.data,
        )


def unknown(address: str) -> SmtpReply:
    """The refusal of an address that does not belong here."""
    return SmtpReply(550, "5.1.1", f"<{address}>: Recipient address rejected: User unknown")


def _inbound(inbox: Inbox) -> Target:
    return Target(route=Route.INBOUND, server_id=inbox.server_id, stream_key=inbox.stream_key)


async def _refusal(raw: bytes) -> SmtpReply | None:
    """Why a mail that came in whole is not taken: it goes in circles, or its attachments are too big."""
    end = raw.find(b"\r\n\r\n")
    if len(_hops.findall(raw, 0, len(raw) if end < 0 else end)) > MAX_RECEIVED:
        return LOOP
    # Decoding never makes an attachment longer.
    if len(raw) > MAX_ATTACHMENTS and await asyncio.to_thread(_is_heavy, raw):
        return TOO_BIG
    return None


def _is_heavy(raw: bytes) -> bool:
    return sum(len(part.content) for part in parse(raw).attachments) > MAX_ATTACHMENTS


def options(hostname: str, tls: ssl.SSLContext | None) -> ServerOptions:
    """The limits of the MX; nobody can log in."""
    return ServerOptions(
        hostname=hostname,
        max_size=MAX_SIZE,
        max_recipients=MAX_RECIPIENTS,
        tls=tls,
        auth_required=False,
        auth_mechanisms=(),
    )


class MxListener:
    """The SMTP side of the inbound role: the service behind its listeners."""

    def __init__(self, app: App, return_paths: ReturnPaths, *, tls: ssl.SSLContext | None) -> None:
        """Without `tls` STARTTLS is not offered."""
        config = app.config
        sorter = Sorter(
            inbound_domain=config.inbound_domain,
            return_path_host=config.return_path_host,
            return_paths=return_paths,
        )
        inboxes = Inboxes(app.db, monotonic=app.monotonic)
        self._endpoints = config.inbound_listen
        self._server = SmtpServer(options(config.hostname, tls), MxService(app, inboxes, sorter))

    async def bind(self) -> tuple[int, ...]:
        """Listen; the port numbers. Raises StartError when one is in use."""
        ports = []
        for host, port in self._endpoints:
            try:
                bound = await self._server.start(host, port)
            except OSError as problem:
                reason = problem.strerror or problem
                raise StartError(f"INBOUND_LISTEN {host}:{port}: {reason}") from None
            ports.append(bound[0][1])
        return tuple(ports)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop; then finish the transactions in hand."""
        await stop.wait()
        await self._server.stop(FINISH_S)
