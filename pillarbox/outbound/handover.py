"""Handing accepted copies straight to the delivery role of the same process, past the queue.

accept -> wanted? -> rows are kept as if the delivery had just claimed them -> commit -> the copies, from memory

A copy is in the database under a lease before anybody is told of it, so that a crash loses nothing: the lease runs
out and the queue takes over. It saves the claim: a transaction, a commit and the reading back of what was just
written (decision 0016).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from pillarbox.outbound.model import Prepared, domain_of, lane_of
from pillarbox.outbound.store.queue import Claimed
from pillarbox.outbound.store.to_send import Content
from pillarbox.servers.model import StreamType
from pillarbox.storage.tx import Tx

LARGEST = 256 * 1024
"""Bytes of a message; larger ones go through the queue, and are read when it is their turn."""


class Handed(Struct, frozen=True, gc=False):
    """One message with the copies that are to leave, as claiming and loading it would have brought it."""

    copies: list[Claimed]
    content: Content
    raw: bytes


class Taker(Protocol):
    """The delivery role, as seen by accepting; called in the threads that write."""

    def lease(self, lanes: Sequence[str], size_bytes: int, promised: Counter[str], /) -> int | None:
        """A lease for a message with copies in these lanes; None when they are better queued.

        `promised` is what this transaction has been given for each domain already.
        """
        ...


def offer(
    tx: Tx, taker: Taker, batch: Sequence[tuple[Prepared, set[str]]], topic: str
) -> dict[int, int]:
    """The leases of those messages that the taker will have once this transaction is committed, by key."""
    leases: dict[int, int] = {}
    promised: Counter[str] = Counter()
    for message, inactive in batch:
        if len(message.raw) > LARGEST or message.stream.type is StreamType.BROADCASTS:
            continue
        places = [
            (position, address)
            for position, address in enumerate(message.recipients.distinct())
            if address.key not in inactive
        ]
        lanes = [lane_of(address.domain, is_bulk=False) for _, address in places]
        lease = taker.lease(lanes, len(message.raw), promised)
        if lease is None:
            continue
        promised.update(map(domain_of, lanes))
        leases[message.key] = lease
        copies = [
            Claimed(
                message_key=message.key,
                position=position,
                lease=lease,
                server_id=message.server.id,
                stream_key=message.stream.key,
                email=address.email,
                lane=lane,
                attempts=0,
            )
            for (position, address), lane in zip(places, lanes, strict=True)
        ]
        tx.hand_over(topic, Handed(copies, _content(message), message.raw))
    return leases


def _content(message: Prepared) -> Content:
    return Content(
        message_id=message.message_id,
        received_at=message.received_at,
        sender=message.sender.key,
        is_sandboxed=message.server.is_sandbox,
        bounce_type=message.bounce_type,
        size_bytes=len(message.raw),
        render_error=message.render_error,
        track_opens=message.track_opens,
        track_links=message.track_links,
        unsubscribe=message.unsubscribe,
    )
