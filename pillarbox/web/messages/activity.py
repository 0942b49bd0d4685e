"""The activity page: the newest messages, live; or, as long as there is none, how to send the first."""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from pillarbox.outbound.model import Message
from pillarbox.outbound.store import activity as store
from pillarbox.outbound.store import overview
from pillarbox.servers.store.tokens import list_tokens
from pillarbox.storage.tx import Tx
from pillarbox.web.area import Area
from pillarbox.web.messages import search
from pillarbox.web.messages.search import Search
from pillarbox.web.messages.status import Badge, badge
from pillarbox.web.render import wants_piece
from pillarbox.web.visit import Visit

PAGE_SIZE = 50
_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the address asks for."""

    search: Search
    server_id: int | None
    before: int | None
    is_first_run: bool

    @classmethod
    def of(cls, request: Request, now: datetime) -> "Wish":
        """Read the query string; what makes no sense is as if it were not there."""
        query = request.query_params
        return cls(
            search=search.parse(query.get("q", ""), now),
            server_id=_number(query.get("server", ""), digits=9),
            before=_number(query.get("before", ""), digits=18),
            is_first_run=query.get("first", "") == "1",
        )

    @property
    def wanted(self) -> store.Filter:
        """Which messages to list."""
        return replace(self.search.wanted, server_id=self.server_id)

    @property
    def url(self) -> str:
        """The address that asks for this."""
        return self.to(self.search.raw, before=self.before)

    def again(self, is_first_run: bool) -> str:
        """The address that the page asks when something happened; it says what the page was waiting for."""
        if not (is_first_run or self.is_first_run):
            return self.url
        return f"{self.url}{'&' if '?' in self.url else '?'}first=1"

    def to(self, text: str, *, before: int | None = None) -> str:
        """The same with another search, from the top or below a key."""
        parts = {"q": text, "server": self.server_id, "before": before}
        query = urlencode({name: value for name, value in parts.items() if value})
        return f"/?{query}" if query else "/"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list."""

    message: Message
    badge: Badge
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the database had to say; `first` is the message that a page without any was waiting for."""

    rows: list[Row]
    first: Row | None
    older: int | None
    looked_through: int | None
    servers: dict[int, str]
    is_first_run: bool
    token: str


area = Area("activity")


@area.show("/")
async def activity(visit: Visit) -> Response:
    """The page, or its list alone when the page's script asks."""
    wish = Wish.of(visit.request, visit.app.clock.now())
    shown = await visit.read(lambda tx: look(tx, wish, may_see_token=visit.may("developer")))
    values = {
        "wish": wish,
        "shown": shown,
        "older_url": wish.to(wish.search.raw, before=shown.older) if shown.older else "",
        "help": search.HELP,
        "reach": reach(visit),
    }
    piece = wants_piece(visit.request)
    whole = piece is None
    answer = visit.page(
        "messages/activity.html" if whole else "messages/activity_list.html", values
    )
    answer.headers["Vary"] = "HX-Request"
    if not whole:
        answer.headers["HX-Replace-Url"] = wish.url
    return answer


def reach(visit: Visit) -> dict[str, str]:
    """How programs reach this installation, as the user has reached it; the guard has checked the name."""
    host = visit.request.headers["host"]
    config = visit.app.config
    public = urlsplit(config.public_url)
    scheme = public.scheme if host == public.netloc else "http"
    address = urlsplit(f"//{host}")
    name = address.hostname or "localhost"
    port = address.port or (443 if scheme == "https" else 80)
    smtp_host, smtp_port = config.submission_listen[0]
    return {
        "url": f"{scheme}://{host}",
        "host": host,
        "name": name,
        "port": str(port),
        "is_https": "true" if scheme == "https" else "false",
        "smtp_host": name if smtp_host in _ANYWHERE else smtp_host,
        "smtp_port": str(smtp_port),
    }


def look(tx: Tx, wish: Wish, *, may_see_token: bool) -> Shown:
    """Read what the page shows."""
    page = store.page(tx, wish.wanted, before=wish.before, limit=PAGE_SIZE)
    standings = overview.standings(tx, [message.key for message in page.messages])
    is_first_run = not page.messages and overview.is_empty(tx)
    rows = [
        Row(message, badge(standings[message.key]), _recipients(message))
        for message in page.messages
    ]
    has_arrived = wish.is_first_run and rows and page.older is None
    return Shown(
        rows=rows,
        first=rows[-1] if has_arrived else None,
        older=page.older,
        looked_through=page.looked_through,
        servers=overview.server_names(tx),
        is_first_run=is_first_run,
        token=_first_token(tx) if is_first_run and may_see_token else "YOUR-SERVER-TOKEN",
    )


def _number(text: str, *, digits: int) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= digits
    return int(text) if is_number else None


def _recipients(message: Message) -> tuple[str, ...]:
    return tuple(address.email for address in message.recipients.distinct())


def _first_token(tx: Tx) -> str:
    tokens = list_tokens(tx)
    return str(tokens[0].token) if tokens else ""
