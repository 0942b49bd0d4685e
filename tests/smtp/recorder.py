"""A service for the SMTP engine that keeps what it is given, and misbehaves for addresses that say so."""

import asyncio

from typing_extensions import override

from pillarbox.smtpd.reply import SmtpReply
from pillarbox.smtpd.sasl import Attempt
from pillarbox.smtpd.service import Client, Envelope, Service

USERS = {"token": "token", "key": "s3cret"}


class Recorder(Service):
    """Accepts the logins in USERS and every recipient but unknown@, later@ and broken@.

    `gate` holds deliveries back while it is cleared; `started` is set by the first of them.
    """

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.started = asyncio.Event()

    @override
    async def authenticate(self, attempt: Attempt, client: Client) -> object | None:
        if attempt.user == "broken":
            raise RuntimeError("no such table")
        secret = USERS.get(attempt.user)
        return attempt.user if secret is not None and attempt.matches(secret) else None

    @override
    def check_recipient(self, client: Client, address: str):
        match address.partition("@")[0]:
            case "unknown":
                return SmtpReply(550, "5.1.1", f"<{address}>: User unknown")
            case "broken":
                raise RuntimeError("no such table")
            case "later":
                return self._check_later(address)
            case _:
                return None

    async def _check_later(self, address: str) -> SmtpReply | None:
        await asyncio.sleep(0)
        match address.partition("@")[2]:
            case "broken.example":
                raise RuntimeError("no such table")
            case "full.example":
                return SmtpReply(552, "5.2.2", "Mailbox full")
            case _:
                return None

    @override
    async def deliver(self, envelope: Envelope) -> SmtpReply:
        self.started.set()
        await self.gate.wait()
        if envelope.mail_from.startswith("broken@"):
            raise RuntimeError("disk full")
        if envelope.mail_from.startswith("refused@"):
            return SmtpReply(554, "5.7.1", "Not today")
        self.envelopes.append(envelope)
        return SmtpReply(250, "2.0.0", f"Ok: queued as {len(self.envelopes)}")
