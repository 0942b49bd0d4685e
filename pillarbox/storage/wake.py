"""Waking roles the moment there is work for them, instead of letting them poll.

Inside a process a topic is a flag with hints (for delivery: the lanes that got mail). Between nodes the same
topics travel by PostgreSQL's NOTIFY, a few times a second at most, because each NOTIFY takes a lock that
all committing transactions share. Whoever waits gives a time-out: waking is a hurry-up, the database stays
the truth.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Iterable
from typing import Protocol

import psycopg

log = logging.getLogger(__name__)

CHANNEL = "pillarbox"
NOTIFY_EVERY_S = 0.2


class Subscription:
    """One listener's view of a topic: set when something came, with the hints gathered since the last take."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._hints: set[str] = set()

    def arrive(self, hints: Iterable[str]) -> None:
        """Note that there is work."""
        self._hints.update(hints)
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether something arrived since the last take."""
        return self._event.is_set()

    async def wait(self, timeout: float | None) -> None:
        """Return when there is work, or after `timeout` seconds."""
        if timeout is None or timeout > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._event.wait()

    def take(self) -> set[str]:
        """The hints so far; forgets them. An empty set with `wait` returned means: look everywhere."""
        self._event.clear()
        hints, self._hints = self._hints, set()
        return hints


class Remote(Protocol):
    """The way to other nodes."""

    def send(self, topics: set[str]) -> None:
        """Tell the other nodes about topics, soon."""
        ...


class Wake:
    """The topics of this process. All methods belong to the event loop's thread."""

    def __init__(self) -> None:
        self._topics: dict[str, list[Subscription]] = {}
        self.remote: Remote | None = None

    def subscribe(self, topic: str) -> Subscription:
        """Listen to a topic from now on."""
        subscription = Subscription()
        self._topics.setdefault(topic, []).append(subscription)
        return subscription

    def unsubscribe(self, topic: str, subscription: Subscription) -> None:
        """Stop listening."""
        self._topics[topic].remove(subscription)

    def notify(self, hints_by_topic: dict[str, set[str]]) -> None:
        """Wake the listeners of this process at once, and those of other nodes soon."""
        for topic, hints in hints_by_topic.items():
            self.arrived(topic, hints)
        if self.remote is not None:
            self.remote.send(set(hints_by_topic))

    def arrived(self, topic: str, hints: Iterable[str] = ()) -> None:
        """Wake only the listeners of this process."""
        for subscription in self._topics.get(topic, ()):
            subscription.arrive(hints)


class PostgresWake:
    """Carries topics between nodes by LISTEN and NOTIFY."""

    def __init__(self, wake: Wake, conninfo: str) -> None:
        self._wake = wake
        self._conninfo = conninfo
        self._origin = secrets.token_hex(8)
        self._outgoing: set[str] = set()
        self._has_outgoing = asyncio.Event()

    def send(self, topics: set[str]) -> None:
        """Queue topics for the next NOTIFY."""
        self._outgoing |= topics
        self._has_outgoing.set()

    async def run(self) -> None:
        """Listen and notify until cancelled; reconnects by itself when the database was away."""
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._listen())
                    tasks.create_task(self._notify())
            except* (psycopg.Error, OSError) as problems:
                log.warning("wake connection lost", extra={"reason": str(problems.exceptions[0])})
            await asyncio.sleep(1)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True
        ) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            async for notice in connection.notifies():
                origin, _, topic = notice.payload.partition(" ")
                if origin != self._origin:
                    self._wake.arrived(topic)

    async def _notify(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True
        ) as connection:
            while True:
                await self._has_outgoing.wait()
                self._has_outgoing.clear()
                topics, self._outgoing = self._outgoing, set()
                for topic in topics:
                    await connection.execute(
                        "SELECT pg_notify(%s, %s)", (CHANNEL, f"{self._origin} {topic}")
                    )
                await asyncio.sleep(NOTIFY_EVERY_S)
