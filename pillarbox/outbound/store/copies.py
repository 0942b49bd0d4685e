"""One recipient's copy of a message, looked up when something comes back for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_, update

from pillarbox.mail.address import parse_one
from pillarbox.outbound.model import RecipientState
from pillarbox.outbound.store.tables import messages, recipients
from pillarbox.storage.tx import Tx

_ERASED = "@erased.invalid"
"""How the aliases of people whose data were removed end (`retention.model`)."""

Key = tuple[int, int]
"""A message's key and a recipient's position."""


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


def server_of(tx: Tx, message_key: int) -> int | None:
    """Whose message this is; None when it is no longer kept."""
    row = tx.first(select(messages.c.server_id).where(messages.c.key == message_key))
    return None if row is None else int(row.server_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFacts:
    """Whose copy of which message."""

    server_id: int
    stream_key: int
    message_id: str
    recipient: str
    tag: str | None
    received_at: datetime


def facts(tx: Tx, keys: Collection[Key]) -> dict[Key, CopyFacts]:
    """What is known of copies; those that are gone, or whose recipient's data were removed, are left out."""
    columns = recipients.c
    query = (
        select(
            columns.message_key,
            columns.position,
            columns.email,
            messages.c.server_id,
            messages.c.stream_key,
            messages.c.message_id,
            messages.c.tag,
            messages.c.received_at,
        )
        .join(messages, messages.c.key == columns.message_key)
        .where(tuple_(columns.message_key, columns.position).in_(keys))
    )
    return {
        (row.message_key, row.position): CopyFacts(
            server_id=row.server_id,
            stream_key=row.stream_key,
            message_id=row.message_id,
            recipient=row.email,
            tag=row.tag,
            received_at=row.received_at,
        )
        for row in (tx.rows(query) if keys else ())
        if not row.email.endswith(_ERASED)
    }
