"""One recipient's copy of a message, looked up when something comes back for it."""

from dataclasses import dataclass

from sqlalchemy import select, update

from pillarbox.mail.address import parse_one
from pillarbox.outbound.model import RecipientState
from pillarbox.outbound.store.tables import messages, recipients
from pillarbox.storage.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Whom a message went to, and what a bounce repeats of it; `sender` is the bare address."""

    message_key: int
    position: int
    message_id: str
    server_id: int
    stream_key: int
    email: str
    sender: str
    subject: str
    tag: str | None


def find(tx: Tx, message_key: int, position: int) -> Copy | None:
    """The copy, unless its message is no longer kept."""
    at, of = recipients.c, messages.c
    query = (
        select(of.message_id, of.server_id, of.stream_key, of.sender, of.subject, of.tag, at.email)
        .join(recipients, at.message_key == of.key)
        .where(of.key == message_key, at.position == position)
    )
    row = tx.first(query)
    if row is None:
        return None
    return Copy(
        message_key=message_key,
        position=position,
        message_id=row.message_id,
        server_id=row.server_id,
        stream_key=row.stream_key,
        email=row.email,
        sender=parse_one(row.sender).email,
        subject=row.subject,
        tag=row.tag,
    )


def mark_bounced(tx: Tx, message_key: int, position: int, reply: str) -> None:
    """Note that a copy that counted as delivered came back; one that still waits is left to the queue."""
    at = recipients.c
    tx.run(
        update(recipients)
        .where(
            at.message_key == message_key,
            at.position == position,
            at.state == RecipientState.DELIVERED,
        )
        .values(state=RecipientState.BOUNCED, last_reply=reply)
    )
