"""Deleting messages with everything that is kept of them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

from sqlalchemy import Row, delete, exists, select, tuple_

from pillarbox.events.store import events
from pillarbox.ids import first_key
from pillarbox.outbound.model import ERASED_DOMAIN, RecipientState
from pillarbox.outbound.store import blocks
from pillarbox.outbound.store.tables import (
    attempts,
    contents,
    message_metadata,
    messages,
    recipients,
)
from pillarbox.storage.tx import Tx

MAX_BYTES = 16 * 1024 * 1024
_METADATA_AT_ONCE = 200

Keep = Callable[[Tx, list[tuple[int, str]]], None]
"""Remembers who got unsubscribe links: in which stream, under which lower-cased address."""


def delete_of_stream(tx: Tx, server_id: int, stream_key: int, limit: int) -> int:
    """Delete the newest messages of a stream, waiting ones included; how many were found.

    Those that somebody is writing to at this moment are left for the next call.
    """
    at = messages.c
    found = tx.rows(
        select(at.key, at.size_bytes)
        .where(at.server_id == server_id, at.stream_key == stream_key)
        .order_by(at.key.desc())
        .limit(limit)
    )
    delete_messages(tx, _fitting(found))
    return len(found)


def delete_old(tx: Tx, before: datetime, limit: int, keep: Keep) -> int:
    """Delete the oldest messages of before an instant, save those that still wait for a recipient; how many.

    Their unsubscribe links go on working by what `keep` remembers.
    """
    at, of = messages.c, recipients.c
    waits = exists().where(of.message_key == at.key, of.state == RecipientState.QUEUED)
    found = tx.rows(
        select(at.key, at.size_bytes)
        .where(at.key < first_key(before), ~waits)
        .order_by(at.key)
        .limit(limit)
    )
    return delete_messages(tx, _fitting(found), keep)


def delete_messages(tx: Tx, keys: Sequence[int], keep: Keep | None = None) -> int:
    """Delete messages with contents, copies, attempts and events; how many.

    Those that somebody is writing to at this moment are left alone.
    """
    free = _lock_copies(tx, keys)
    if not free:
        return 0
    _delete_metadata(tx, free)
    if keep is not None:  # only now that they are locked: nobody erases an address meanwhile
        keep(tx, _subscribers(tx, free))
    places = blocks.streams_of(tx, free)
    for table in (recipients, contents, attempts, events):
        tx.run(delete(table).where(table.c.message_key.in_(free)))
    deleted = tx.run(delete(messages).where(messages.c.key.in_(free)))
    blocks.renew(tx, places)
    return deleted


def _subscribers(tx: Tx, keys: Sequence[int]) -> list[tuple[int, str]]:
    at, of = recipients.c, messages.c
    query = (
        select(of.stream_key, at.email)
        .join(messages, of.key == at.message_key)
        .where(of.key.in_(keys), of.unsubscribe.is_not(None))
    )
    found = {(row.stream_key, row.email.lower()) for row in tx.rows(query)}
    return [pair for pair in found if not pair[1].endswith(f"@{ERASED_DOMAIN}")]


def _fitting(found: Sequence[Row[Any]]) -> list[int]:
    """The keys of as many messages as are not too much at once, at least one."""
    sizes = accumulate(row.size_bytes for row in found)
    fitting = sum(1 for size in sizes if size <= MAX_BYTES)
    return [row.key for row in found[: max(fitting, 1)]]


def _lock_copies(tx: Tx, keys: Sequence[int]) -> list[int]:
    """The messages of which all copies could be locked: settling locks copies first, too, in any order."""
    mine = (recipients.c.message_key, recipients.c.position)
    copies = select(*mine).where(recipients.c.message_key.in_(keys))
    locked = {tuple(row) for row in tx.rows(copies.with_for_update(skip_locked=True))}
    held = {row.message_key for row in tx.rows(copies) if tuple(row) not in locked}
    return [key for key in keys if key not in held]


def _delete_metadata(tx: Tx, keys: Sequence[int]) -> None:
    """The index on metadata goes by name and value, which the message repeats."""
    query = select(messages.c.key, messages.c.server_id, messages.c.metadata).where(
        messages.c.key.in_(keys), messages.c.metadata.is_not(None)
    )
    rows = [
        (row.server_id, name.lower(), value, row.key)
        for row in tx.rows(query)
        for name, value in row.metadata.items()
    ]
    columns = tuple_(*message_metadata.primary_key.columns)
    for start in range(0, len(rows), _METADATA_AT_ONCE):
        part = rows[start : start + _METADATA_AT_ONCE]
        tx.run(delete(message_metadata).where(columns.in_(part)))
