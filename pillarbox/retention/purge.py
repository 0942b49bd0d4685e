"""Deletes what removed streams have left behind, and removes streams that were archived long enough.

Removing a Server or stream deletes few rows, so that nobody waits for it. The many rows that bear its number go
here, in steps small enough that other work gets its turn between them.

archived for 45 days -> removed -> every part of it, step by step -> purged
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from pillarbox.app import App
from pillarbox.bounces import store as bounces
from pillarbox.bulk import store as bulk
from pillarbox.events import store as events
from pillarbox.inbound.store import messages as inbound
from pillarbox.outbound.store import blocks
from pillarbox.outbound.store import removal as outbound
from pillarbox.received import store as received
from pillarbox.servers.model import KEPT_ARCHIVED, RemovedStream
from pillarbox.servers.store import removed, streams
from pillarbox.stats import store as stats
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store as suppressions
from pillarbox.tracking import store as tracking
from pillarbox.tracking import subscribers
from pillarbox.webhooks.store import log as calls

EVERY = timedelta(minutes=10)
STILL_ARRIVING = timedelta(minutes=10)
"""For so long a node that does not know yet may take something in for a removed stream."""
AT_ONCE = 100
STEP = 500
PAUSE_S = 0.01

Part = Callable[[Tx, RemovedStream, int], int]
"""Deletes at most so many things of a removed stream; how many it found, 0 when nothing is left."""


def _bulk(tx: Tx, gone: RemovedStream, limit: int) -> int:
    """Each row may hold hundreds of messages, so that a step takes few."""
    few = max(1, limit // 10)
    return bulk.delete_of_server(tx, gone.server_id, few) if gone.is_server_gone else 0


def _suppressions(tx: Tx, gone: RemovedStream, limit: int) -> int:
    return suppressions.delete_of_stream(tx, gone.key, limit)


def _bounces(tx: Tx, gone: RemovedStream, limit: int) -> int:
    return bounces.delete_of_stream(tx, gone.server_id, gone.key, limit)


def _bounce_totals(tx: Tx, gone: RemovedStream, _limit: int) -> int:
    if gone.is_server_gone:
        bounces.delete_totals(tx, gone.server_id)
    return 0


def _statistics(tx: Tx, gone: RemovedStream, limit: int) -> int:
    """The counters of a living Server stay: they are what it has done, whatever became of the stream."""
    return stats.delete_of_server(tx, gone.server_id, limit) if gone.is_server_gone else 0


def _subjects(tx: Tx, gone: RemovedStream, limit: int) -> int:
    return blocks.delete_of_stream(tx, gone.key, limit)


def _messages(tx: Tx, gone: RemovedStream, limit: int) -> int:
    return outbound.delete_of_stream(tx, gone.server_id, gone.key, limit)


def _events(tx: Tx, gone: RemovedStream, limit: int) -> int:
    return events.delete_of_stream(tx, gone.key, limit)


def _hits(tx: Tx, gone: RemovedStream, limit: int) -> int:
    return tracking.delete_of_stream(tx, gone.key, limit)


def _subscribers(tx: Tx, gone: RemovedStream, limit: int) -> int:
    return subscribers.delete_of_stream(tx, gone.key, limit)


def _received(tx: Tx, gone: RemovedStream, limit: int) -> int:
    return received.delete_of_server(tx, gone.server_id, limit) if gone.is_server_gone else 0


def _inbound(tx: Tx, gone: RemovedStream, limit: int) -> int:
    """The inbound stream goes only with its Server."""
    return inbound.delete_of_server(tx, gone.server_id, limit) if gone.is_server_gone else 0


def _webhook_calls(tx: Tx, gone: RemovedStream, limit: int) -> int:
    return calls.delete_of_stream(tx, gone.key, limit)


PARTS: tuple[Part, ...] = (
    _bulk,
    _subjects,
    _messages,
    _hits,
    _subscribers,
    _received,
    _inbound,
    _bounces,
    _bounce_totals,
    _events,
    _webhook_calls,
    _suppressions,
    _statistics,
)


async def purge(app: App) -> None:
    """Remove what was archived long enough, then delete what removed streams have left behind."""
    await _repeat(app, _remove_archived)
    while due := await app.db.read(lambda tx: removed.list_due(tx, limit=AT_ONCE)):
        for stream in due:
            await _repeat(app, partial(purge_step, gone=stream))


def purge_step(tx: Tx, *, gone: RemovedStream) -> int:
    """Delete some of what a removed stream has left behind; 0 when nothing is left, until it is due again."""
    for part in PARTS:
        found = part(tx, gone, STEP)
        if found:
            return found
    is_over = gone.removed_at + STILL_ARRIVING <= tx.now
    removed.set_purge(tx, gone.key, None if is_over else tx.now + STILL_ARRIVING)
    return 0


async def _repeat(app: App, step: Callable[[Tx], int]) -> None:
    """Take a step until it finds nothing to do any more."""
    while True:
        if not await app.db.write(step):
            return
        await asyncio.sleep(PAUSE_S)


def _remove_archived(tx: Tx) -> int:
    return streams.delete_archived(tx, before=tx.now - KEPT_ARCHIVED, limit=AT_ONCE)
