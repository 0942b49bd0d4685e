"""DNS lookups with a cache of our own, shared by everything that asks in one process.

Not for deciding where mail goes (mail/mx.py) nor which addresses are allowed (mail/egress.py).
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Any

import aiodns
import pycares
from aiodns.error import ARES_EBADNAME, ARES_ENODATA, ARES_ENOTFOUND

_CACHE_SIZE = 20_000
_TTL_MIN_S, _TTL_MAX_S = 5, 3600
_NEGATIVE_S = 60
_FAILURE_S = 5  # long enough that a burst of mail for a broken domain waits for it once
_MAX_RECORDS = 500

_Key = tuple[str, str]


class NoSuchDomain(Exception):
    """The name does not exist (NXDOMAIN), or could not exist: permanent."""


class DnsFailure(Exception):
    """No usable answer: SERVFAIL, time-out, refused, nobody there. Temporary."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one question led to; error is set instead of values."""

    until: float
    values: tuple[Any, ...] = ()
    error: type[Exception] | None = None


class Resolver:
    """Asks the given servers, or the system's; remembers answers for their time to live.

    servers: "host" or "host:port" (IPv6 as "[::1]:53"). One server gets `tries` chances of about
    `timeout_s` each; nothing waits longer than all of them together. Belongs to the event loop of
    its first question.
    """

    def __init__(
        self,
        servers: Sequence[str] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
        timeout_s: float = 3.0,
        tries: int = 2,
    ) -> None:
        self._servers = list(servers)
        self._clock = clock
        self._timeout_s = timeout_s
        self._tries = tries
        self._channel: aiodns.DNSResolver | None = None
        self._cache: dict[_Key, _Entry] = {}
        self._pending: dict[_Key, asyncio.Future[_Entry]] = {}

    async def mx(self, name: str) -> list[tuple[int, str]]:
        """The mail exchangers as (preference, lower-case name); [] if there are none.

        The name of a null MX (RFC 7505) is "".

        Raises NoSuchDomain, DnsFailure.
        """
        return await self._values(name, "MX")

    async def addresses(self, name: str) -> list[str]:
        """IPv4 and IPv6 addresses in turn, IPv4 first; [] if the name has none.

        A broken answer for one family does not matter as long as the other has addresses.

        Raises NoSuchDomain: for both families. DnsFailure: no addresses, and a lookup failed.
        """
        pending = [self._ask(name, "A"), self._ask(name, "AAAA")]
        four, six = [await _entry(answer) for answer in pending]
        pairs = zip_longest(four.values, six.values)
        found = [ip for ip in chain.from_iterable(pairs) if ip is not None]
        if found:
            return found
        errors = {four.error, six.error}
        if DnsFailure in errors:
            raise DnsFailure(name)
        if errors == {NoSuchDomain}:
            raise NoSuchDomain(name)
        return []

    async def txt(self, name: str) -> list[str]:
        """Text records, the strings of each joined; octets that are not UTF-8 become U+FFFD.

        Raises NoSuchDomain, DnsFailure.
        """
        return await self._values(name, "TXT")

    async def cname(self, name: str) -> str | None:
        """The name this one is an alias of, lower-case, or None.

        Raises NoSuchDomain, DnsFailure.
        """
        found = await self._values(name, "CNAME")
        return found[0] if found else None

    async def ptr(self, ip: str) -> list[str]:
        """The names an address has in the reverse tree, lower-case; [] if none.

        Raises NoSuchDomain, DnsFailure; ValueError: not an address.
        """
        return await self._values(ip_address(ip).reverse_pointer, "PTR")

    def remembered(self, name: str, kind: str) -> list[Any] | None:
        """What a question of this kind (TXT, MX…) would be answered with at once; None when it must be asked.

        Unlike everything else here, any thread may call it. Raises NoSuchDomain, DnsFailure.
        """
        entry = self._cache.get((_name(name), kind))
        if entry is None or self._clock() >= entry.until:
            return None
        if entry.error is not None:
            raise entry.error(name)
        return list(entry.values)

    def forget(self, name: str) -> None:
        """Drop what is remembered about a name, so that a person's "check again" asks the servers."""
        for kind in _READERS:
            self._cache.pop((_name(name), kind), None)

    async def close(self) -> None:
        """Give up what is being asked and free the sockets. Questions asked later start anew."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()
        for answer in list(self._pending.values()):
            _give_up(answer)

    async def _values(self, name: str, kind: str) -> list[Any]:
        entry = await _entry(self._ask(name, kind))
        if entry.error is not None:
            raise entry.error(name)
        return list(entry.values)

    def _ask(self, name: str, kind: str) -> "_Entry | asyncio.Future[_Entry]":
        """What the cache knows, or the answer under way, started now if nobody asked yet."""
        key = (_name(name), kind)
        entry = self._cache.get(key)
        if entry is not None and self._clock() < entry.until:
            return entry
        answer = self._pending.get(key)
        return self._start(key) if answer is None else answer

    def _start(self, key: _Key) -> "_Entry | asyncio.Future[_Entry]":
        name, kind = key
        if "\0" in name:  # would end the name early on its way into the library
            return _Entry(0, error=NoSuchDomain)
        loop = asyncio.get_running_loop()
        try:
            query = self._open(loop).query_dns(name, kind)
        except (UnicodeError, RuntimeError):  # no way to put this name into a question
            return _Entry(0, error=NoSuchDomain)
        answer: asyncio.Future[_Entry] = loop.create_future()
        self._pending[key] = answer
        limit = self._timeout_s * self._tries * max(1, len(self._servers)) + 0.5
        timer = loop.call_later(limit, _give_up, answer)
        answer.add_done_callback(partial(self._settle, key, timer))
        query.add_done_callback(partial(self._learn, kind, answer))
        return answer

    def _open(self, loop: asyncio.AbstractEventLoop) -> aiodns.DNSResolver:
        if self._channel is None:
            self._channel = aiodns.DNSResolver(
                nameservers=self._servers or None,
                loop=loop,
                timeout=self._timeout_s,
                tries=self._tries,
            )
        return self._channel

    def _learn(
        self,
        kind: str,
        answer: asyncio.Future[_Entry],
        query: asyncio.Future[pycares.DNSResult],
    ) -> None:
        error = None if query.cancelled() else query.exception()
        if answer.done():
            return
        now = self._clock()
        if query.cancelled() or error is not None:
            answer.set_result(_from_error(error, now))
        else:
            answer.set_result(_from_records(query.result().answer, kind, now))

    def _settle(
        self, key: _Key, timer: asyncio.TimerHandle, answer: asyncio.Future[_Entry]
    ) -> None:
        timer.cancel()
        if self._pending.get(key) is answer:
            del self._pending[key]
        entry = answer.result()
        if entry.until == 0:
            entry = _Entry(self._clock() + _FAILURE_S, error=entry.error)
        # Removed first, so that the place in the dictionary is the age.
        self._cache.pop(key, None)
        if len(self._cache) >= _CACHE_SIZE:
            del self._cache[next(iter(self._cache))]
        self._cache[key] = entry


async def _entry(answer: "_Entry | asyncio.Future[_Entry]") -> _Entry:
    if isinstance(answer, _Entry):
        return answer
    # Shielded: one impatient asker must not spoil the answer for the others.
    return await asyncio.shield(answer)


def _give_up(answer: asyncio.Future[_Entry]) -> None:
    if not answer.done():
        answer.set_result(_Entry(0, error=DnsFailure))


def _from_error(error: BaseException | None, now: float) -> _Entry:
    code = error.args[0] if isinstance(error, aiodns.error.DNSError) and error.args else None
    if code == ARES_ENODATA:
        return _Entry(now + _NEGATIVE_S)
    if code in (ARES_ENOTFOUND, ARES_EBADNAME):
        return _Entry(now + _NEGATIVE_S, error=NoSuchDomain)
    return _Entry(now + _FAILURE_S, error=DnsFailure)


def _from_records(records: list[pycares.DNSRecord], kind: str, now: float) -> _Entry:
    """The records of the wanted type; those of a CNAME chain before them only shorten the life."""
    wanted = aiodns.query_type_map[kind]
    read = _READERS[kind]
    values = tuple(read(record.data) for record in records if record.type == wanted)
    if not values:
        return _Entry(now + _NEGATIVE_S)
    ttl = min(record.ttl for record in records)
    return _Entry(now + min(max(ttl, _TTL_MIN_S), _TTL_MAX_S), values[:_MAX_RECORDS])


def _name(text: str | bytes) -> str:
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    return text.lower().removesuffix(".")


_READERS: dict[str, Callable[[Any], Any]] = {
    "A": lambda data: data.addr,
    "AAAA": lambda data: data.addr,
    "MX": lambda data: (data.priority, _name(data.exchange)),
    "TXT": lambda data: data.data.decode("utf-8", "replace"),
    "CNAME": lambda data: _name(data.cname),
    "PTR": lambda data: _name(data.dname),
}
