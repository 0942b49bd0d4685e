"""DNS for libraries that ask in plain functions: in a thread, through the resolver of the event loop, with an end.

Not for code of our own, which awaits mail/dns.py.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from typing import Any, TypeVar

from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver

T = TypeVar("T")


class Patience:
    """How long mails may wait for name servers, all of them together in mind.

    One mail waits for at most `within_s`. Beyond `soon_s` of waiting only `most` may go on at a time: strangers
    whose name servers are silent then hold up few threads, and mail of others is checked meanwhile.
    """

    def __init__(self, *, within_s: float, soon_s: float, most: int) -> None:
        self.within_s = within_s
        self.soon_s = soon_s
        self.places = threading.BoundedSemaphore(most)


class Lookups:
    """Answers of the resolver, for one mail, in a thread that is not the event loop's; its time runs from now on.

    A name that does not exist has no records. Raises DnsFailure, also once the time is up.
    """

    def __init__(
        self, resolver: Resolver, loop: asyncio.AbstractEventLoop, patience: Patience
    ) -> None:
        self._resolver = resolver
        self._loop = loop
        self._places = patience.places
        now = time.monotonic()
        self._soon = now + patience.soon_s
        self._until = now + patience.within_s

    def txt(self, name: str) -> list[str]:
        """Text records, the strings of each joined."""
        return self._ask(name, "TXT", self._resolver.txt)

    def addresses(self, name: str) -> list[str]:
        """IPv4 and IPv6 addresses."""
        return self._ask(name, "", self._resolver.addresses)

    def mx(self, name: str) -> list[tuple[int, str]]:
        """Mail exchangers with their preference."""
        return self._ask(name, "MX", self._resolver.mx)

    def ptr(self, ip: str) -> list[str]:
        """The names of an address."""
        return self._ask(ip, "", self._resolver.ptr)

    def expect_txt(self, names: Iterable[str]) -> None:
        """Have these names asked for at once: whoever asks for them next waits for what is under way."""
        unknown = [name for name in names if not self._is_remembered(name)]
        if unknown:
            asyncio.run_coroutine_threadsafe(_asked(self._resolver, unknown), self._loop)

    def _is_remembered(self, name: str) -> bool:
        try:
            return self._resolver.remembered(name, "TXT") is not None
        except (DnsFailure, NoSuchDomain):
            return True

    def _ask(
        self, name: str, kind: str, question: Callable[[str], Coroutine[Any, Any, list[T]]]
    ) -> list[T]:
        """What the resolver remembers, without a turn of the event loop; else what it is answered."""
        try:
            known = self._resolver.remembered(name, kind)
            return self._wait(question(name)) if known is None else known
        except NoSuchDomain:
            return []

    def _wait(self, question: Coroutine[Any, Any, list[T]]) -> list[T]:
        answer = asyncio.run_coroutine_threadsafe(question, self._loop)
        try:
            return self._result(answer)
        except TooLate:
            answer.cancel()
            raise DnsFailure("out of time") from None

    def _result(self, answer: Future[list[T]]) -> list[T]:
        """The answer, if it comes in time. Raises TooLate."""
        try:
            return answer.result(max(0.0, self._soon - time.monotonic()))
        except TooLate:
            if not self._places.acquire(blocking=False):
                raise
        try:
            return answer.result(max(0.0, self._until - time.monotonic()))
        finally:
            self._places.release()


async def _asked(resolver: Resolver, names: Iterable[str]) -> None:
    """Answers and failures alike are told to whoever asks for them."""
    await asyncio.gather(*map(resolver.txt, names), return_exceptions=True)
