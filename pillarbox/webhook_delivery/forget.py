"""The chore that deletes calls which are over and old, with what was said and answered, in small steps."""

import asyncio
from datetime import timedelta

from pillarbox.app import App
from pillarbox.webhooks.store import log

EVERY = timedelta(minutes=10)
STEP = 500
PAUSE_S = 0.01


async def forget(app: App) -> None:
    """Delete what is older than WEBHOOKS_LOG_DAYS, and never kept longer than messages are."""
    config = app.config
    kept = timedelta(days=min(config.webhooks_log_days, config.retention_days))
    while True:
        if not await app.db.write(lambda tx: log.delete_old(tx, tx.now - kept, STEP)):
            return
        await asyncio.sleep(PAUSE_S)
