"""Sending domains: the list, a new one, and one with the DNS records it should have and what DNS shows."""

import asyncio
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.domains import keys, register, store, verify
from pillarbox.domains.model import Domain, KeyState
from pillarbox.domains.records import State, records, state
from pillarbox.domains.survey import Finding, survey
from pillarbox.errors import Refused
from pillarbox.storage.tx import Tx
from pillarbox.web.area import Area
from pillarbox.web.forms import Form
from pillarbox.web.render import wants_piece
from pillarbox.web.visit import Visit, words
from pillarbox.wire.domains import DomainChanges, NewDomain

area = Area("domains")

LIST = "/ui/domains"
PAGE_SIZE = 100
PATIENCE_S = 2.5
"""How long a page waits for DNS; a name server that is slower is asked again by the next look."""
ROUNDS = 24
"""How often an open page looks at DNS by itself, every five seconds, while something is awaited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A record as the page shows it."""

    finding: Finding
    state: State


@area.show(LIST)
async def list_domains(visit: Visit) -> Response:
    """All domains by name, or those with a text in their name."""
    text, offset = visit.query("q"), min(visit.number("offset", digits=7) or 0, 1_000_000)
    total, found = await visit.read(
        lambda tx: store.search(tx, text, count=PAGE_SIZE, offset=offset)
    )
    values = {
        "total": total,
        "found": found,
        "text": text,
        "offset": offset,
        "page_size": PAGE_SIZE,
        "pending": KeyState.PENDING,
    }
    return visit.page("sending/domains.html", values)


@area.show(f"{LIST}/new")
async def new_domain(visit: Visit) -> Response:
    """The form for a new domain."""
    return _new(visit, Form({}))


@area.act(f"{LIST}/new")
async def create_domain(visit: Visit) -> Response:
    """Register a domain; its DKIM key waits for its DNS record."""
    form = visit.form
    wanted = NewDomain(Name=form.line("name"), ReturnPathDomain=form.line("return_path") or None)
    try:
        name, aliases = wanted.to_name(), wanted.to_aliases()
        register.check_aliases(name, aliases)
        await visit.read(lambda tx: register.check_free(tx, name))
        pem = await asyncio.to_thread(keys.new_pem)
        made = await visit.write(
            lambda tx: register.edit(tx, register.create(tx, name, pem), aliases),
            did=f"Added the domain {name}",
        )
    except Refused as refused:
        return _new(visit, form, words(refused))
    return visit.go(url_of(made), f"{made.name} is added. Publish its DNS records now.")


@area.show(LIST + "/{domain}")
async def show_domain(visit: Visit) -> Response:
    """A domain with its records."""
    return await _one(visit, await _domain(visit))


@area.act(LIST + "/{domain}/check")
async def check_domain(visit: Visit) -> Response:
    """Ask DNS now, and write down what is new. The page's script asks for the records alone."""
    app, domain = visit.app, await _domain(visit)
    for record in records(domain, app.config):
        app.resolver.forget(record.host)
    try:
        seen = await verify.look(app.resolver, app.config, domain)
        if verify.is_news(domain, seen):
            asked = domain
            domain = await visit.write(
                lambda tx: verify.settle(tx, asked, seen),
                did=f"Checked the DNS records of {domain.name}",
            )
    except Refused as refused:
        return await _one(visit, domain, words(refused))
    if wants_piece(visit.request) is None:
        return visit.go(url_of(domain), "DNS was asked just now.")
    values = await _shown(visit, domain) | {"is_piece": True}
    return visit.page("sending/domain_records.html", values)


@area.act(LIST + "/{domain}")
async def save_domain(visit: Visit) -> Response:
    """Set or clear the Return-Path and the tracking host."""
    form, domain = visit.form, await _domain(visit)
    wanted = DomainChanges(
        ReturnPathDomain=form.line("return_path"), CustomTrackingDomain=form.line("tracking")
    )
    try:
        aliases = wanted.to_aliases()
        await visit.write(
            lambda tx: register.edit(tx, store.get(tx, domain.id), aliases),
            did=f"Changed the hosts of the domain {domain.name}",
        )
    except Refused as refused:
        return await _one(visit, domain, words(refused), sent=form)
    return visit.go(url_of(domain), "Saved.")


@area.act(LIST + "/{domain}/rotate")
async def rotate_key(visit: Visit) -> Response:
    """Give a domain a new DKIM key; the old one signs until DNS shows the new."""
    domain = await _domain(visit)
    try:
        register.check_renewable(domain)
        pem = await asyncio.to_thread(keys.new_pem)
        await visit.write(
            lambda tx: register.rotate(tx, domain.id, pem),
            did=f"Made a new DKIM key for the domain {domain.name}",
        )
    except Refused as refused:
        return await _one(visit, domain, words(refused))
    return visit.go(url_of(domain), "There is a new DKIM key. Publish its record now.")


@area.act(LIST + "/{domain}/delete")
async def delete_domain(visit: Visit) -> Response:
    """Remove a domain with its keys; sender signatures at it stay."""
    domain = await _domain(visit)

    def delete(tx: Tx) -> None:
        store.delete_domain(tx, domain.id)

    await visit.write(delete, did=f"Deleted the domain {domain.name}")
    return visit.go(LIST, f"The domain {domain.name} is deleted.")


def url_of(domain: Domain) -> str:
    """The page of a domain."""
    return f"{LIST}/{domain.id}"


async def _domain(visit: Visit) -> Domain:
    """The domain of the path. Raises HTTPException when there is none."""
    number = visit.path("domain")
    try:
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise HTTPException(404, "gone")
        return await visit.read(lambda tx: store.get(tx, int(number)))
    except Refused:
        raise HTTPException(404, "gone") from None


async def _shown(visit: Visit, domain: Domain) -> dict[str, object]:
    """What the piece of the page with the records shows."""
    app = visit.app
    wanted = records(domain, app.config)
    found = await survey(app.resolver, wanted, patience_s=PATIENCE_S)
    lines = [
        Line(finding=one, state=state(one.record, one.match, app.clock.now())) for one in found
    ]
    needed = [line for line in lines if line.finding.record.is_needed]
    asked = visit.number("round", digits=3) or 0
    return {
        "domain": domain,
        "lines": lines,
        "needed": len(needed),
        "good": sum(line.state is State.GOOD for line in needed),
        "is_piece": False,
        "next_round": asked + 1 if not domain.is_settled and asked < ROUNDS else None,
        "is_rotating": KeyState.PENDING in domain.keys and domain.is_verified,
    }


def _new(visit: Visit, form: Form, problem: str = "") -> Response:
    values = {"form": form, "problem_text": problem}
    return visit.page("sending/domain_new.html", values, status=422 if problem else 200)


async def _one(
    visit: Visit, domain: Domain, problem: str = "", *, sent: Form | None = None
) -> Response:
    hosts = {"return_path": domain.return_path.host, "tracking": domain.tracking.host}
    if sent is not None:
        hosts = {name: sent.line(name) for name in hosts}
    values = await _shown(visit, domain) | {"hosts": hosts, "problem_text": problem}
    return visit.page("sending/domain.html", values, status=422 if problem else 200)
