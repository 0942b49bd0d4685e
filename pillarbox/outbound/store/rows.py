"""Reading messages by their keys: pages of five hundred are asked for, so that each microsecond a row counts."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import select

from pillarbox.ids import MessageKey
from pillarbox.mail.address import Address, parse_one
from pillarbox.outbound.model import Message, MessageStatus, Recipients
from pillarbox.outbound.store.tables import messages
from pillarbox.servers.model import TrackLinks
from pillarbox.servers.store.tables import streams
from pillarbox.storage.bykey import ByKey
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import instant

_COLUMNS = (
    "key message_id server_id stream_key received_at status is_sandboxed sender subject tag recipients "
    "attachments metadata track_opens track_links body_form size_bytes"
)
_ROWS = ByKey(messages, "key", *_COLUMNS.split())
_STATUS = {status.value: status for status in MessageStatus}
_TRACK_LINKS = {how.value: how for how in TrackLinks}
_json = msgspec.json.Decoder().decode


def load(tx: Tx, keys: Sequence[int]) -> list[Message]:
    """The messages with these keys, in this order; one that is gone is left out."""
    rows = _ROWS.rows(tx, keys)
    slugs = _slugs(tx, {row[3] for row in rows})
    found = {row[0]: _message(row, slugs.get(row[3], "")) for row in rows}
    return [found[key] for key in keys if key in found]


def find(tx: Tx, key: int) -> Message | None:
    """The message with this key."""
    return next(iter(load(tx, [key])), None)


def _slugs(tx: Tx, stream_keys: set[int]) -> dict[int, str]:
    if not stream_keys:
        return {}
    query = select(streams.c.key, streams.c.slug).where(streams.c.key.in_(stream_keys))
    return {row.key: row.slug for row in tx.rows(query)}


def _message(row: Sequence[Any], stream: str) -> Message:
    (key, message_id, server_id, stream_key, received_at, status, is_sandboxed, sender) = row[:8]
    (subject, tag, who, attachments, metadata, track_opens, track_links, form, size) = row[8:]
    to, cc, bcc = _json(who)
    return Message(
        key=MessageKey(key),
        message_id=message_id,
        server_id=server_id,
        stream_key=stream_key,
        stream=stream,
        received_at=instant(received_at),
        sender=_sender(sender),
        recipients=Recipients(to=_addresses(to), cc=_addresses(cc), bcc=_addresses(bcc)),
        subject=subject,
        tag=tag,
        metadata=_json(metadata) if metadata else {},
        attachments=_json(attachments) if attachments else [],
        track_opens=bool(track_opens),
        track_links=_TRACK_LINKS[track_links],
        status=_STATUS[status],
        is_sandboxed=bool(is_sandboxed),
        body_form=form,
        size_bytes=size,
    )


def _addresses(pairs: list[tuple[str, str]]) -> list[Address]:
    return [Address(email, name) for email, name in pairs] if pairs else []


@lru_cache(256)
def _sender(text: str) -> Address:
    return parse_one(text)
