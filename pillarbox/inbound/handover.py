"""Handing messages whose hook is due straight to the calls of the same process, past the queue (decision 0018).

keep -> wanted? -> rows are kept as if just claimed -> commit -> the messages, from memory
"""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from pillarbox.ids import MessageKey
from pillarbox.inbound.store.messages import TOPIC, New
from pillarbox.storage.tx import Tx

LARGEST = 64 * 1024
"""Bytes of a message; larger ones are read when it is their turn."""


class Hook(Struct, frozen=True, kw_only=True, gc=False):
    """Where a Server wants to be told, and what of."""

    url: str
    wants_source: bool


class Candidate(Struct, frozen=True, kw_only=True, gc=False):
    """A message that is about to be kept, with what its call needs besides; no hook, no call."""

    new: New
    attachments: Sequence[bytes]
    hook: Hook | None


class Handed(Struct, frozen=True, kw_only=True, gc=False):
    """A message in hand under a lease."""

    new: New
    attachments: Sequence[bytes]
    hook: Hook
    lease: int


class Taker(Protocol):
    """The role that calls hooks, as seen by whoever keeps messages; called in the threads that write."""

    def lease(self, server_id: int, promised: int, /) -> int | None:
        """A lease for a message of a Server; None when it is better queued.

        `promised` is how many of its messages this transaction has been given already.
        """
        ...


def offer(tx: Tx, candidates: Sequence[Candidate]) -> dict[MessageKey, int]:
    """The leases of those messages that are called for as soon as this transaction is committed."""
    taker: Taker | None = tx.taker(TOPIC)
    leases: dict[MessageKey, int] = {}
    promised: Counter[int] = Counter()
    if taker is None:
        return leases
    for one in candidates:
        message = one.new.message
        if one.hook is None or not _may_be_called(one.new):
            continue
        lease = taker.lease(message.server_id, promised[message.server_id])
        if lease is not None:
            promised[message.server_id] += 1
            leases[message.key] = lease
            handed = Handed(new=one.new, attachments=one.attachments, hook=one.hook, lease=lease)
            tx.hand_over(TOPIC, handed)
    return leases


def _may_be_called(new: New) -> bool:
    """Whether a message is due, small, and known by the name of its stream, which one that is archived is not."""
    return bool(new.due_at and new.message.stream) and len(new.content.raw) <= LARGEST
