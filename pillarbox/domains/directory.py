"""Which domains may send and what signs for them: an in-process copy, dropped when the topic `domains` wakes."""

import asyncio
from collections.abc import Callable

from pillarbox.domains import store
from pillarbox.domains.model import DkimKey, Domain, KeyState
from pillarbox.storage.db import Database

KEEP_S = 10.0


class Domains:
    """All sending domains, read once and again after every change."""

    def __init__(self, db: Database, *, monotonic: Callable[[], float]) -> None:
        self._db = db
        self._monotonic = monotonic
        self._changes = db.wake.subscribe(store.TOPIC)
        self._until = 0.0
        self._by_name: dict[str, Domain] = {}
        self._lock = asyncio.Lock()

    async def is_verified(self, name: str) -> bool:
        """Whether any address of this domain may be a sender."""
        await self._refresh()
        domain = self._by_name.get(name.lower())
        return domain is not None and domain.is_verified

    async def signing_key(self, name: str) -> DkimKey | None:
        """The key that signs mail from this domain: the active one, or while none was verified the pending one."""
        await self._refresh()
        domain = self._by_name.get(name.lower())
        if domain is None:
            return None
        return domain.keys.get(KeyState.ACTIVE) or domain.keys.get(KeyState.PENDING)

    async def _refresh(self) -> None:
        if not self._changes.is_set and self._monotonic() < self._until:
            return
        async with self._lock:
            self._changes.take()
            domains = await self._db.read(store.list_domains)
            self._by_name = {domain.name: domain for domain in domains}
            self._until = self._monotonic() + KEEP_S
