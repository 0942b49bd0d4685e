"""Mail that a person makes up: it goes the way of all inbound mail, from where the MX keeps what it took."""

from dataclasses import dataclass

from pillarbox.app import App
from pillarbox.ids import message_id
from pillarbox.inbound import read
from pillarbox.mail import headers, trace
from pillarbox.mail.address import bare_key
from pillarbox.mail.parse import parse
from pillarbox.received.model import Received, Route, Target
from pillarbox.servers.model import Server, StreamType

HELO = "simulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What a person wrote."""

    sender: str
    recipient: str
    subject: str
    text: str


def source(written: Composed, *, date: str) -> bytes:
    """The mail that says this. Line breaks end no header, and text outside ASCII is written as it is."""
    head = b"".join(
        [
            b"From: " + _one_line(written.sender) + b"\r\n",
            b"To: " + _one_line(written.recipient) + b"\r\n",
            headers.line("Subject", " ".join(written.subject.split())),
            headers.line("Date", date),
            headers.line("MIME-Version", "1.0"),
            headers.line("Content-Type", "text/plain; charset=utf-8"),
            headers.line("Content-Transfer-Encoding", "8bit"),
        ]
    )
    return head + b"\r\n" + crlf(written.text) + b"\r\n"


def crlf(text: str) -> bytes:
    """A text as mail has it."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace")


def received(app: App, server: Server, recipient: str, raw: bytes, *, ip: str) -> Received | None:
    """A mail as the MX would keep it; None if the recipient is no address or the Server has no inbound stream."""
    inbound = next((s for s in server.streams.values() if s.type is StreamType.INBOUND), None)
    if inbound is None or bare_key(recipient) is None:
        return None
    key = app.keys.next()
    return Received(
        key=key,
        message_id=message_id(key),
        target=Target(route=Route.INBOUND, server_id=server.id, stream_key=inbound.key),
        recipient=recipient.strip(),
        mail_from=read.author(parse(raw)),
        peer_ip=ip,
        helo=HELO,
        protocol="ESMTP",
        received_at=app.clock.now(),
        raw=raw,
    )


def today(app: App) -> str:
    """The value of a Date header."""
    return trace.date(app.clock.now())


def _one_line(text: str) -> bytes:
    return " ".join(text.split()).encode("utf-8", "replace")
