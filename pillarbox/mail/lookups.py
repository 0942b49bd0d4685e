"""DNS for libraries that ask in plain functions: in a thread, through the resolver of the event loop, with an end.

Not for code of our own, which awaits mail/dns.py.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import TimeoutError as TooLate
from typing import Any, TypeVar

from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver

T = TypeVar("T")


class Lookups:
    """Answers of the resolver, for one mail, in a thread that is not the event loop's.

    A name that does not exist has no records. Raises DnsFailure, also once the time is up.
    """

    def __init__(
        self, resolver: Resolver, loop: asyncio.AbstractEventLoop, within_s: float
    ) -> None:
        self._resolver = resolver
        self._loop = loop
        self._until = time.monotonic() + within_s

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
        left = self._until - time.monotonic()
        answer = asyncio.run_coroutine_threadsafe(question, self._loop)
        try:
            return answer.result(max(0.0, left))
        except TooLate:
            answer.cancel()
            raise DnsFailure("out of time") from None
