"""Taking in what came for a customer: a received mail becomes an inbound message, and its hook is due.

    find the Server -> parse -> check the sender, have it scanned -> read -> (transaction:) apply rules -> keep
      -> hand over to the calls (handover)

The mail was kept and answered for before (`smtpd/mx`), so each step may be repeated. Source: spec inbound 3 to 6.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from pillarbox.app import App
from pillarbox.ids import ServerId
from pillarbox.inbound import handover, read, rules
from pillarbox.inbound.checks import Checks
from pillarbox.inbound.handover import Hook
from pillarbox.inbound.model import BLOCKED_BY_SPAM, InboundStatus
from pillarbox.inbound.read import Reading
from pillarbox.inbound.store import messages
from pillarbox.inbound.store import rules as stored_rules
from pillarbox.mail.parse import parse
from pillarbox.received.model import Received
from pillarbox.servers.directory import Directory
from pillarbox.servers.model import Server
from pillarbox.storage.tx import Tx

LARGE = 256 * 1024


class Arrival(Struct, frozen=True, kw_only=True, gc=False):
    """A message that is about to be kept. `spam_score` is None when nobody scanned it."""

    reading: Reading
    mail_from: str
    hook: Hook | None
    spam_threshold: int
    spam_score: float | None = None

    @property
    def senders(self) -> list[str]:
        """Whom rules are held against: the From header, then the envelope."""
        return [self.reading.message.sender.email, self.mail_from]

    @property
    def is_spam(self) -> bool:
        """Whether the score is beyond what the Server lets pass; 0 lets everything pass."""
        return self.spam_score is not None and 0 < self.spam_threshold < self.spam_score


class Receiving:
    """The step of inbound mail in `received/process`."""

    def __init__(self, app: App, directory: Directory) -> None:
        self._app = app
        self._directory = directory
        self._checks = Checks(app.config, app.resolver)

    async def prepare(self, mail: Received) -> Arrival | None:
        """Parse and check a mail; None when its Server is gone."""
        host = self._app.config.hostname
        if len(mail.raw) > LARGE:
            parsed = await asyncio.to_thread(parse, mail.raw)
        else:
            parsed = parse(mail.raw)
        checked = await self._checks.check(mail, read.author(parsed))
        reading = read.read(mail, parsed, host=host, checks=checked.headers)
        return await self._arrival(mail, reading, checked.spam_score)

    async def _arrival(
        self, mail: Received, reading: Reading, spam_score: float | None = None
    ) -> Arrival | None:
        server = await self._directory.server(ServerId(reading.message.server_id))
        if server is None:
            return None
        stream = server.stream_by_key(reading.message.stream_key)
        message = replace(reading.message, stream=stream.slug if stream else "")
        return Arrival(
            reading=read.Reading(message, reading.content, reading.attachments),
            mail_from=mail.mail_from,
            hook=_hook(server),
            spam_threshold=server.inbound_spam_threshold,
            spam_score=spam_score,
        )

    async def surrender(self, mail: Received) -> Arrival | None:
        """The mail as it came, visible, unread."""
        return await self._arrival(mail, read.unread(mail))

    def settle(self, tx: Tx, prepared: Sequence[Arrival | None]) -> None:
        """Keep messages, blocked or with their hook due."""
        arrivals = [arrival for arrival in prepared if arrival is not None]
        blocks = _blocks(tx, arrivals)
        new = [judged(*pair, at=tx.now) for pair in zip(arrivals, blocks, strict=True)]
        leases = handover.offer(tx, [_candidate(*pair) for pair in zip(arrivals, new, strict=True)])
        messages.insert(tx, new, leases)


def _candidate(arrival: Arrival, new: messages.New) -> handover.Candidate:
    return handover.Candidate(new=new, attachments=arrival.reading.attachments, hook=arrival.hook)


def _hook(server: Server) -> Hook | None:
    url = server.inbound_hook_url
    return Hook(url=url, wants_source=server.is_raw_email_enabled) if url else None


def judged(arrival: Arrival, block: rules.Block | None, *, at: datetime) -> messages.New:
    """A message as it is kept: rules first, then the spam threshold, then whether there is a hook to call."""
    reason = block.reason if block else BLOCKED_BY_SPAM if arrival.is_spam else None
    status = InboundStatus.QUEUED if arrival.hook else InboundStatus.FAILED
    if reason is not None:
        status = InboundStatus.BLOCKED
    reading = arrival.reading
    return messages.New(
        message=replace(reading.message, status=status, blocked_reason=reason),
        content=reading.content,
        due_at=at if status is InboundStatus.QUEUED else None,
    )


def _blocks(tx: Tx, arrivals: Sequence[Arrival]) -> list[rules.Block | None]:
    """For each message the rule of its Server that blocks it."""
    asked = {
        (arrival.reading.message.server_id, text)
        for arrival in arrivals
        for text in rules.could_match(arrival.senders)
    }
    found = stored_rules.which(tx, asked)
    return [
        rules.blocking(
            {rule for server_id, rule in found if server_id == arrival.reading.message.server_id},
            [sender for sender in arrival.senders if sender],
        )
        for arrival in arrivals
    ]
