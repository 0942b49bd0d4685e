"""Erasing one recipient from outbound mail.

A message that went to the address loses everything its sender wrote: content, subject, metadata, names of
attachments. What remains is a row that counts.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, exists, func, select, tuple_, update

from pillarbox.outbound.model import RecipientState
from pillarbox.outbound.store import blocks
from pillarbox.outbound.store.tables import (
    attempts,
    contents,
    message_metadata,
    messages,
    recipients,
)
from pillarbox.storage.tx import Tx

_CHANGED = "sender sender_key subject tag tag_key recipients attachments metadata".split()


def stop_copies(tx: Tx, address: str) -> int:
    """Take what waits for a lower-cased address off the queue, in hand or not; how many copies."""
    at = recipients.c
    waiting = update(recipients).where(at.address_key == address, at.state == RecipientState.QUEUED)
    return tx.run(waiting.values(state=RecipientState.DROPPED, lease=None))


def find(tx: Tx, address: str, *, limit: int) -> list[int]:
    """Keys of messages that went to an address, save those that still wait for another recipient."""
    at, other = recipients.c, recipients.alias()
    is_needed = exists().where(
        other.c.message_key == at.message_key,
        other.c.state == RecipientState.QUEUED,
        other.c.address_key != address,
    )
    query = select(at.message_key).where(at.address_key == address, ~is_needed).limit(limit)
    return [row.message_key for row in tx.rows(query)]


def is_known(tx: Tx, address: str) -> bool:
    """Whether any message still names an address as its recipient."""
    query = select(recipients.c.message_key).where(recipients.c.address_key == address)
    return tx.first(query.limit(1)) is not None


def tags_naming(tx: Tx, address: str) -> set[tuple[int, str]]:
    """Server and tag of messages to an address whose tag contains it."""
    at = messages.c
    query = (
        select(at.server_id, at.tag)
        .join(recipients, recipients.c.message_key == at.key)
        .where(
            recipients.c.address_key == address,
            func.lower(at.tag).contains(address, autoescape=True),
        )
        .distinct()
    )
    return {(row.server_id, row.tag) for row in tx.rows(query)}


def erase(tx: Tx, keys: Sequence[int], address: str, *, alias: str) -> None:
    """Forget what these messages said, and in them the address."""
    found = tx.rows(select(messages).where(messages.c.key.in_(keys)))
    metadata = [
        (row.server_id, name.lower(), value, row.key)
        for row in found
        for name, value in (row.metadata or {}).items()
    ]
    if metadata:
        entry = tuple_(*message_metadata.primary_key)
        tx.run(delete(message_metadata).where(entry.in_(metadata)))
    tx.run(delete(contents).where(contents.c.message_key.in_(keys)))
    changed = [_erased(row, address, alias) for row in found]
    statement = update(messages).where(messages.c.key == bindparam("which"))
    new = {name: bindparam(f"new_{name}", type_=messages.c[name].type) for name in _CHANGED}
    tx.run(statement.values(new), changed)
    _erase_copies(tx, keys, address, alias)
    blocks.renew(tx, [(row.stream_key, row.key) for row in found])


def _erase_copies(tx: Tx, keys: Sequence[int], address: str, alias: str) -> None:
    at = recipients.c
    own = [at.message_key.in_(keys), at.address_key == address]
    copies = [tuple(row) for row in tx.rows(select(at.message_key, at.position).where(*own))]
    tried = tuple_(attempts.c.message_key, attempts.c.position).in_(copies)
    of_keys = attempts.c.message_key.in_(keys)
    tx.run(update(attempts).where(of_keys, tried).values(reply="", transcript=[]))
    tx.run(update(recipients).where(*own).values(email=alias, address_key=alias, last_reply=None))


def _erased(row: Row[Any], address: str, alias: str) -> dict[str, Any]:
    is_sender = row.sender_key == address
    names_it = row.tag is not None and address in row.tag.lower()
    return {
        "which": row.key,
        "new_sender": alias if is_sender else row.sender,
        "new_sender_key": alias if is_sender else row.sender_key,
        "new_subject": "",
        "new_tag": None if names_it else row.tag,
        "new_tag_key": None if names_it else row.tag_key,
        "new_recipients": [
            [[alias, ""] if email.lower() == address else [email, name] for email, name in part]
            for part in row.recipients
        ],
        "new_attachments": None,
        "new_metadata": None,
    }
