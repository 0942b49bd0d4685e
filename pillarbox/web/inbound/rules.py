"""Rules that block inbound mail, and the question whether an address would be blocked."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.errors import Problem, Refused
from pillarbox.inbound.rules import Block, blocking, could_match, normalise
from pillarbox.inbound.store import rules as store
from pillarbox.inbound.store.rules import Rule
from pillarbox.servers.model import Server
from pillarbox.storage.tx import Tx
from pillarbox.web.area import Area
from pillarbox.web.inbound.activity import LIST, home
from pillarbox.web.visit import Visit, words
from pillarbox.wire.triggers import NewInboundRule

area = Area("inbound")

RULES = LIST + "/rules"
PAGE_SIZE = 200
_MOST_OFFSET = 1_000_000


@area.show(RULES)
async def show_rules(visit: Visit) -> Response:
    """The rules, a form for a new one, and the question."""
    return await _page(visit)


@area.act(RULES)
async def add_rule(visit: Visit) -> Response:
    """Block an address or a domain."""
    server = visit.server
    try:
        wanted = NewInboundRule(Rule=visit.form.line("rule")).to_rule()
        await visit.write(
            lambda tx: _add(tx, server, wanted), did=f"Blocked inbound mail from {wanted}"
        )
    except Refused as refused:
        return await _page(visit, words(refused), rule=visit.form.line("rule"))
    return visit.go(f"{home(server)}/rules", f"Mail from {wanted} is blocked.")


@area.act(RULES + "/{rule:int}/delete")
async def delete_rule(visit: Visit) -> Response:
    """Let an address or a domain pass again. 404 when this Server has no such rule."""
    server, rule_id = visit.server, int(visit.path("rule"))
    found = await visit.read(lambda tx: store.find(tx, server.id, rule_id))
    if found is None:
        raise HTTPException(404, "gone")
    await visit.write(
        lambda tx: store.remove(tx, server.id, found.id),
        did=f"Unblocked inbound mail from {found.rule}",
    )
    return visit.go(f"{home(server)}/rules", f"Mail from {found.rule} passes again.")


async def _page(visit: Visit, problem: str = "", *, rule: str = "") -> Response:
    asked = visit.query("test")
    offset = min(visit.number("offset") or 0, _MOST_OFFSET)
    server = visit.server
    total, found = await visit.read(
        lambda tx: store.page(tx, server.id, count=PAGE_SIZE, offset=offset)
    )
    values = {
        "here": home(server),
        "total": total,
        "found": found,
        "rule": rule,
        "asked": asked,
        "is_address": bool(asked) and normalise(asked) is not None,
        "block": await visit.read(lambda tx: _blocked(tx, server, asked)) if asked else None,
        "problem_text": problem,
        "newer": max(offset - PAGE_SIZE, 0) if offset else None,
        "older": offset + PAGE_SIZE if offset + PAGE_SIZE < total else None,
    }
    return visit.page("inbound/rules.html", values, status=422 if problem else 200)


def _add(tx: Tx, server: Server, rule: str) -> Rule:
    added = store.insert(tx, server.id, rule)
    if added is None:
        raise Refused(Problem.INBOUND_RULE_EXISTS)
    return added


def _blocked(tx: Tx, server: Server, asked: str) -> Block | None:
    """The rule that blocks mail from an address or a domain."""
    key = normalise(asked)
    if key is None:
        return None
    sender = key if "@" in key else f"anybody@{key}"
    known = store.which(tx, {(server.id, text) for text in could_match([sender])})
    return blocking({rule for _, rule in known}, [sender])
