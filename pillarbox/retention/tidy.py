"""Small things that pile up: counters of past days are folded; old outcomes, sessions and audit lines go."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from pillarbox.app import App
from pillarbox.stats import store as stats
from pillarbox.stats.model import day_of
from pillarbox.storage.tx import Tx
from pillarbox.users.store import audit, sessions
from pillarbox.webhooks.store import webhooks

EVERY = timedelta(hours=1)
FOLDED_AFTER = timedelta(days=2)
"""By then nobody but late hits counts for a day any more."""
MINUTES_KEPT = timedelta(days=2)
AUDIT_KEPT = timedelta(days=365)
STEP = 1000
PAUSE_S = 0.01

Step = Callable[[Tx], int]
"""Does some of the work; how many rows it found."""


async def tidy(app: App) -> None:
    """Do all of it, in steps small enough that other work gets its turn between them."""
    for step in STEPS:
        await _repeat(app, step)


async def _repeat(app: App, step: Step) -> None:
    while True:
        if not await app.db.write(step):
            return
        await asyncio.sleep(PAUSE_S)


def _fold(fold: Callable[[Tx, int, int], int], tx: Tx) -> int:
    return fold(tx, day_of(tx.now - FOLDED_AFTER), STEP)


def _forget_minutes(tx: Tx) -> int:
    return webhooks.delete_minutes(tx, before=tx.now - MINUTES_KEPT, limit=STEP)


def _forget_sessions(tx: Tx) -> int:
    return sessions.delete_over(tx, STEP)


def _forget_deeds(tx: Tx) -> int:
    return audit.delete_old(tx, before=tx.now - AUDIT_KEPT, limit=STEP)


STEPS: tuple[Step, ...] = (
    partial(_fold, stats.fold_sent),
    partial(_fold, stats.fold_counts),
    _forget_minutes,
    _forget_sessions,
    _forget_deeds,
)
