"""Verifying a domain: what it should publish is looked for in DNS.

look (network) -> settle (transaction). A record that DNS cannot tell about (time-out, SERVFAIL) changes nothing. A
DKIM key that was found once stays verified for good; an alias counts for as long as it is there.
Source: spec domains-and-signatures 1.3, 1.4, 2.6 to 2.8.
"""

import asyncio
import re
from dataclasses import dataclass, replace

from pillarbox.config import Config
from pillarbox.domains import keys, store
from pillarbox.domains.model import Alias, Domain, KeyState
from pillarbox.errors import Problem
from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver
from pillarbox.storage.tx import Tx

MAX_CHAIN = 5
MAX_RECORD = 4096
_PUBLIC = re.compile(r"(?:^|;)\s*p\s*=\s*([^;]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What DNS shows: True or False, None for what was not asked or could not be found out."""

    dkim: bool | None = None
    return_path: bool | None = None
    tracking: bool | None = None


async def look(resolver: Resolver, config: Config, domain: Domain) -> Seen:
    """Look for everything that a domain should publish. Refuses DKIM_BROKEN."""
    dkim, return_path, tracking = await asyncio.gather(
        see_dkim(resolver, domain),
        see_return_path(resolver, config, domain),
        see_tracking(resolver, config, domain),
    )
    return Seen(dkim=dkim, return_path=return_path, tracking=tracking)


async def see_return_path(resolver: Resolver, config: Config, domain: Domain) -> bool | None:
    """Whether the domain's Return-Path host leads here; None also when it has none."""
    return await see_alias(resolver, domain.return_path.host, config.return_path_host)


async def see_tracking(resolver: Resolver, config: Config, domain: Domain) -> bool | None:
    """Whether the domain's tracking host leads here; None also when it has none."""
    return await see_alias(resolver, domain.tracking.host, config.tracking_host)


async def see_dkim(resolver: Resolver, domain: Domain) -> bool | None:
    """Whether DNS shows the pending key; None also when no key is pending.

    Refuses DKIM_BROKEN for a key that cannot be read.
    """
    pending = domain.keys.get(KeyState.PENDING)
    if pending is None:
        return None
    keys.check_readable(pending, Problem.DKIM_BROKEN)
    return await see_key(resolver, pending.host, keys.record(pending))


async def see_key(resolver: Resolver, host: str, record: str) -> bool | None:
    """Whether DNS shows this public key under this name."""
    resolver.forget(host)
    try:
        texts = await resolver.txt(host)
    except NoSuchDomain:
        return False
    except DnsFailure:
        return None
    wanted = public_key(record)
    return bool(wanted) and any(public_key(text[:MAX_RECORD]) == wanted for text in texts)


async def see_alias(resolver: Resolver, host: str, target: str) -> bool | None:
    """Whether a host is an alias of the target, directly or by a few steps; None also without a host."""
    if not host:
        return None
    try:
        names = await follow(resolver, host, target, is_fresh=True)
    except NoSuchDomain:
        return False
    except DnsFailure:
        return None
    return bool(names) and names[-1] == target


async def follow(
    resolver: Resolver, host: str, target: str, *, is_fresh: bool = False
) -> list[str]:
    """The names that a host is an alias of, one after the other, up to the target.

    `is_fresh`: the servers are asked, whatever is remembered. Raises NoSuchDomain when the host itself does not
    exist, DnsFailure.
    """
    names: list[str] = []
    while len(names) < MAX_CHAIN and (not names or names[-1] != target):
        name = names[-1] if names else host
        if is_fresh:
            resolver.forget(name)
        try:
            alias = await resolver.cname(name)
        except NoSuchDomain:
            if not names:
                raise
            break
        if alias is None:
            break
        names.append(alias)
    return names


def is_news(domain: Domain, seen: Seen) -> bool:
    """Whether DNS showed something that `settle` would write down."""
    aliases = ((domain.return_path, seen.return_path), (domain.tracking, seen.tracking))
    return bool(seen.dkim) or any(
        _judged(alias, alias, shown) is not None for alias, shown in aliases
    )


def settle(tx: Tx, domain: Domain, seen: Seen) -> Domain:
    """Write down what DNS showed of a domain as it was when DNS was asked; the domain as it stands now.

    Refuses DOMAIN_NOT_FOUND.
    """
    now = store.get(tx, domain.id)
    pending, asked = now.keys.get(KeyState.PENDING), domain.keys.get(KeyState.PENDING)
    if seen.dkim and pending is not None and pending == asked:
        store.activate_key(tx, domain.id)
    return_path = _judged(now.return_path, domain.return_path, seen.return_path)
    tracking = _judged(now.tracking, domain.tracking, seen.tracking)
    store.set_aliases(tx, domain.id, return_path=return_path, tracking=tracking)
    if any(alias is not None and not alias.is_verified for alias in (return_path, tracking)):
        store.mark_changed(tx, domain.id)
    return store.get(tx, domain.id)


def _judged(now: Alias, asked: Alias, seen: bool | None) -> Alias | None:
    """The alias as it is known to be now; None when nothing changes."""
    if seen is None or now.host != asked.host or now.is_verified is seen:
        return None
    return replace(now, is_verified=seen)


def public_key(record: str) -> str:
    """The p= value of a DKIM record without white space, "" when there is none (RFC 6376 section 3.6.1)."""
    found = _PUBLIC.search(record)
    return re.sub(r"\s", "", found.group(1)) if found else ""
