"""What the engine asks of the program behind it, and the values they exchange.

Submission and the inbound MX are services; the engine knows no more of them than this.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol

from msgspec import Struct

from pillarbox.smtpd.reply import SmtpReply
from pillarbox.smtpd.sasl import Attempt


@dataclass(slots=True)
class Client:
    """What is known of a client by now. Services read it and change nothing."""

    ip: str
    port: int = 0
    tls: str | None = None  # "TLSv1.3"; None: clear text
    helo: str = ""
    is_esmtp: bool = False
    identity: object | None = None
    # The open transaction; mail_from is None when there is none, "" for the null sender.
    mail_from: str | None = None
    recipients: list[str] = field(default_factory=list)
    smtputf8: bool = False

    @property
    def protocol(self) -> str:
        """The `with` word of a Received line (RFC 3848, RFC 6531 section 4.3)."""
        if not self.is_esmtp:
            return "SMTP"
        word = "UTF8SMTP" if self.smtputf8 else "ESMTP"
        return word + ("S" if self.tls else "") + ("A" if self.identity is not None else "")


class Envelope(Struct, frozen=True, kw_only=True, gc=False):
    """One complete message with its envelope. `data` has CRLF line ends only, dot-stuffing removed."""

    identity: object | None
    peer_ip: str
    helo: str
    protocol: str
    mail_from: str
    recipients: list[str]
    data: bytes
    smtputf8: bool


RecipientVerdict = SmtpReply | None


class Service(Protocol):
    """Decides about logins, recipients and messages.

    Whatever a method raises is logged and answered with 451 4.3.0; nothing is then accepted.
    """

    async def authenticate(self, attempt: Attempt, client: Client) -> object | None:
        """Who this login is (an opaque value, kept for the connection), or None to refuse it.

        `attempt.matches(secret)` compares with a stored secret for every mechanism.
        """
        ...

    def check_recipient(
        self, client: Client, address: str
    ) -> RecipientVerdict | Awaitable[RecipientVerdict]:
        """None to accept the recipient, else the refusal.

        May be a plain method when the answer needs no waiting; that saves a task for each recipient.
        """
        ...

    async def deliver(self, envelope: Envelope) -> SmtpReply:
        """Take responsibility for a message, or refuse it. 250 only once it cannot be lost.

        Runs on when the client disconnects meanwhile.
        """
        ...
