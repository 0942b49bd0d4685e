"""Who a token belongs to: an in-process directory in front of the store, so that a request costs no query.

It forgets everything when the topic `servers` wakes (any change of Servers, streams or tokens, on any node), and
each entry after a few seconds, should a wake get lost.
"""

from collections.abc import Callable

from pillarbox.ids import ServerId, is_token
from pillarbox.servers.model import Server, SmtpToken
from pillarbox.servers.store import servers, tokens
from pillarbox.servers.store.tables import TOPIC
from pillarbox.storage.db import Database

KEEP_S = 5.0
MAX_ENTRIES = 10_000

Entries = dict[int | str, tuple[float, Server]]


class Directory:
    """Looks tokens up; remembers Servers for a few seconds."""

    def __init__(self, db: Database, *, monotonic: Callable[[], float]) -> None:
        self._db = db
        self._monotonic = monotonic
        self._changes = db.wake.subscribe(TOPIC)
        self._by_token: Entries = {}
        self._by_id: Entries = {}

    async def server_by_token(self, token: str) -> Server | None:
        """The Server of an API token, in any case; None for anything else."""
        token = token.strip().lower()
        known = self._known(self._by_token, token)
        if known or not is_token(token):
            return known
        server = await self._db.read(lambda tx: servers.find_by_token(tx, token))
        return self._remember(self._by_token, token, server)

    async def server(self, server_id: ServerId) -> Server | None:
        """The Server with this id."""
        known = self._known(self._by_id, server_id)
        if known:
            return known
        server = await self._db.read(lambda tx: servers.find(tx, server_id))
        return self._remember(self._by_id, server_id, server)

    async def is_account_token(self, token: str) -> bool:
        """Whether this is a token of the account."""
        token = token.strip().lower()
        if not is_token(token):
            return False
        return await self._db.read(lambda tx: tokens.is_account_token(tx, token))

    async def smtp_token(self, access_key: str) -> SmtpToken | None:
        """The SMTP credentials of an access key."""
        return await self._db.read(lambda tx: tokens.find_smtp_token(tx, access_key))

    def _known(self, entries: Entries, key: int | str) -> Server | None:
        if self._changes.is_set:
            self._changes.take()
            self._by_token.clear()
            self._by_id.clear()
        until, server = entries.get(key, (0.0, None))
        return server if until > self._monotonic() else None

    def _remember(self, entries: Entries, key: int | str, server: Server | None) -> Server | None:
        if server is not None:
            if len(entries) >= MAX_ENTRIES:
                entries.clear()
            entries[key] = (self._monotonic() + KEEP_S, server)
        return server
