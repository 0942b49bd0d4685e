"""Sending domains. Source: spec domains-and-signatures 1 and 2."""

import asyncio
from collections.abc import Awaitable, Callable

from pillarbox.api.callers import AccountCall
from pillarbox.api.endpoint import Group
from pillarbox.domains import keys, model, register, store, verify
from pillarbox.domains.verify import Seen
from pillarbox.errors import Problem
from pillarbox.wire.base import Done
from pillarbox.wire.domains import (
    Domain,
    DomainChanges,
    DomainPage,
    Domains,
    DomainSummary,
    NewDomain,
    SpfFacts,
    View,
)

group = Group("Domains", docs="spec domains-and-signatures 2", not_found=Problem.DOMAIN_NOT_FOUND)


@group.get("/domains")
def list_domains(call: AccountCall, query: DomainPage) -> Domains:
    """The sending domains, by name."""
    total, found = store.page(call.tx, **query.page())
    return Domains(total, [DomainSummary.of(domain) for domain in found])


@group.post("/domains", no_body=Problem.DOMAIN_NO_DATA)
async def create_domain(call: AccountCall, body: NewDomain) -> Domain:
    """Register a domain; its DKIM key waits for its DNS record.

    Refuses DOMAIN_NAME_MISSING, DOMAIN_NAME_TOO_LONG, DOMAIN_NAME_INVALID, DOMAIN_PUBLIC, DOMAIN_EXISTS,
    SENDER_FIELD_TOO_LONG, RETURN_PATH_INVALID, TRACKING_INVALID.
    """
    name, aliases = body.to_name(), body.to_aliases()
    register.check_aliases(name, aliases)
    await call.app.db.read(lambda tx: register.check_free(tx, name))
    pem = await asyncio.to_thread(keys.new_pem)
    domain = await call.app.db.write(
        lambda tx: register.edit(tx, register.create(tx, name, pem), aliases)
    )
    return Domain.of(domain, view(call))


@group.get("/domains/{domain_id}")
def get_domain(call: AccountCall, domain_id: int) -> Domain:
    """One domain with the DNS records it should have.

    Refuses DOMAIN_NOT_FOUND.
    """
    return Domain.of(store.get(call.tx, domain_id), view(call))


@group.put("/domains/{domain_id}", no_body=Problem.DOMAIN_NO_DATA)
def edit_domain(call: AccountCall, domain_id: int, body: DomainChanges) -> Domain:
    """Set or clear the Return-Path and the tracking host of a domain.

    Refuses DOMAIN_NOT_FOUND, SENDER_FIELD_TOO_LONG, RETURN_PATH_INVALID, TRACKING_INVALID.
    """
    domain = store.get(call.tx, domain_id)
    return Domain.of(register.edit(call.tx, domain, body.to_aliases()), view(call))


@group.delete("/domains/{domain_id}")
def delete_domain(call: AccountCall, domain_id: int) -> Done:
    """Remove a domain with its keys; sender signatures at it stay.

    Refuses DOMAIN_NOT_FOUND.
    """
    domain = store.get(call.tx, domain_id)
    store.delete_domain(call.tx, domain_id)
    return Done(0, f"Domain {domain.name} removed.")


@group.put("/domains/{domain_id}/verifydkim")
async def verify_dkim(call: AccountCall, domain_id: int) -> Domain:
    """Look for the DNS record of the key that waits; once found, it signs.

    Refuses DOMAIN_NOT_FOUND, DKIM_BROKEN.
    """

    async def look(domain: model.Domain) -> Seen:
        return Seen(dkim=await verify.see_dkim(call.app.resolver, domain))

    return await _verify(call, domain_id, look)


@group.put("/domains/{domain_id}/verifyreturnpath")
async def verify_return_path(call: AccountCall, domain_id: int) -> Domain:
    """Look for the CNAME of the Return-Path host; once found, mail uses it.

    Refuses DOMAIN_NOT_FOUND.
    """
    app = call.app

    async def look(domain: model.Domain) -> Seen:
        return Seen(return_path=await verify.see_return_path(app.resolver, app.config, domain))

    return await _verify(call, domain_id, look)


@group.put("/domains/{domain_id}/verifycustomtracking")
async def verify_custom_tracking(call: AccountCall, domain_id: int) -> Domain:
    """Look for the CNAME of the tracking host.

    Refuses DOMAIN_NOT_FOUND.
    """
    app = call.app

    async def look(domain: model.Domain) -> Seen:
        return Seen(tracking=await verify.see_tracking(app.resolver, app.config, domain))

    return await _verify(call, domain_id, look)


@group.post("/domains/{domain_id}/verifyspf")
def verify_spf(call: AccountCall, domain_id: int) -> SpfFacts:
    """Count SPF as verified (deprecated: nothing depends on it).

    Refuses DOMAIN_NOT_FOUND.
    """
    domain = store.get(call.tx, domain_id)
    store.mark_spf_verified(call.tx, domain_id)
    return SpfFacts(SPFHost=domain.name, SPFVerified=True, SPFTextValue=view(call).spf_text)


@group.post("/domains/{domain_id}/rotatedkim")
async def rotate_dkim(call: AccountCall, domain_id: int) -> Domain:
    """Give a domain a new DKIM key; the old one signs until DNS shows the new.

    Refuses DOMAIN_NOT_FOUND, DKIM_IN_RENEWAL, DKIM_NOT_RENEWABLE.
    """
    db = call.app.db
    await db.read(lambda tx: register.check_renewable(store.get(tx, domain_id)))
    pem = await asyncio.to_thread(keys.new_pem)
    return Domain.of(await db.write(lambda tx: register.rotate(tx, domain_id, pem)), view(call))


def view(call: AccountCall) -> View:
    """How this installation shows domains now."""
    return View(call.app.config, call.app.clock.now())


async def _verify(
    call: AccountCall, domain_id: int, look: Callable[[model.Domain], Awaitable[Seen]]
) -> Domain:
    """Read, ask DNS, write down what it showed."""
    db = call.app.db
    domain = await db.read(lambda tx: store.get(tx, domain_id))
    seen = await look(domain)
    return Domain.of(await db.write(lambda tx: verify.settle(tx, domain, seen)), view(call))
