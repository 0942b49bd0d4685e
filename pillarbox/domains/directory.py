"""Who may send and what signs for them: an in-process copy, so that a message costs no query.

Domains and signatures are read when they are first asked for. Everything is forgotten when the topic `domains`
wakes (any change, on any node), and each entry after a few seconds, should a wake get lost.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pillarbox.config import Config
from pillarbox.domains import signatures, store
from pillarbox.domains.model import DkimKey, Domain, KeyState, Signature, Standing
from pillarbox.storage.db import Database
from pillarbox.storage.tx import Tx

KEEP_S = 10.0
MAX_ENTRIES = 10_000

T = TypeVar("T")
Entries = dict[str, tuple[float, T | None]]


@dataclass(frozen=True, slots=True)
class Origin:
    """What stands behind mail from a domain: the key that signs, if any, and where bounces go.

    `tracking_host` is where its pixels and links are answered, "" for the usual place.
    """

    key: DkimKey | None
    return_path_host: str
    tracking_host: str = ""


class Domains:
    """Looks domains and signatures up; remembers them, and that there is none, for a few seconds."""

    def __init__(self, db: Database, *, monotonic: Callable[[], float]) -> None:
        self._db = db
        self._monotonic = monotonic
        self._changes = db.wake.subscribe(store.TOPIC)
        self._domains: Entries[Domain] = {}
        self._signatures: Entries[Signature] = {}
        self._replies: tuple[float, dict[str, str]] = (0.0, {})

    async def standing(self, email: str, domain: str) -> Standing:
        """Whether an address may be a sender: its domain is verified, or its owner has confirmed.

        Source: spec domains-and-signatures 4.
        """
        known = await self._domain(domain.lower())
        if known is not None and known.is_verified:
            return Standing.GOOD
        signature = await self._look(self._signatures, email.lower(), signatures.find)
        if signature is None:
            return Standing.UNKNOWN
        return Standing.GOOD if signature.is_confirmed else Standing.UNCONFIRMED

    async def origin(self, domain: str, config: Config) -> Origin:
        """How mail from a domain leaves.

        Signed with its active key; without one, with that of the domain this installation itself stands in.
        Bounces go to its own Return-Path host while that is verified, pixels and links to its tracking host.
        Source: spec domains-and-signatures 1.3 and 4.
        """
        known = await self._domain(domain.lower())
        key = _active(known)
        if key is None:
            key = await self._platform_key(config.hostname.lower())
        return _origin(known, key, config)

    async def reply_addresses(self) -> dict[str, str]:
        """The Reply-To addresses of the signatures that have one, by the key of their own address."""
        self._forget()
        until, replies = self._replies
        if self._monotonic() >= until:
            replies = await self._db.read(signatures.reply_addresses)
            self._replies = (self._monotonic() + KEEP_S, replies)
        return replies

    async def _platform_key(self, hostname: str) -> DkimKey | None:
        """The key of the host's own domain, or of the nearest one above it."""
        name = hostname
        while "." in name:
            key = _active(await self._domain(name))
            if key is not None:
                return key
            name = name.partition(".")[2]
        return None

    async def _domain(self, name: str) -> Domain | None:
        return await self._look(self._domains, name, store.find)

    async def _look(
        self, entries: Entries[T], name: str, find: Callable[[Tx, str], T | None]
    ) -> T | None:
        self._forget()
        until, found = entries.get(name, (0.0, None))
        if self._monotonic() < until:
            return found
        found = await self._db.read(lambda tx: find(tx, name))
        if len(entries) >= MAX_ENTRIES:
            entries.clear()
        entries[name] = (self._monotonic() + KEEP_S, found)
        return found

    def _forget(self) -> None:
        """Forget everything when something has changed."""
        if self._changes.is_set:
            self._changes.take()
            self._domains.clear()
            self._signatures.clear()
            self._replies = (0.0, {})


def origin_in(tx: Tx, domain: str, config: Config) -> tuple[Domain | None, Origin]:
    """A domain and how its mail leaves, as `Domains.origin` says, from the database itself: for who looks once."""
    known = store.find(tx, domain.lower())
    key, name = _active(known), config.hostname.lower()
    while key is None and "." in name:
        key, name = _active(store.find(tx, name)), name.partition(".")[2]
    return known, _origin(known, key, config)


def _origin(known: Domain | None, key: DkimKey | None, config: Config) -> Origin:
    if known is None:
        return Origin(key, config.return_path_host)
    return Origin(
        key,
        known.return_path.host if known.return_path.is_verified else config.return_path_host,
        known.tracking.host if known.tracking.is_verified else "",
    )


def _active(domain: Domain | None) -> DkimKey | None:
    return None if domain is None else domain.keys.get(KeyState.ACTIVE)
