"""Deletes what has been kept long enough: messages with all that belongs to them, opens and clicks, raw reports.

    outbound messages -> opens and clicks -> events -> inbound messages -> bulk requests -> reports of bounces
    -> reports without effect

PARTS is the table of contents: a feature whose rows do not stay for ever adds its line. A step is a transaction
over a few rows; between two of them others have the database at least as long as the step took. Statistics,
suppressions, bounces (without their reports), data removals and who is behind an unsubscribe link stay.
Source: spec overview 6, messages 1, bounces 3, inbound 7.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from pillarbox.app import App
from pillarbox.bounces import orphans
from pillarbox.bounces import store as bounces
from pillarbox.bulk import store as bulk
from pillarbox.events import store as events
from pillarbox.inbound.store import messages as inbound
from pillarbox.outbound.store import removal as outbound
from pillarbox.servers.store import servers
from pillarbox.storage.tx import Tx
from pillarbox.tracking import store as tracking
from pillarbox.tracking import subscribers
from pillarbox.tracking.token import Tokens

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
BLOCKED_KEPT = timedelta(days=10)
STEP = 50
LEAST_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Up to when things are too old; `tokens` made the links that outlive their messages."""

    everything: datetime
    blocked: datetime
    tokens: Tokens


Part = Callable[[Tx, Limits, int], int]
"""Deletes at most so many things; how many, 0 when nothing is left."""


def _messages(tx: Tx, limits: Limits, step: int) -> int:
    def keep(tx: Tx, gone: list[tuple[int, str]]) -> None:
        subscribers.keep(tx, limits.tokens, gone)

    return outbound.delete_old(tx, limits.everything, step, keep)


def _hits(tx: Tx, limits: Limits, step: int) -> int:
    return tracking.delete_old(tx, limits.everything, step)


def _events(tx: Tx, limits: Limits, step: int) -> int:
    """Those that belong to no message, or to one that was gone before them."""
    return events.delete_old(tx, limits.everything, step)


def _inbound(tx: Tx, limits: Limits, step: int) -> int:
    return inbound.delete_old(tx, limits.everything, blocked_before=limits.blocked, limit=step)


def _bulk_requests(tx: Tx, limits: Limits, step: int) -> int:
    return bulk.delete_old(tx, limits.everything, step)


def _reports(tx: Tx, _limits: Limits, step: int) -> int:
    return bounces.delete_dumps(tx, step)


def _orphans(tx: Tx, _limits: Limits, step: int) -> int:
    return orphans.delete_old(tx, step)


PARTS: tuple[Part, ...] = (
    _messages,
    _hits,
    _events,
    _inbound,
    _bulk_requests,
    _reports,
    _orphans,
)


async def expire(app: App) -> None:
    """Delete whatever is too old by now."""
    now = app.clock.now()
    limits = Limits(
        everything=now - timedelta(days=app.config.retention_days),
        blocked=now - BLOCKED_KEPT,
        tokens=Tokens(await app.db.read(servers.secret)),
    )
    for part in PARTS:
        gone = await _repeat(app, part, limits)
        if gone:
            log.info("kept long enough", extra={"part": part.__name__.lstrip("_"), "gone": gone})


async def _repeat(app: App, part: Part, limits: Limits) -> int:
    """Take steps until one finds nothing; how many things are gone."""
    gone = 0
    while True:
        started = app.monotonic()
        found = await app.db.write(partial(_step, part, limits))
        if not found:
            return gone
        gone += found
        await asyncio.sleep(max(LEAST_PAUSE_S, app.monotonic() - started))


def _step(part: Part, limits: Limits, tx: Tx) -> int:
    return part(tx, limits, STEP)
