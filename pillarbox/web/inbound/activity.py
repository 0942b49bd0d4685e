"""Inbound mail: the newest messages in all states, live, and the reports that belong to nobody."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.responses import Response

from pillarbox.bounces.orphans import list_orphans
from pillarbox.inbound.model import InboundStatus
from pillarbox.inbound.store import overview
from pillarbox.inbound.store.overview import Position
from pillarbox.servers.model import Server
from pillarbox.storage.types import instant, micros
from pillarbox.web.area import Area
from pillarbox.web.inbound.verdict import BADGES
from pillarbox.web.render import wants_piece
from pillarbox.web.visit import Visit

area = Area("inbound")

LIST = "/ui/servers/{server}/inbound"
PAGE_SIZE = 50
_MOST_ORPHANS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the address asks for."""

    home: str
    text: str = ""
    status: InboundStatus | None = None
    before: Position | None = None

    @property
    def url(self) -> str:
        """The address that asks for this."""
        parts = {"q": self.text, "status": self.status}
        if self.before is not None:
            parts["before"] = f"{micros(self.before.received_at)}-{self.before.key}"
        query = urlencode({name: value for name, value in parts.items() if value})
        return f"{self.home}?{query}" if query else self.home


def home(server: Server) -> str:
    """The address of the list."""
    return LIST.replace("{server}", str(server.id))


def inbound_address(visit: Visit) -> str:
    """The address that takes mail in for the Server."""
    return f"{visit.server.inbound_hash}@{visit.app.config.inbound_domain}"


@area.show(LIST)
async def list_inbound(visit: Visit) -> Response:
    """The page, or its list alone when the page's script asks."""
    wish = _wish(visit)
    found = await visit.read(
        lambda tx: overview.page(
            tx,
            visit.server.id,
            status=wish.status,
            text=wish.text,
            before=wish.before,
            limit=PAGE_SIZE,
        )
    )
    values = {
        "wish": wish,
        "here": wish.home,
        "found": found,
        "badges": BADGES,
        "statuses": [
            ("All", replace(wish, status=None, before=None).url, wish.status is None),
            *(
                (status.value, replace(wish, status=status, before=None).url, wish.status is status)
                for status in InboundStatus
            ),
        ],
        "older": replace(wish, before=found.older).url if found.older else "",
        "newest": replace(wish, before=None).url if wish.before else "",
        "unfiltered": wish.home,
        "address": inbound_address(visit),
        "has_hook": bool(visit.server.inbound_hook_url),
    }
    piece = wants_piece(visit.request)
    template = "inbound/list.html" if piece is not None else "inbound/activity.html"
    answer = visit.page(template, values)
    answer.headers["Vary"] = "HX-Request"
    if piece is not None:
        answer.headers["HX-Replace-Url"] = wish.url
    return answer


@area.show(LIST + "/orphans")
async def show_orphans(visit: Visit) -> Response:
    """Bounces and complaints that came by mail and have no effect, of the whole installation."""
    found = await visit.read(lambda tx: list_orphans(tx, limit=_MOST_ORPHANS))
    return visit.page("inbound/orphans.html", {"found": found, "here": home(visit.server)})


def _wish(visit: Visit) -> Wish:
    """Read the query string; what makes no sense is as if it were not there."""
    asked = visit.query("status").lower()
    return Wish(
        home=home(visit.server),
        text=visit.query("q"),
        status=next((one for one in InboundStatus if one.value.lower() == asked), None),
        before=_position(visit.query("before")),
    )


def _position(text: str) -> Position | None:
    at, _, key = text.partition("-")
    if not (text.isascii() and at.isdigit() and key.isdigit()) or len(at) > 16 or len(key) > 18:
        return None
    return Position(instant(int(at)), int(key))
