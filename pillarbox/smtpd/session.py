"""The dialogue with one client: a method per SMTP verb, in the order a mail takes.

A verb answers with the octets of its reply, or with an awaitable of them where the service has to be asked.
Octets in and out, TLS and time are the connection's; what a login or a message is worth is the service's.
"""

import logging
import re
from collections.abc import Awaitable, Callable
from enum import Enum, auto

from pillarbox.smtpd import reply as replies
from pillarbox.smtpd import syntax
from pillarbox.smtpd.login import Login
from pillarbox.smtpd.message import ChunkReader, DataReader, Message
from pillarbox.smtpd.reply import SmtpReply
from pillarbox.smtpd.sasl import Attempt
from pillarbox.smtpd.service import Client, Envelope, RecipientVerdict
from pillarbox.smtpd.shared import Shared

_log = logging.getLogger(__name__)

Answer = bytes | Awaitable[bytes]

# Octets of a command line with CRLF: RFC 5321 section 4.5.3.1.4, room for parameters, RFC 4954 section 4.
MIN_LINE_LIMIT = 512
_LINE_WITH_PARAMETERS = 2048
_LINE_OF_LOGIN = 12_288
_LINE_LIMITS = {
    b"MAIL": _LINE_WITH_PARAMETERS,
    b"RCPT": _LINE_WITH_PARAMETERS,
    b"AUTH": _LINE_OF_LOGIN,
}

_HELO_NAME = re.compile(r"[!-~]{1,255}")


class After(Enum):
    """What the connection has to do once the replies so far are written."""

    CLOSE = auto()
    START_TLS = auto()


class Session:
    """One client's dialogue, from its greeting to its end or to STARTTLS."""

    __slots__ = (
        "_chunked",
        "_errors",
        "_login",
        "_shared",
        "after",
        "client",
        "reader",
    )

    def __init__(self, shared: Shared, client: Client) -> None:
        self._shared = shared
        self._login = Login(shared, client)
        self._chunked: Message | None = None  # content so far of a BDAT transaction
        self._errors = 0
        self.client = client
        self.reader: DataReader | ChunkReader | None = None  # not None: input is message content
        self.after: After | None = None

    @property
    def is_receiving(self) -> bool:
        """Whether a message has begun to come in."""
        return self.reader is not None or self._chunked is not None

    def line_limit(self, start: bytes) -> int:
        """Octets that a line starting so may have, CRLF included."""
        if self._login.is_open:
            return _LINE_OF_LOGIN
        return _LINE_LIMITS.get(start[:4].upper(), MIN_LINE_LIMIT)

    def command(self, line: bytes) -> Answer:
        """Answer one line of input, CRLF included: a command, or a response of a login exchange."""
        answer = self._dispatch(line)
        return self._counted(answer) if isinstance(answer, bytes) else answer

    def _dispatch(self, line: bytes) -> Answer:
        if self._login.is_open:
            return self._login_answer(self._login.respond(line))
        try:
            text = line[:-2].decode()
        except UnicodeDecodeError:
            return replies.BAD_LINE
        if not line.endswith(b"\r\n") or not text.isprintable():
            return replies.BAD_LINE
        word, _, argument = text.partition(" ")
        verb = _VERBS.get(word.upper())
        if verb is None:
            return replies.UNKNOWN_COMMAND
        return verb(self, argument.strip(" "))

    def refuse_long_line(self) -> bytes:
        """The answer to a line beyond its limit; ends a login exchange."""
        self._login.cancel()
        return self._counted(replies.LINE_TOO_LONG)

    def _counted(self, reply: bytes) -> bytes:
        """Let a client that makes too many mistakes go. Busy servers (4yz) are not its mistake."""
        if not reply.startswith(b"5"):
            return reply
        self._errors += 1
        if self._errors < self._shared.options.max_errors:
            return reply
        return self._dismiss(reply)

    def _dismiss(self, reply: bytes) -> bytes:
        _log.info("client dismissed", extra={"peer_ip": self.client.ip, "errors": self._errors})
        self.after = After.CLOSE
        return reply + replies.TOO_MANY_ERRORS

    def verb_helo(self, argument: str) -> Answer:
        """RFC 5321 section 4.1.1.1; ends an open transaction."""
        if not _HELO_NAME.fullmatch(argument):
            return replies.BAD_ARGUMENT
        self._reset()
        self.client.helo, self.client.is_esmtp = argument, False
        return self._shared.helo

    def verb_ehlo(self, argument: str) -> Answer:
        """RFC 5321 section 4.1.1.1; ends an open transaction."""
        if not _HELO_NAME.fullmatch(argument):
            return replies.BAD_ARGUMENT
        self._reset()
        self.client.helo, self.client.is_esmtp = argument, True
        return self._shared.ehlo(is_tls=self.client.tls is not None)

    def verb_starttls(self, argument: str) -> Answer:
        """RFC 3207. The connection then starts TLS and a new session."""
        if argument:
            return replies.BAD_ARGUMENT
        if self.client.tls:
            return replies.TLS_ALREADY
        if self._shared.options.tls is None:
            return replies.TLS_NOT_OFFERED
        if not self.client.helo:
            return replies.HELO_FIRST
        self._reset()
        self.after = After.START_TLS
        return replies.READY_FOR_TLS

    def verb_auth(self, argument: str) -> Answer:
        """RFC 4954."""
        return self._login_answer(self._login.begin(argument))

    def _login_answer(self, result: bytes | Attempt) -> Answer:
        return result if isinstance(result, bytes) else self._judge(result)

    async def _judge(self, attempt: Attempt) -> bytes:
        reply = await self._login.judge(attempt)
        return self._dismiss(reply) if self._login.is_spent else self._counted(reply)

    @property
    def _is_login_missing(self) -> bool:
        return self._shared.options.auth_required and self.client.identity is None

    def verb_mail(self, argument: str) -> Answer:
        """RFC 5321 section 4.1.1.2; parameters of RFC 1870, 6152, 6531 and 4954."""
        client = self.client
        if not client.helo:
            return replies.HELO_FIRST
        if self._is_login_missing:
            return replies.LOGIN_REQUIRED
        if client.mail_from is not None:
            return replies.NESTED_MAIL
        path = syntax.parse_from(argument)
        if path is None:
            return replies.BAD_SENDER
        address, text = path
        parameters = syntax.NO_PARAMETERS
        if text:
            try:
                parameters = syntax.parse_mail_parameters(text)
            except syntax.ParameterError as error:
                return replies.UNKNOWN_PARAMETER if error.is_unknown else replies.BAD_PARAMETER
        refusal = self._sender_refusal(address, parameters)
        if refusal is not None:
            return refusal
        client.mail_from, client.smtputf8 = address, parameters.smtputf8
        return replies.SENDER_OK

    def _sender_refusal(self, address: str, parameters: syntax.MailParameters) -> bytes | None:
        if not parameters.smtputf8 and not address.isascii():
            return replies.NEEDS_SMTPUTF8
        size = parameters.size or 0
        if size > self._shared.options.max_size:
            return replies.TOO_BIG
        return replies.NO_STORAGE if size > self._shared.budget.free else None

    def verb_rcpt(self, argument: str) -> Answer:
        """RFC 5321 section 4.1.1.3."""
        client = self.client
        path = syntax.parse_to(argument)
        if path is None:
            return replies.BAD_RECIPIENT
        address, parameters = path
        if self._is_login_missing:
            return SmtpReply(554, "5.7.1", f"<{address}>: Relay access denied").encode()
        if client.mail_from is None:
            return replies.MAIL_FIRST
        if self._chunked is not None:
            return replies.RCPT_IN_BDAT
        if parameters:
            return replies.UNKNOWN_PARAMETER
        if not client.smtputf8 and not address.isascii():
            return replies.NEEDS_SMTPUTF8
        if len(client.recipients) >= self._shared.options.max_recipients:
            return replies.TOO_MANY_RECIPIENTS
        return self._check_recipient(address)

    def _check_recipient(self, address: str) -> Answer:
        try:
            verdict = self._shared.service.check_recipient(self.client, address)
        except Exception:  # noqa: BLE001 - whatever a service raises is 451 to the client
            _log.exception("recipient check failed", extra={"peer_ip": self.client.ip})
            return replies.TEMPORARY
        if verdict is None or isinstance(verdict, SmtpReply):
            return self._recipient_reply(address, verdict)
        return self._await_recipient(address, verdict)

    async def _await_recipient(self, address: str, verdict: Awaitable[RecipientVerdict]) -> bytes:
        try:
            return self._counted(self._recipient_reply(address, await verdict))
        except Exception:  # noqa: BLE001 - whatever a service raises is 451 to the client
            _log.exception("recipient check failed", extra={"peer_ip": self.client.ip})
            return replies.TEMPORARY

    def _recipient_reply(self, address: str, verdict: RecipientVerdict) -> bytes:
        if verdict is not None:
            return verdict.encode()
        self.client.recipients.append(address)
        return replies.RECIPIENT_OK

    def _content_obstacle(self) -> bytes | None:
        if self.client.mail_from is None:
            return replies.MAIL_FIRST
        return None if self.client.recipients else replies.NO_RECIPIENTS

    def verb_data(self, argument: str) -> Answer:
        """RFC 5321 section 4.1.1.4."""
        obstacle = replies.BAD_ARGUMENT if argument else self._content_obstacle()
        if obstacle is None and self._chunked is not None:
            obstacle = replies.DATA_IN_BDAT
        if obstacle is not None:
            return obstacle
        self.reader = DataReader(Message(self._shared.options.max_size, self._shared.budget))
        return replies.START_DATA

    def verb_bdat(self, argument: str) -> Answer:
        """RFC 3030 section 2. The octets of a refused chunk are read all the same: they are no commands."""
        chunk = syntax.parse_bdat(argument)
        if chunk is None:
            # Where the next command starts cannot be known any more.
            self.after = After.CLOSE
            return replies.BAD_BDAT
        size, is_last = chunk
        if self._chunked is None:
            self._chunked = Message(
                self._shared.options.max_size, self._shared.budget, self._content_obstacle()
            )
        self.reader = ChunkReader(self._chunked, size, is_last=is_last)
        return self.end_content() if self.reader.is_done else b""

    def end_content(self) -> Answer:
        """The answer to what the reader has taken in: the end of DATA, or of one BDAT chunk."""
        reader = self.reader
        assert reader is not None
        self.reader = None
        message = reader.message
        content = b""
        is_stuffed = isinstance(reader, DataReader)
        if message.refusal is None:
            if isinstance(reader, ChunkReader) and not reader.is_last:
                return f"250 2.0.0 Ok: {reader.size} octets received\r\n".encode()
            content = message.take_content(is_stuffed=is_stuffed)
        if message.refusal is not None:
            message.release()
            self._reset()
            return self._counted(message.refusal)
        return self._deliver(message, content)

    def give_up(self) -> bytes:
        """The answer when the content is far over the limit and still coming."""
        self.after = After.CLOSE
        return replies.TOO_BIG

    def _deliver(self, message: Message, content: bytes) -> Answer:
        # Nothing may be left to do once a task runs: the client could be gone by then.
        client = self.client
        assert client.mail_from is not None
        envelope = Envelope(
            identity=client.identity,
            peer_ip=client.ip,
            helo=client.helo,
            protocol=client.protocol,
            mail_from=client.mail_from,
            recipients=client.recipients,
            data=content,
            smtputf8=client.smtputf8,
        )
        self._chunked = None  # its memory is the envelope's now
        self._reset()
        return self._hand_over(envelope, message)

    async def _hand_over(self, envelope: Envelope, message: Message) -> bytes:
        try:
            reply = await self._shared.service.deliver(envelope)
        except Exception:  # noqa: BLE001 - whatever a service raises is 451 to the client
            _log.exception("delivery failed", extra={"peer_ip": envelope.peer_ip})
            return replies.TEMPORARY
        finally:
            message.release()
        if reply.code < 300:
            self._errors = 0
        return reply.encode()

    def _reset(self) -> None:
        """End the transaction; nothing of it is accepted."""
        client = self.client
        client.mail_from, client.smtputf8 = None, False
        client.recipients = []
        if self._chunked is not None:
            self._chunked.release()
            self._chunked = None

    def abandon(self) -> None:
        """The client is gone: forget what it had half sent."""
        if self.reader is not None:
            self.reader.message.release()
            self.reader = None
        self._reset()

    def verb_rset(self, argument: str) -> Answer:
        """RFC 5321 section 4.1.1.5."""
        if argument:
            return replies.BAD_ARGUMENT
        self._reset()
        return replies.OK

    def verb_noop(self, _argument: str) -> Answer:
        """RFC 5321 section 4.1.1.9."""
        return replies.OK

    def verb_help(self, _argument: str) -> Answer:
        """RFC 5321 section 4.1.1.8."""
        return replies.HELP

    def verb_vrfy(self, argument: str) -> Answer:
        """RFC 5321 section 3.5.3: who exists is not told."""
        return replies.CANNOT_VERIFY if argument else replies.BAD_ARGUMENT

    def verb_quit(self, argument: str) -> Answer:
        """RFC 5321 section 4.1.1.10."""
        if argument:
            return replies.BAD_ARGUMENT
        self.after = After.CLOSE
        return replies.BYE

    def refuse_verb(self, _argument: str) -> Answer:
        """EXPN, ETRN, TURN and their like."""
        return replies.NOT_IMPLEMENTED

    def refuse_http(self, _argument: str) -> Answer:
        """A browser made to talk to this port must not get to the part of its request that looks like SMTP."""
        self.after = After.CLOSE
        return replies.NOT_SMTP


_VERBS: dict[str, Callable[[Session, str], Answer]] = {
    "HELO": Session.verb_helo,
    "EHLO": Session.verb_ehlo,
    "STARTTLS": Session.verb_starttls,
    "AUTH": Session.verb_auth,
    "MAIL": Session.verb_mail,
    "RCPT": Session.verb_rcpt,
    "DATA": Session.verb_data,
    "BDAT": Session.verb_bdat,
    "RSET": Session.verb_rset,
    "NOOP": Session.verb_noop,
    "HELP": Session.verb_help,
    "VRFY": Session.verb_vrfy,
    "QUIT": Session.verb_quit,
    **dict.fromkeys(("EXPN", "ETRN", "ATRN", "TURN", "SEND", "SOML", "SAML"), Session.refuse_verb),
    **dict.fromkeys(
        ("GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PRI"),
        Session.refuse_http,
    ),
}
