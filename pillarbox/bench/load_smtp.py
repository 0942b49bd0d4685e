"""The load generator's SMTP side: MAIL, RCPT and DATA in one write (RFC 2920), then the message in one write.

With a token it logs in by AUTH PLAIN, token as user and password; without one it just sends.
"""

import asyncio
import base64
import time
from typing import cast

from typing_extensions import override

from pillarbox.bench.load_work import Work
from pillarbox.bench.messages import SENDER, mime_head, mime_tail, recipient


class SmtpConnection(asyncio.Protocol):
    """One session that sends message after message, each as one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._buffer = b""
        self._expected: list[str] = ["greeting"]
        self._message = 0
        self._begun_at = 0.0
        self._refusal = ""
        self._closed = False
        self._transport: asyncio.WriteTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is not a subclass

    def send(self, first: int, count: int) -> None:
        """Begin the transaction for one message."""
        assert count == 1
        self._message = first
        self._refusal = ""
        self._expected = ["mail", "rcpt", "data"]
        self._begun_at = time.monotonic()
        to = self._work.plan.to or recipient(first, self._work.plan.domains)
        self._write(f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode())

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n")) >= 0:
            line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
            if line[3:4] != b"-":
                self._reply(line)

    def _reply(self, line: bytes) -> None:
        """Take the last line of one reply."""
        if not self._expected:
            self._give_up(f"unexpected reply {line.decode()}")
            return
        asked = self._expected.pop(0)
        match asked:
            case "greeting":
                self._say("EHLO load.bench.example", then="ehlo")
            case "ehlo" if self._work.plan.token:
                self._say(f"AUTH PLAIN {self._credential()}", then="auth")
            case "ehlo" | "auth":
                self._login_answered(line)
            case "data" if line[:3] == b"354":
                self._send_content()
            case "data" | "content":
                self._settle(line)
            case _ if line[:1] != b"2":
                self._refusal = self._refusal or line.decode()

    def _credential(self) -> str:
        token = self._work.plan.token
        return base64.b64encode(f"\0{token}\0{token}".encode()).decode()

    def _say(self, command: str, *, then: str) -> None:
        self._expected.append(then)
        self._write(command.encode() + b"\r\n")

    def _login_answered(self, line: bytes) -> None:
        if line[:1] == b"2":
            self._work.ready(self)
        else:
            self._give_up(line.decode())

    def _send_content(self) -> None:
        plan = self._work.plan
        self._expected.append("content")
        self._write(mime_head(plan.run, self._message, plan.domains) + mime_tail(plan.size))

    def _settle(self, line: bytes) -> None:
        """The last reply of a transaction: accepted if it is positive and none before was a refusal."""
        failure = self._refusal or ("" if line[:1] == b"2" else line.decode())
        good = 0 if failure else 1
        self._work.done(self._begun_at, accepted=good, failed=1 - good, failure=failure)
        self._begun_at = 0.0
        self._work.ready(self)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def _give_up(self, failure: str) -> None:
        """Count what is open as failed and disconnect."""
        if not self._closed:
            self._closed = True
            self._work.lost(self, failure, unanswered=1 if self._begun_at else 0)
        self.close()

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self._give_up(f"connection lost: {error}")

    def close(self) -> None:
        """Say goodbye and disconnect; no further reply is counted."""
        if self._transport is not None and not self._transport.is_closing():
            if not self._closed:
                self._transport.write(b"QUIT\r\n")
            self._transport.close()
        self._closed = True
