"""An open SMTP connection: one message after the other, pipelined, usable again after refusals.

How it comes to be open is mail/smtp_client.py; waiting and time are mail/smtp_link.py.
"""

import asyncio
import re
from collections.abc import Mapping

from pillarbox.mail.smtp_link import Link
from pillarbox.mail.smtp_model import (
    Dropped,
    SendResult,
    SmtpError,
    Timeouts,
    TlsFacts,
    Transcript,
)
from pillarbox.mail.smtp_reply import Reply
from pillarbox.mail.transfer import has_even_line_ends

_ENVELOPE = ("mail", "rcpt", "data")
_FINAL = ("data",)
_UNSAFE = re.compile("[\0-\x20\x7f-\xa0<>\u2028\u2029]")
_NO_UTF8 = Reply(553, ("5.6.7 The server does not support SMTPUTF8",))


class Connection:
    """An open connection that takes one message at a time. Made by connect()."""

    __slots__ = (
        "_is_busy",
        "_is_eightbit",
        "_is_pipelining",
        "_is_utf8",
        "_knows_size",
        "_link",
        "_loop",
        "_timeouts",
        "capabilities",
        "idle_since",
        "messages_sent",
        "tls",
    )

    def __init__(self, link: Link, capabilities: Mapping[str, str], timeouts: Timeouts) -> None:
        self.capabilities = capabilities
        self.messages_sent = 0
        cipher = link.cipher()
        self.tls = TlsFacts(*cipher) if cipher else None
        self._link = link
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        self.idle_since = self._loop.time()
        self._is_busy = False
        self._is_pipelining = "PIPELINING" in capabilities
        self._is_eightbit = "8BITMIME" in capabilities
        self._is_utf8 = "SMTPUTF8" in capabilities
        self._knows_size = "SIZE" in capabilities

    @property
    def is_usable(self) -> bool:
        """Whether another message may be sent now."""
        return not (self._is_busy or self._link.is_broken)

    async def send(
        self, *, mail_from: str, rcpt: str, data: bytes, transcript: Transcript
    ) -> SendResult:
        """Deliver one message to one recipient; the reply that decided, positive or not.

        mail_from may be empty. data: the message with CRLF line ends; a last CRLF is added if
        missing, dots are stuffed. The connection stays usable after a refusal, unless the reply
        was 421. One that cannot carry the addresses gives 553 5.6.7 without asking.

        Raises Dropped, TimedOut: the connection is over. ValueError: an address with CR, LF, NUL,
        `<`, `>`, blanks or other controls, or data with bare CR or LF; nothing was sent.
        RuntimeError: not usable.
        Source: RFC 5321, RFC 2920 (pipelining), RFC 1870 (SIZE), RFC 6152, RFC 6531.
        """
        body = wire_body(data)
        commands = (
            f"MAIL FROM:<{argument(mail_from) if mail_from else ''}>{self._parameters(data)}",
            f"RCPT TO:<{argument(rcpt)}>",
            "DATA",
        )
        if not self.is_usable:
            raise RuntimeError("this connection cannot take a message")
        if not (mail_from.isascii() and rcpt.isascii()):
            if not self._is_utf8:
                return SendResult(_NO_UTF8, "mail" if rcpt.isascii() else "rcpt")
            commands = (_with_utf8(commands[0]), *commands[1:])
        self._link.transcript = transcript
        self._is_busy = True
        try:
            result = await self._transact(commands, body)
        except BaseException:
            self._link.abort()
            raise
        finally:
            self._is_busy = False
            self.idle_since = self._loop.time()
        return result

    async def quit(self) -> None:
        """Say goodbye and close; waits a few seconds at most and raises nothing."""
        link = self._link
        if self.is_usable:
            self._is_busy = True
            link.transcript.note("C", "QUIT")
            link.write(b"QUIT\r\n")
            try:
                await link.take((*("rset",) * link.owed, "quit"), self._timeouts.quit_s)
            except SmtpError:
                pass
            finally:
                self._is_busy = False
        link.close()

    def abort(self) -> None:
        """Close at once, without a word."""
        self._link.abort()

    async def _transact(self, commands: tuple[str, ...], body: bytes) -> SendResult:
        link = self._link
        link.after_dot = False
        if link.owed:
            await self._settle()
        ask = self._ask_at_once if self._is_pipelining else self._ask_in_turn
        replies = await ask(commands)
        for phase, reply in zip(_ENVELOPE, replies, strict=False):
            if not (reply.is_intermediate if phase == "data" else reply.is_positive):
                await self._recover(replies)
                return SendResult(reply, phase)
        link.transcript.note("C", f"({len(body) - 3} octets of message)")
        link.transcript.note("C", ".")
        link.write(body)
        link.after_dot = True
        (reply,) = await link.take(_FINAL, self._timeouts.final_s)
        if reply.is_positive:
            self.messages_sent += 1
        else:
            self._reset()
        return SendResult(reply, "data")

    async def _ask_at_once(self, commands: tuple[str, ...]) -> list[Reply]:
        link = self._link
        for command in commands:
            link.transcript.note("C", command)
        link.write("\r\n".join((*commands, "")).encode())
        return await link.take(_ENVELOPE, self._timeouts.envelope_s)

    async def _ask_in_turn(self, commands: tuple[str, ...]) -> list[Reply]:
        replies: list[Reply] = []
        for phase, command in zip(_ENVELOPE, commands, strict=True):
            reply = await self._link.ask(command, phase, self._timeouts.envelope_s)
            replies.append(reply)
            if reply.code >= 400:
                break
        return replies

    async def _recover(self, replies: list[Reply]) -> None:
        """Bring the server back to where a new transaction can start."""
        if len(replies) == len(_ENVELOPE) and replies[-1].is_intermediate:
            # It waits for a message although nobody is to get it (RFC 2920 section 3.1).
            self._link.transcript.note("C", ".")
            self._link.write(b".\r\n")
            await self._link.take(_FINAL, self._timeouts.final_s)
        self._reset()

    def _reset(self) -> None:
        """Ask for a clean state; nobody waits for the reply before the next message."""
        if not self._link.is_broken:
            self._link.transcript.note("C", "RSET")
            self._link.write(b"RSET\r\n")
            self._link.owed += 1

    async def _settle(self) -> None:
        link = self._link
        replies = await link.take(("mail",) * link.owed, self._timeouts.envelope_s)
        link.owed = 0
        if link.is_broken or not all(reply.is_positive for reply in replies):
            raise Dropped("the server does not reset", "mail", False)

    def _parameters(self, data: bytes) -> str:
        text = f" SIZE={len(data)}" if self._knows_size else ""
        if data.isascii():
            return text
        if self._is_eightbit:
            text += " BODY=8BITMIME"
        head = data[: data.find(b"\r\n\r\n") + 1]
        return text if head.isascii() or not self._is_utf8 else text + " SMTPUTF8"


def argument(text: str) -> str:
    """The one encoder of arguments: what could end a command or a path is refused, not repaired."""
    if not text or _UNSAFE.search(text):
        raise ValueError(f"not usable in an SMTP command: {text[:100]!r}")
    return text


def wire_body(data: bytes) -> bytes:
    """The message as it goes over the wire, with the end of data.

    A bare CR or LF is an end of line for some servers and none for others: with a dot it ends the
    message early there and smuggles what follows as commands (CVE-2023-51764 and its kin).
    """
    if not has_even_line_ends(data):
        raise ValueError("the message has a bare CR or LF")
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    if b"\r\n." in data:
        data = data.replace(b"\r\n.", b"\r\n..")
    return (b"." if data.startswith(b".") else b"") + data + b".\r\n"


def _with_utf8(command: str) -> str:
    return command if command.endswith(" SMTPUTF8") else command + " SMTPUTF8"
