"""Taking messages in: the last checks, then everything of a message written down at once (RFC 6409 section 5).

prepare (outbound/prepare) -> accept -> commit -> the answer; the commit hands the copies to the delivery of this
process, or wakes whoever delivers.
"""

from collections.abc import Sequence

from pillarbox.errors import Problem, Refused
from pillarbox.outbound import handover
from pillarbox.outbound.model import Accepted, Prepared
from pillarbox.outbound.store import messages
from pillarbox.servers.model import TrackLinks
from pillarbox.stats import record
from pillarbox.stats.model import Sending
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store as suppressions

DELIVERY = "delivery"


def accept(tx: Tx, batch: Sequence[Prepared]) -> list[Accepted | Refused]:
    """Keep prepared messages and queue one copy a recipient. A refused one spoils only itself.

    Refuses ALL_RECIPIENTS_INACTIVE. Source: spec sending 2.8 (17) and 11.
    """
    inactive = _find_inactive(tx, batch)
    results: list[Accepted | Refused] = []
    kept: list[messages.Kept] = []
    sent: list[Sending] = []
    for message, held in zip(batch, inactive, strict=True):
        distinct = message.recipients.distinct()
        if len(held) == len(distinct):
            results.append(Refused(Problem.ALL_RECIPIENTS_INACTIVE, addresses=", ".join(held)))
        else:
            results.append(Accepted(message.message_id, message.received_at, tuple(held)))
            kept.append((message, set(held)))
            sent.append(_sending(message, len(distinct) - len(held)))
    if kept:
        taker = tx.taker(DELIVERY)
        leases = handover.offer(tx, taker, kept, DELIVERY) if taker else {}
        if lanes := messages.insert(tx, kept, leases):
            tx.wake(DELIVERY, *lanes)
        record.sent(tx, sent)
    return results


def _sending(message: Prepared, copies: int) -> Sending:
    return Sending(
        message.server.id,
        message.stream.key,
        message.tag,
        copies,
        message.track_opens,
        message.track_links is not TrackLinks.NONE,
        message.links,
    )


def _find_inactive(tx: Tx, batch: Sequence[Prepared]) -> list[list[str]]:
    """For each message its suppressed addresses, lower-cased, in order To, Cc, Bcc."""
    pairs = {(m.stream.key, address.key) for m in batch for address in m.recipients.all()}
    held = suppressions.held_back(tx, pairs)
    if not held:
        return [[] for _ in batch]
    return [
        [a.key for a in m.recipients.distinct() if (m.stream.key, a.key) in held] for m in batch
    ]
