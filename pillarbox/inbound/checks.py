"""What others say of a mail before it is read: whether its sender is genuine, and how spammy it is.

Both ask the network, each with an end; a mail is passed on whatever comes of it.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from pillarbox.config import Config
from pillarbox.inbound.read import hop
from pillarbox.mail import authenticity, rspamd, spamd, trace
from pillarbox.mail.authenticity import Authenticity, Client
from pillarbox.mail.dns import Resolver
from pillarbox.mail.lookups import Lookups, Patience
from pillarbox.received.model import Received

log = logging.getLogger(__name__)

THREADS = 32
# A resolver that is well answers in far less than a second, unless a sender's own name server
# is silent. Such a sender gets "temperror", which costs nothing but the verdict.
LOOKUPS_WITHIN_S, LOOKUPS_SOON_S = 5.0, 1.0
PATIENT = 8  # of THREADS
SCAN_WITHIN_S = 30.0


class Checked(Struct, frozen=True, gc=False):
    """The header fields that tell of the checks, in order, and the score of a mail that was scanned."""

    headers: tuple[tuple[str, str], ...] = ()
    spam_score: float | None = None


class Checks:
    """The checks of one installation."""

    def __init__(
        self, config: Config, resolver: Resolver, *, patience: Patience | None = None
    ) -> None:
        self._host = config.hostname
        self._resolver = resolver
        self._scanner = config.spam_server
        self._patience = patience or Patience(
            within_s=LOOKUPS_WITHIN_S, soon_s=LOOKUPS_SOON_S, most=PATIENT
        )
        self._threads = (
            ThreadPoolExecutor(THREADS, thread_name_prefix="sender")
            if config.sender_checks
            else None
        )

    async def check(self, mail: Received, author: str) -> Checked:
        """Check a mail; `author` is the address of From."""
        scan = None
        if self._scanner is None:
            found = await self._authenticate(mail, author)
        else:
            asked = self._scan(mail, self._scanner), self._authenticate(mail, author)
            scan, found = await asyncio.gather(*asked)
        spam = scan.headers() if scan else ()
        sender = found.headers(self._host) if found else ()
        return Checked((*spam, *sender), round(scan.score, 1) if scan else None)

    async def _authenticate(self, mail: Received, author: str) -> Authenticity | None:
        if self._threads is None:
            return None
        loop = asyncio.get_running_loop()
        client = Client(ip=mail.peer_ip, helo=mail.helo, mail_from=mail.mail_from)

        def work() -> Authenticity:
            lookups = Lookups(self._resolver, loop, self._patience)
            return authenticity.authenticate(mail.raw, client, author, lookups)

        return await loop.run_in_executor(self._threads, work)

    async def _scan(self, mail: Received, server: tuple[str, str, int]) -> spamd.Scan | None:
        if len(mail.raw) > spamd.MAX_SIZE:
            return None
        kind, host, port = server
        scan = rspamd.scan if kind == "rspamd" else spamd.scan
        ours = f"Return-Path: <{mail.mail_from}>\r\n".encode() + hop(mail, self._host)
        source = trace.on_top(ours, mail.raw)
        try:
            return await scan(host, port, source, within_s=SCAN_WITHIN_S)
        except spamd.ScanFailed as problem:
            log.warning("mail not scanned", extra={"reason": str(problem)})
            return None
