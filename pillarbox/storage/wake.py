"""Waking roles the moment there is work for them, instead of letting them poll.

Inside a process a topic is a flag with hints (for delivery: the lanes that got mail). Between nodes the same
topics travel by PostgreSQL's NOTIFY, a few times a second at most, because each NOTIFY takes a lock that
all committing transactions share. Whoever waits gives a time-out: waking is a hurry-up, the database stays
the truth.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol


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


class Taker(Protocol):
    """Takes what committed transactions of this process hand over for a topic."""

    def arrive(self, items: Sequence[Any], /) -> None:
        """Take items; called in the event loop's thread."""
        ...


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
        self.takers: dict[str, Taker] = {}

    def subscribe(self, topic: str) -> Subscription:
        """Listen to a topic from now on."""
        subscription = Subscription()
        self._topics.setdefault(topic, []).append(subscription)
        return subscription

    def unsubscribe(self, topic: str, subscription: Subscription) -> None:
        """Stop listening."""
        self._topics[topic].remove(subscription)

    def notify(
        self, hints_by_topic: dict[str, set[str]], handed: Mapping[str, Sequence[Any]]
    ) -> None:
        """Hand over, wake the listeners of this process at once, and those of other nodes soon."""
        for topic, items in handed.items():
            self.takers[topic].arrive(items)
        for topic, hints in hints_by_topic.items():
            self.arrived(topic, hints)
        if self.remote is not None and hints_by_topic:
            self.remote.send(set(hints_by_topic))

    def arrived(self, topic: str, hints: Iterable[str] = ()) -> None:
        """Wake only the listeners of this process."""
        for subscription in self._topics.get(topic, ()):
            subscription.arrive(hints)
