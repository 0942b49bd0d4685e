"""Where mail for a domain goes: from DNS to the addresses to try, in order.

Caches nothing (the resolver does) and connects to nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from random import Random

from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver
from pillarbox.mail.egress import Egress

_MAX_HOSTS = 5
_MAX_ADDRESSES = 4


class RouteCause(Enum):
    """Why there is no route (spec/bounce-classification.md 4.4)."""

    NO_SUCH_DOMAIN = "no_such_domain"
    NULL_MX = "null_mx"
    DNS_FAILURE = "dns_failure"
    LOOP = "loop"
    NO_ADDRESS = "no_address"

    @property
    def is_permanent(self) -> bool:
        """Whether trying again later is pointless."""
        return self in (RouteCause.NO_SUCH_DOMAIN, RouteCause.NULL_MX)


class NoRoute(Exception):
    """There is nowhere to deliver to. text: in the form of an SMTP reply where the spec has one."""

    def __init__(self, cause: RouteCause, text: str) -> None:
        super().__init__(text)
        self.cause = cause
        self.text = text


@dataclass(frozen=True, slots=True)
class Host:
    """One address to connect to, and the name it was found under."""

    name: str
    ip: str


@dataclass(slots=True)
class Route:
    """The hosts to try, best first; never empty."""

    hosts: list[Host] = field(default_factory=list)


@dataclass(slots=True)
class _Search:
    """Hosts that may be tried, and what stood in the way of others."""

    hosts: list[Host] = field(default_factory=list)
    failed: bool = False
    refused: bool = False

    def add(self, name: str, found: Sequence[str], egress: Egress) -> None:
        permitted = [ip for ip in found if egress.permits(ip)]
        self.refused |= len(permitted) < len(found)
        known = {host.ip for host in self.hosts}
        fresh = [ip for ip in permitted if ip not in known]
        self.hosts += [Host(name, ip) for ip in fresh[:_MAX_ADDRESSES]]


async def route(
    domain: str, *, resolver: Resolver, egress: Egress, own_names: frozenset[str], rng: Random
) -> Route:
    """The hosts that take mail for a domain: at most 5 names with 4 addresses each.

    domain: a name (ASCII form) or an address literal such as `[192.0.2.1]` or `[IPv6:...]`.
    own_names: lower-case names of this installation; an MX at or behind one of them is not tried.
    rng: shuffles equal preferences.

    Raises NoRoute: see RouteCause; also when every address is one that egress refuses (LOOP).
    Source: RFC 5321 section 5.1 (MX, implicit MX, loops), RFC 7505 (null MX).
    """
    if domain.startswith("["):
        return _literal(domain, egress)
    exchangers = await _exchangers(domain, resolver)
    names = _in_order(exchangers, own_names, rng)
    if not names:
        raise NoRoute(RouteCause.LOOP, f"mail for {domain} loops back to myself")
    search = await _search(names, resolver, egress)
    if search.hosts:
        return Route(search.hosts)
    raise _nothing_found(search)


def _literal(domain: str, egress: Egress) -> Route:
    text = domain[1:].removesuffix("]")
    try:
        ip = str(ip_address(text[5:] if text[:5].lower() == "ipv6:" else text))
    except ValueError:
        raise _no_such_domain() from None
    if not domain.endswith("]"):
        raise _no_such_domain()
    if not egress.permits(ip):
        raise _refused()
    return Route([Host(domain, ip)])


async def _exchangers(domain: str, resolver: Resolver) -> list[tuple[int, str]]:
    try:
        found = await resolver.mx(domain)
    except NoSuchDomain:
        # A wrong "no such domain" would suppress good addresses, and there are name servers that
        # say so only because they know no MX: it takes the address lookups to agree.
        found = await _implicit(domain, resolver)
    except DnsFailure as failure:
        raise _dns_failed() from failure
    real = [(preference, name) for preference, name in found if name]
    if found and not real:
        raise NoRoute(RouteCause.NULL_MX, "556 5.1.10 Recipient address has a null MX")
    return real or [(0, domain.lower().removesuffix("."))]


async def _implicit(domain: str, resolver: Resolver) -> list[tuple[int, str]]:
    try:
        await resolver.addresses(domain)
    except NoSuchDomain as none:
        raise _no_such_domain() from none
    except DnsFailure as failure:
        raise _dns_failed() from failure
    return []


def _in_order(
    exchangers: list[tuple[int, str]], own_names: frozenset[str], rng: Random
) -> list[str]:
    own = min((pref for pref, name in exchangers if name in own_names), default=None)
    shuffled = [
        (pref, rng.random(), name) for pref, name in exchangers if own is None or pref < own
    ]
    shuffled.sort()
    return list(dict.fromkeys(name for _, _, name in shuffled))[:_MAX_HOSTS]


async def _search(names: list[str], resolver: Resolver, egress: Egress) -> _Search:
    search = _Search()
    answers: Sequence[list[str] | BaseException]
    answers = await asyncio.gather(*map(resolver.addresses, names), return_exceptions=True)
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, DnsFailure):
            search.failed = True
        elif isinstance(answer, list):
            search.add(name, answer, egress)
        elif not isinstance(answer, NoSuchDomain):
            raise answer
    return search


def _nothing_found(search: _Search) -> NoRoute:
    if search.failed:
        return _dns_failed()
    if search.refused:
        return _refused()
    return NoRoute(
        RouteCause.NO_ADDRESS, "451 4.4.4 unable to route: no mail exchanger has an address"
    )


def _no_such_domain() -> NoRoute:
    text = "550 5.1.2 bad destination system: no such domain"
    return NoRoute(RouteCause.NO_SUCH_DOMAIN, text)


def _dns_failed() -> NoRoute:
    return NoRoute(RouteCause.DNS_FAILURE, "451 4.4.3 DNS lookup failed")


def _refused() -> NoRoute:
    # Private, loopback and reserved addresses: at best ourselves, at worst somebody's intranet.
    text = "451 4.4.4 unable to route: every mail exchanger has a private or reserved address"
    return NoRoute(RouteCause.LOOP, text)
