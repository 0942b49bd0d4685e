"""Handing mail that was just kept straight to the processing of the same process, past the queue (decision 0018).

keep -> wanted? -> rows are kept as if the processing had just taken them -> commit -> the mails, from memory
"""

from collections.abc import Sequence
from typing import Protocol

from pillarbox.ids import MessageKey
from pillarbox.received import store
from pillarbox.received.model import Claimed, Received
from pillarbox.storage.tx import Tx


class Taker(Protocol):
    """The processing, as seen by whoever keeps mail; called in the threads that write."""

    def lease(self, mails: Sequence[Received], promised: int, /) -> int | None:
        """A lease for the mails of an SMTP transaction; None when they are better queued.

        `promised` is how many mails this database transaction has been given already.
        """
        ...


def keep(tx: Tx, transactions: Sequence[Sequence[Received]]) -> list[None]:
    """Keep what SMTP transactions brought, in the hand of the processing of this process if it has room."""
    taker = tx.taker(store.TOPIC)
    leases = _offer(tx, taker, transactions) if taker else {}
    store.insert(tx, transactions, leases)
    return [None] * len(transactions)


def _offer(
    tx: Tx, taker: Taker, transactions: Sequence[Sequence[Received]]
) -> dict[MessageKey, int]:
    """The leases of those mails that the taker will have once this transaction is committed."""
    leases: dict[MessageKey, int] = {}
    for mails in transactions:
        lease = taker.lease(mails, len(leases))
        if lease is None:
            continue
        for mail in mails:
            leases[mail.key] = lease
            held = Claimed(mail=mail, lease=lease, attempts=1, size_bytes=len(mail.raw))
            tx.hand_over(store.TOPIC, held)
    return leases
