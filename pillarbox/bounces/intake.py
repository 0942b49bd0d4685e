"""Taking in what comes back by mail: to a return path, or to the address for complaints.

parse -> find whose copy it is (a signed return path, or nothing) -> judge -> record

Everything but the parsing happens in the transaction in which the mail is put away, so a step that is repeated
records nothing twice. Nobody is ever answered. Source: spec bounce-classification 6 and 7.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pillarbox.bounces import orphans
from pillarbox.bounces.judge import Judgement, judge
from pillarbox.bounces.model import Bounce, NewBounce
from pillarbox.bounces.orphans import Orphan, Why
from pillarbox.bounces.record import record
from pillarbox.ids import copy_of
from pillarbox.mail import arf, charsets
from pillarbox.mail.parse import Message, parse
from pillarbox.mail.verp import ReturnPaths
from pillarbox.outbound.model import ERASED_DOMAIN
from pillarbox.outbound.store import copies
from pillarbox.outbound.store.copies import Copy
from pillarbox.received.model import Received, Route
from pillarbox.storage.tx import Tx

LONGEST_CONTENT = 1024 * 1024
LARGE = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A mail that came back, with its envelope. `message` is None when it could not be read, whatever was done."""

    recipient: str
    mail_from: str
    received_at: datetime
    is_complaint: bool
    raw: bytes
    message: Message | None


class Returns:
    """The step of bounces and complaints in `received/process`."""

    def __init__(self, return_paths: ReturnPaths) -> None:
        self._return_paths = return_paths

    async def prepare(self, mail: Received) -> Returned:
        """Read a mail."""
        if len(mail.raw) > LARGE:
            return returned_of(mail, await asyncio.to_thread(parse, mail.raw))
        return returned_of(mail, parse(mail.raw))

    async def surrender(self, mail: Received) -> Returned:
        """The mail as it came, unread."""
        return returned_of(mail, None)

    def settle(self, tx: Tx, prepared: Sequence[Returned]) -> None:
        """Record what the mails mean."""
        for returned in prepared:
            take(tx, returned, self._return_paths)


def returned_of(mail: Received, message: Message | None) -> Returned:
    """A received mail as one that came back."""
    return Returned(
        recipient=mail.recipient,
        mail_from=mail.mail_from,
        received_at=mail.received_at,
        is_complaint=mail.target.route is Route.COMPLAINT,
        raw=mail.raw,
        message=message,
    )


def take(tx: Tx, returned: Returned, return_paths: ReturnPaths) -> Bounce | None:
    """Record what a mail that came back means; None when it means nothing, is known already, or has no effect.

    Only a genuine return path says whose copy it is: the envelope's recipient, or what a complaint brings along.
    Any other could be forged and is kept as an orphan.
    """
    if returned.message is None:
        _keep(tx, returned, Why.UNREADABLE, None)
        return None
    number = _number(returned, returned.message, return_paths)
    copy = None if number is None else copies.find(tx, *copy_of(number))
    judgement = judge(
        returned.message,
        sent_to=copy.email if copy else "",
        is_from_nobody=not returned.mail_from,
        is_complaint=returned.is_complaint,
    )
    if copy is None:
        _keep(tx, returned, Why.UNSIGNED if number is None else Why.NO_MESSAGE, judgement)
        return None
    if judgement is None or copy.email.endswith(f"@{ERASED_DOMAIN}"):
        return None
    if judgement.is_final:
        copies.mark_bounced(tx, copy.message_key, copy.position, judgement.details)
    return record(tx, _bounce(returned, copy, judgement))


def _number(returned: Returned, message: Message, return_paths: ReturnPaths) -> int | None:
    number = return_paths.read(returned.recipient)
    if number is not None or not returned.is_complaint:
        return number
    for value in (arf.read(message) or arf.forwarded(message)).trail:
        if (number := return_paths.find(value)) is not None:
            return number
    return None


def _bounce(returned: Returned, copy: Copy, judgement: Judgement) -> NewBounce:
    return NewBounce(
        type=judgement.verdict.type,
        rule=judgement.verdict.rule,
        server_id=copy.server_id,
        stream_key=copy.stream_key,
        message_key=copy.message_key,
        message_id=copy.message_id,
        email=copy.email,
        sender=copy.sender,
        subject=copy.subject,
        tag=copy.tag,
        details=judgement.details,
        at=returned.received_at,
        content=charsets.decode(returned.raw[:LONGEST_CONTENT]),
    )


def _keep(tx: Tx, returned: Returned, why: Why, judgement: Judgement | None) -> None:
    """An orphan, unless there was nothing to record anyway."""
    if judgement is None and why is Why.NO_MESSAGE:
        return
    subject = returned.message.header("subject") if returned.message else None
    orphans.insert_orphan(
        tx,
        Orphan(
            why=why,
            type=judgement.verdict.type if judgement else None,
            recipient=returned.recipient,
            sender=returned.mail_from,
            subject=(subject or "")[:1000],
            details=judgement.details if judgement else "",
            at=returned.received_at,
            content=charsets.decode(returned.raw[: orphans.LONGEST_CONTENT]),
        ),
    )
