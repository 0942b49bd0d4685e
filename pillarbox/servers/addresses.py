"""Which addresses take mail in for a Server: an in-process copy, so that a recipient costs no query.

What was asked for is remembered for some seconds, also that there is none; everything is forgotten when the topic
`servers` wakes (any change, on any node).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pillarbox.servers.store import inboxes
from pillarbox.servers.store.inboxes import Inbox
from pillarbox.servers.store.tables import TOPIC
from pillarbox.storage.db import Database

KEEP_S = 10.0
MAX_ENTRIES = 50_000

__all__ = ["Inbox", "Inboxes", "Known"]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an address: its inbox, or that there is none."""

    inbox: Inbox | None


class Inboxes:
    """Finds inboxes by inbound hash or inbound domain."""

    def __init__(self, db: Database, *, monotonic: Callable[[], float]) -> None:
        self._db = db
        self._monotonic = monotonic
        self._changes = db.wake.subscribe(TOPIC)
        self._entries: dict[str, tuple[float, Known]] = {}

    def known(self, names: Sequence[str]) -> Known | None:
        """What is remembered under these names; None: it must be looked up."""
        if self._changes.is_set:
            self._changes.take()
            self._entries.clear()
        until, known = self._entries.get(names[0], (0.0, None))
        return known if until > self._monotonic() else None

    async def find(self, names: Sequence[str]) -> Inbox | None:
        """The inbox of the first name that has one.

        A name is an inbound hash, or a domain in lower case; a wildcard begins with `*.`.
        """
        known = self.known(names)
        if known is None:
            known = Known(await self._db.read(lambda tx: inboxes.find(tx, names)))
            if len(self._entries) >= MAX_ENTRIES:
                self._entries.clear()
            self._entries[names[0]] = (self._monotonic() + KEEP_S, known)
        return known.inbox
