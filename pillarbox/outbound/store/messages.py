"""Keeping accepted messages and finding one again."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from pillarbox.ids import key_of
from pillarbox.mail.address import Address, header_form, parse_one
from pillarbox.outbound.model import (
    Message,
    MessageStatus,
    Prepared,
    RecipientState,
    Told,
    lane_of,
)
from pillarbox.outbound.store import rows
from pillarbox.outbound.store.queue import LEASE
from pillarbox.outbound.store.tables import (
    contents,
    message_metadata,
    messages,
    recipients,
    stored_addresses,
)
from pillarbox.servers.model import StreamType
from pillarbox.stats.model import tag_key
from pillarbox.storage import dialect
from pillarbox.storage.bykey import ByKey
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import dump_json, micros

_MESSAGE = (
    "key",
    "message_id",
    "server_id",
    "stream_key",
    "received_at",
    "status",
    "is_sandboxed",
    "sender",
    "sender_key",
    "subject",
    "tag",
    "tag_key",
    "recipients",
    "attachments",
    "metadata",
    "track_opens",
    "track_links",
    "bounce_type",
    "body_form",
    "size_bytes",
    "render_error",
    "unsubscribe",
)
_RECIPIENT = (
    "message_key",
    "position",
    "server_id",
    "stream_key",
    "email",
    "address_key",
    "state",
    "lane",
    "due_at",
    "attempts",
    "lease",
)
_METADATA = ("server_id", "name", "value", "message_key")
_TOLD = ByKey(messages, "key", "key", "message_id", "tag", "metadata")

_MARK_SENT_SQLITE = "UPDATE messages SET status = 'Sent' WHERE key = :key AND status = 'Queued'"
_MARK_SENT_POSTGRES = (
    "UPDATE messages SET status = 'Sent' WHERE key = ANY(%t::bigint[]) AND status = 'Queued'"
)

Kept = tuple[Prepared, set[str]]
"""A message to keep, with the address keys of its recipients that are suppressed."""


def insert(tx: Tx, batch: Sequence[Kept], leases: Mapping[int, int]) -> set[str]:
    """Keep messages with their contents and one queue row a recipient; the lanes that got due mail.

    `leases` has, by key, those of messages that are claimed as they are kept.
    """
    tx.insert_many(messages, _MESSAGE, [_message_row(message) for message, _ in batch])
    tx.insert_many(
        contents, ("message_key", "raw"), [(message.key, message.raw) for message, _ in batch]
    )
    tx.insert_many(
        message_metadata,
        _METADATA,
        [row for message, _ in batch for row in _metadata_rows(message)],
    )
    claimed_until = micros(tx.now + LEASE)
    queue = [
        row
        for message, inactive in batch
        for row in _recipient_rows(message, inactive, leases.get(message.key), claimed_until)
    ]
    tx.insert_many(recipients, _RECIPIENT, queue)
    return {row[7] for row in queue if row[10] is None}


def find(tx: Tx, server_id: int, message_id: str) -> Message | None:
    """The message of this Server with this MessageID."""
    key = key_of(message_id)
    if key is None:
        return None
    message = rows.find(tx, key)
    is_it = message and message.server_id == server_id and message.message_id == message_id.lower()
    return message if is_it else None


def find_raw(tx: Tx, key: int) -> bytes | None:
    """The complete message as composed, or None once its content is no longer kept."""
    raw = tx.scalar(select(contents.c.raw).where(contents.c.message_key == key))
    return None if raw is None else bytes(raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a bounce repeats of its message."""

    sender: str
    subject: str
    tag: str | None


def facts(tx: Tx, key: int) -> Facts:
    """Sender's bare address, subject and tag of a message."""
    columns = messages.c
    row = tx.first(select(columns.sender, columns.subject, columns.tag).where(columns.key == key))
    if row is None:
        return Facts(sender="", subject="", tag=None)
    return Facts(sender=parse_one(row.sender).email, subject=row.subject, tag=row.tag)


def told(tx: Tx, keys: Collection[int]) -> dict[int, Told]:
    """What webhooks repeat of messages, by key; those that are gone are left out."""
    return {
        key: Told(message_id=message_id, tag=tag, metadata=json.loads(metadata) if metadata else {})
        for key, message_id, tag, metadata in _TOLD.rows(tx, keys)
    }


def last_key(tx: Tx) -> int:
    """The newest message key, 0 when there is none."""
    return tx.scalar(select(func.max(messages.c.key))) or 0


def mark_sent(tx: Tx, keys: Sequence[int]) -> None:
    """Note that the delivery has taken messages up."""
    if dialect.is_sqlite(tx.connection):
        dialect.sqlite_run(tx.connection, _MARK_SENT_SQLITE, [{"key": key} for key in keys])
    elif keys:
        dialect.postgres_run(tx.connection, _MARK_SENT_POSTGRES, keys)


def _message_row(message: Prepared) -> tuple[Any, ...]:
    who = message.recipients
    return (
        message.key,
        message.message_id,
        message.server.id,
        message.stream.key,
        micros(message.received_at),
        MessageStatus.QUEUED.value,
        message.server.is_sandbox,
        header_form(message.sender),
        message.sender.key,
        message.subject,
        message.tag,
        tag_key(message.tag) or None,
        dump_json([stored_addresses(part) for part in (who.to, who.cc, who.bcc)]),
        dump_json(message.attachments) if message.attachments else None,
        dump_json(message.metadata) if message.metadata else None,
        message.track_opens,
        message.track_links.value,
        message.bounce_type,
        message.body_form,
        len(message.raw),
        message.render_error,
        message.unsubscribe and message.unsubscribe.value,
    )


def _metadata_rows(message: Prepared) -> list[tuple[Any, ...]]:
    return [
        (message.server.id, name.lower(), value, message.key)
        for name, value in message.metadata.items()
    ]


def _recipient_rows(
    message: Prepared, inactive: set[str], lease: int | None, claimed_until: int
) -> list[tuple[Any, ...]]:
    is_bulk = message.stream.type is StreamType.BROADCASTS
    due = micros(message.received_at)

    def row(position: int, address: Address) -> tuple[Any, ...]:
        key = address.key
        is_held_back = key in inactive
        state = RecipientState.SUPPRESSED if is_held_back else RecipientState.QUEUED
        return (
            message.key,
            position,
            message.server.id,
            message.stream.key,
            address.email,
            key,
            state.value,
            lane_of(address.domain, is_bulk=is_bulk),
            due if lease is None or is_held_back else claimed_until,
            0,
            None if is_held_back else lease,
        )

    return [
        row(position, address) for position, address in enumerate(message.recipients.distinct())
    ]
