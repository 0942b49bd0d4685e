"""SMTP submission (RFC 6409): logins with API tokens, messages into the same queue as the API's.

After DATA there is no synchronous error: what the API would refuse becomes a bounce record of type SMTPApiError.
Source: spec sending 9.
"""

import asyncio
import logging
import ssl
from dataclasses import dataclass
from functools import partial

from typing_extensions import override

from pillarbox.app import App
from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.errors import Refused, StartError, Unavailable
from pillarbox.ids import message_id
from pillarbox.mail.address import AddressError, parse_one
from pillarbox.mail.parse import parse
from pillarbox.outbound.mime import Submitted, prepare_mime, read_controls
from pillarbox.outbound.model import Accepted
from pillarbox.outbound.prepare import DEFAULT_STREAM
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory
from pillarbox.servers.model import Server, StreamType
from pillarbox.smtpd.options import ServerOptions
from pillarbox.smtpd.reply import SmtpReply
from pillarbox.smtpd.sasl import Attempt
from pillarbox.smtpd.server import SmtpServer
from pillarbox.smtpd.service import Client, Envelope, Service
from pillarbox.wire.errors import describe

log = logging.getLogger(__name__)

FINISH_S = 20.0


@dataclass(frozen=True, slots=True)
class Login:
    """Who is logged in; `stream` when the credentials belong to one stream."""

    server: Server
    stream: str | None


class SubmissionService(Service):
    """Decides for the SMTP engine."""

    def __init__(self, app: App, directory: Directory, submission: Submission) -> None:
        self._app = app
        self._directory = directory
        self._submission = submission

    @override
    async def authenticate(self, attempt: Attempt, client: Client) -> Login | None:
        """A server token as user and password, or the keys of an SMTP token."""
        server = await self._directory.server_by_token(attempt.user)
        if server is not None:
            token = attempt.user.strip().lower()
            is_good = attempt.matches(token) or attempt.matches(attempt.user)
            return Login(server, None) if is_good and server.is_smtp_activated else None
        smtp = await self._directory.smtp_token(attempt.user)
        if smtp is None or not attempt.matches(smtp.secret_key):
            return None
        server = await self._directory.server(smtp.server_id)
        stream = server.stream_by_key(smtp.stream_key) if server else None
        if server is None or stream is None or not server.is_smtp_activated:
            return None
        return Login(server, stream.slug)

    @override
    def check_recipient(self, client: Client, address: str) -> SmtpReply | None:
        """Any address of mail; whether it may be sent to is found out after DATA."""
        try:
            parse_one(address)
        except AddressError:
            return SmtpReply(501, "5.1.3", "Bad recipient address syntax")
        return None

    @override
    async def deliver(self, envelope: Envelope) -> SmtpReply:
        """Keep the message, or a record of why not; 250 once either is on disk."""
        login = envelope.identity
        assert isinstance(login, Login)
        server = await self._directory.server(login.server.id)
        if server is None:  # deleted while the session lasts
            return SmtpReply(
                535, "5.7.8", "The server of these credentials does not exist any more"
            )
        login = Login(server, login.stream)
        submitted = Submitted(
            helo=envelope.helo,
            ip=envelope.peer_ip,
            protocol=envelope.protocol,
            recipients=envelope.recipients,
            data=envelope.data,
            stream=login.stream,
        )
        try:
            surroundings = await self._submission.surroundings()
            make = partial(prepare_mime, login.server, submitted, surroundings)
            (answer,) = await self._submission.keep([make])
            if isinstance(answer, Accepted):
                return _queued(answer.message_id)
            return _queued(await self._record_error(login, submitted, answer))
        except Unavailable:
            return SmtpReply(452, "4.3.1", "Insufficient system storage, try again later")

    async def _record_error(self, login: Login, submitted: Submitted, refused: Refused) -> str:
        """Keep an SMTP API error; the MessageID it is known by."""
        bounce = _error_bounce(self._app, login, submitted, refused)
        await self._app.db.write(lambda tx: record(tx, bounce))
        log.info("smtp api error", extra={"server": login.server.id, "problem": refused.problem})
        return bounce.message_id


def _queued(name: str) -> SmtpReply:
    return SmtpReply(250, "2.0.0", f"Ok: queued as {name}")


def _error_bounce(app: App, login: Login, submitted: Submitted, refused: Refused) -> NewBounce:
    """What is kept of a message that was refused after DATA. An unknown stream counts as the default one."""
    parsed = parse(submitted.data)
    controls = read_controls(parsed)
    stream = login.server.stream(submitted.stream or controls.stream or DEFAULT_STREAM)
    if stream is None or stream.type is StreamType.INBOUND:
        stream = login.server.streams[DEFAULT_STREAM]
    _, code, text = describe(refused)
    head = submitted.data[: parsed.body_at].decode("utf-8", "replace")
    return NewBounce(
        type=BounceType.SMTP_API_ERROR,
        rule="smtp-api",
        server_id=login.server.id,
        stream_key=stream.key,
        message_key=None,
        message_id=message_id(app.keys.next()),
        email=submitted.recipients[0],
        sender=_bare_sender(parsed.header("From")),
        subject=(parsed.header("Subject") or "")[:2000],
        tag=(controls.tag or "")[:1000] or None,
        details=text,
        at=app.clock.now(),
        content=f"{code} {text}\r\n\r\n{head}",
    )


def _bare_sender(value: str | None) -> str:
    try:
        return parse_one(value or "").email
    except AddressError:
        return ""


class SubmissionListener:
    """The submission role: the service behind its listeners."""

    def __init__(
        self,
        app: App,
        directory: Directory,
        submission: Submission,
        *,
        tls: ssl.SSLContext | None,
    ) -> None:
        """Without `tls` STARTTLS is not offered."""
        config = app.config
        options = ServerOptions(hostname=config.hostname, tls=tls, auth_required=True)
        self._endpoints = config.submission_listen
        self._server = SmtpServer(options, SubmissionService(app, directory, submission))

    async def bind(self) -> tuple[int, ...]:
        """Listen; the port numbers. Raises StartError when one is in use."""
        ports = []
        for host, port in self._endpoints:
            try:
                bound = await self._server.start(host, port)
            except OSError as problem:
                reason = problem.strerror or problem
                raise StartError(f"SUBMISSION_LISTEN {host}:{port}: {reason}") from None
            ports.append(bound[0][1])
        return tuple(ports)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop; then finish the transactions in hand."""
        await stop.wait()
        await self._server.stop(FINISH_S)
