"""Verifying a domain: its pending DKIM key is looked for in DNS, and signs once it is found there."""

import re

from pillarbox.domains import keys, store
from pillarbox.domains.model import Domain, KeyState
from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver
from pillarbox.storage.db import Database

_PUBLIC = re.compile(r"(?:^|;)\s*p\s*=\s*([^;]*)")


async def verify(db: Database, resolver: Resolver, domain: Domain) -> Domain:
    """Activate the pending key when DNS shows it; the domain as it stands afterwards."""
    pending = domain.keys.get(KeyState.PENDING)
    if pending is not None and await is_published(resolver, pending.host, keys.record(pending)):
        await db.write(lambda tx: store.activate_key(tx, domain.id))
    return await db.read(lambda tx: store.find(tx, domain.name)) or domain


async def is_published(resolver: Resolver, host: str, record: str) -> bool:
    """Whether DNS shows this public key under this name."""
    try:
        texts = await resolver.txt(host)
    except (NoSuchDomain, DnsFailure):
        return False
    return any(public_key(text) == public_key(record) for text in texts)


def public_key(record: str) -> str:
    """The p= value of a DKIM record without white space, "" when there is none (RFC 6376 section 3.6.1)."""
    found = _PUBLIC.search(record)
    return re.sub(r"\s", "", found.group(1)) if found else ""
