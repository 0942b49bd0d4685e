"""What it takes before mail goes out to the world: each check green or red, with the way to mend it."""

import asyncio
from collections.abc import Callable

from starlette.responses import Response

from pillarbox.app import App
from pillarbox.checkup.model import Check, bad
from pillarbox.domains import store
from pillarbox.web.area import Area
from pillarbox.web.render import wants_piece
from pillarbox.web.visit import Visit

area = Area("golive")

HERE = "/ui/go-live"
MOST_DOMAINS = 50
PATIENCE_S = 10.0


@area.show(HERE)
async def show_checks(visit: Visit) -> Response:
    """The page; its script asks for the findings at once, because they take some seconds."""
    is_piece = wants_piece(visit.request) == "checks"
    groups: list[tuple[str, list[Check]]] = []
    if is_piece or visit.query("run"):
        groups = await examine(visit.app)
    checks = [check for _, some in groups for check in some]
    values = {
        "groups": groups,
        "total": len(checks),
        "green": sum(check.is_ok for check in checks),
    }
    template = "operator/checks.html" if is_piece else "operator/going_live.html"
    answer = visit.page(template, values)
    answer.headers["Vary"] = "HX-Request"
    return answer


async def examine(app: App) -> list[tuple[str, list[Check]]]:
    """All checks, those of the machine beside those of the network."""
    total, domains = await app.db.read(lambda tx: store.page(tx, count=MOST_DOMAINS, offset=0))
    from pillarbox.checkup import network

    config = app.config
    if config.delivery == "relay":
        machine, way, names = await asyncio.gather(
            _of_machine(app),
            network.relay(config),
            network.of_domains(config, app.resolver, domains),
        )
        outside = [way]
    else:
        machine, outside, names = await asyncio.gather(
            _of_machine(app),
            network.direct(config, app.resolver),
            network.of_domains(config, app.resolver, domains),
        )
    if not domains:
        fix = "add the domain that you send from, and publish its records"
        names = [bad("sending domains", "there is none", fix)]
    shown = f"The first {MOST_DOMAINS} of {total} domains" if total > MOST_DOMAINS else "Domains"
    return [("This machine", machine), ("The way out and back", outside), (shown, names)]


async def _of_machine(app: App) -> list[Check]:
    from pillarbox.checkup import machine

    config = app.config
    checks: list[tuple[str, Callable[[], Check]]] = [
        ("delivery", lambda: machine.delivery(config)),
        ("host name", lambda: machine.host_name(config)),
        ("public URL", lambda: machine.public_url(config)),
        ("incoming mail", lambda: machine.way_in(config)),
        ("disk", lambda: machine.disk(config)),
        ("time service", machine.time_service),
        ("clock", lambda: app.db.read_now(machine.database_clock)),
    ]
    if config.starttls:
        checks.append(("certificate", lambda: machine.certificate(config)))
    return list(await asyncio.gather(*(_in_time(name, check) for name, check in checks)))


async def _in_time(name: str, check: Callable[[], Check]) -> Check:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.to_thread(check)
    except TimeoutError:
        return bad(name, "no answer in time", "look again; then look at the machine")
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is the finding
        return bad(name, str(problem), "look at the log of the server")
