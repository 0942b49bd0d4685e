"""What the delivery needs of messages in order to send them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import BindParameter, bindparam, select

from pillarbox.outbound.model import UnsubscribeLink
from pillarbox.outbound.store.tables import contents, messages
from pillarbox.servers.model import TrackLinks
from pillarbox.storage.tx import Tx

# Built once: building a statement costs more than running it.
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_LOAD = select(
    messages.c.key,
    messages.c.message_id,
    messages.c.received_at,
    messages.c.sender_key,
    messages.c.is_sandboxed,
    messages.c.bounce_type,
    messages.c.size_bytes,
    messages.c.render_error,
    messages.c.track_opens,
    messages.c.track_links,
    messages.c.unsubscribe,
).where(messages.c.key.in_(_KEYS))
_LOAD_RAW = select(contents).where(contents.c.message_key.in_(_KEYS))


class Content(Struct, kw_only=True, gc=False):
    """What the delivery needs to know of a message."""

    message_id: str
    received_at: datetime
    sender: str
    is_sandboxed: bool
    bounce_type: str | None
    size_bytes: int
    render_error: str | None = None
    track_opens: bool = False
    track_links: TrackLinks = TrackLinks.NONE
    unsubscribe: UnsubscribeLink | None = None


def load(tx: Tx, keys: Sequence[int]) -> dict[int, Content]:
    """What the delivery needs of these messages."""
    return {
        row.key: Content(
            message_id=row.message_id,
            received_at=row.received_at,
            sender=row.sender_key,
            is_sandboxed=row.is_sandboxed,
            bounce_type=row.bounce_type,
            size_bytes=row.size_bytes,
            render_error=row.render_error,
            track_opens=row.track_opens,
            track_links=row.track_links,
            unsubscribe=row.unsubscribe,
        )
        for row in tx.rows(_LOAD, {"keys": keys})
    }


def load_raw(tx: Tx, keys: Sequence[int]) -> dict[int, bytes]:
    """The complete messages."""
    return {row.message_key: bytes(row.raw) for row in tx.rows(_LOAD_RAW, {"keys": keys})}
