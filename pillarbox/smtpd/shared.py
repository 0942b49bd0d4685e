"""What all connections of one server have in common: options, service, memory budget, prepared replies."""

from collections.abc import Awaitable, Callable

from pillarbox.smtpd.message import MemoryBudget
from pillarbox.smtpd.options import ServerOptions
from pillarbox.smtpd.reply import SmtpReply
from pillarbox.smtpd.service import Service

Sleep = Callable[[float], Awaitable[object]]


class Shared:
    """Built once a server; sessions read it."""

    def __init__(self, options: ServerOptions, service: Service, sleep: Sleep) -> None:
        self.options = options
        self.service = service
        self.sleep = sleep
        self.budget = MemoryBudget(options.memory_budget)
        self.greeting = f"220 {options.hostname} ESMTP\r\n".encode()
        self.helo = f"250 {options.hostname}\r\n".encode()
        self._ehlo_clear = _capabilities(options, has_starttls=options.tls is not None)
        self._ehlo_tls = _capabilities(options, has_starttls=False)

    def ehlo(self, *, is_tls: bool) -> bytes:
        """The capabilities offered in clear text, or under TLS."""
        return self._ehlo_tls if is_tls else self._ehlo_clear


def _capabilities(options: ServerOptions, *, has_starttls: bool) -> bytes:
    mechanisms = " ".join(options.auth_mechanisms)
    lines = [
        options.hostname,
        "PIPELINING",
        f"SIZE {options.max_size}",
        "VRFY",
        *(["STARTTLS"] if has_starttls else []),
        # The form with "=" is for clients older than RFC 2554.
        *([f"AUTH {mechanisms}", f"AUTH={mechanisms}"] if mechanisms else []),
        "ENHANCEDSTATUSCODES",
        "8BITMIME",
        "SMTPUTF8",
        "CHUNKING",
    ]
    return SmtpReply(250, "", "\n".join(lines)).encode()
