"""Packs the subjects of messages into blocks, so that they are found quickly (see outbound/store/blocks).

The newest messages are left alone: a message becomes visible a moment after its key was made, and must not end up
behind what is packed.

every minute: streams with enough messages -> block by block, each in a transaction
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from pillarbox.app import App
from pillarbox.ids import first_key
from pillarbox.outbound.store import blocks
from pillarbox.storage.tx import Tx

EVERY = timedelta(minutes=1)
LEFT_ALONE = timedelta(minutes=2)
PAUSE_S = 0.05


async def pack(app: App) -> None:
    """Pack all messages that are old enough, as far as they fill blocks."""
    before = first_key(app.clock.now() - LEFT_ALONE)
    due = await app.db.read(partial(blocks.list_due, before=before))
    for server_id, stream_key in due:
        step = partial(blocks.pack_next, server_id=server_id, stream_key=stream_key, before=before)
        await _repeat(app, step)


async def _repeat(app: App, step: Callable[[Tx], bool]) -> None:
    while True:
        if not await app.db.write(step):
            return
        await asyncio.sleep(PAUSE_S)
