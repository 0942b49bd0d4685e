"""The chore that looks at DNS by itself: often at what was just published, daily at what is settled.

due domains -> look (network, a few at a time) -> settle (one transaction each), until none is due
"""

import asyncio
import logging

from pillarbox.app import App
from pillarbox.domains import store, verify
from pillarbox.domains.model import Domain
from pillarbox.domains.verify import Seen
from pillarbox.errors import Refused
from pillarbox.storage.tx import Tx

log = logging.getLogger(__name__)

AT_ONCE = 20


async def recheck(app: App) -> None:
    """Look at every domain whose time has come."""
    while domains := await app.db.read(lambda tx: store.due(tx, count=AT_ONCE)):
        await asyncio.gather(*(_recheck(app, domain) for domain in domains))


async def _recheck(app: App, domain: Domain) -> None:
    try:
        seen = await verify.look(app.resolver, app.config, domain)
    except Refused as broken:
        log.error("domain cannot be checked", extra={"domain": domain.name, "why": broken.problem})
        seen = Seen()
    try:
        settled = await app.db.write(lambda tx: _settle(tx, domain, seen))
    except Refused:
        return  # removed meanwhile
    if settled.is_settled and not domain.is_settled:
        log.info("domain verified", extra={"domain": domain.name})
    if domain.return_path.is_verified and not settled.return_path.is_verified:
        log.warning("return path lost", extra={"domain": domain.name})


def _settle(tx: Tx, domain: Domain, seen: Seen) -> Domain:
    settled = verify.settle(tx, domain, seen)
    store.mark_checked(tx, settled)
    return settled
