"""The activity page: the newest messages, live; or, as long as there is none, how to send the first."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from pillarbox.outbound.model import Message
from pillarbox.outbound.store import overview
from pillarbox.outbound.store.overview import Filter
from pillarbox.servers.store.tokens import list_tokens
from pillarbox.storage.tx import Tx
from pillarbox.web.area import Area
from pillarbox.web.messages.status import Badge, badge
from pillarbox.web.render import wants_piece
from pillarbox.web.visit import Visit

PAGE_SIZE = 50
MAX_TEXT = 200
_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the address asks for."""

    text: str = ""
    server_id: int | None = None
    before: int | None = None

    @classmethod
    def of(cls, request: Request) -> "Wish":
        """Read the query string; what makes no sense is as if it were not there."""
        query = request.query_params
        return cls(
            text=query.get("q", "").strip().replace("\0", "")[:MAX_TEXT],
            server_id=_number(query.get("server", ""), digits=9),
            before=_number(query.get("before", ""), digits=18),
        )

    @property
    def url(self) -> str:
        """The address that asks for this."""
        parts = {"q": self.text, "server": self.server_id, "before": self.before}
        query = urlencode({name: value for name, value in parts.items() if value})
        return f"/?{query}" if query else "/"

    @property
    def newest(self) -> "Wish":
        """The same from the top."""
        return replace(self, before=None)

    @property
    def unfiltered(self) -> "Wish":
        """The same without a text."""
        return replace(self, before=None, text="")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list."""

    message: Message
    badge: Badge
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the database had to say."""

    rows: list[Row]
    older: int | None
    looked_through: int | None
    servers: dict[int, str]
    is_first_run: bool
    token: str


area = Area("activity")


@area.show("/")
async def activity(visit: Visit) -> Response:
    """The page, or its list alone when the page's script asks."""
    wish = Wish.of(visit.request)
    shown = await visit.read(lambda tx: look(tx, wish))
    values = {
        "wish": wish,
        "shown": shown,
        "older_url": replace(wish, before=shown.older).url if shown.older else "",
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
    name = urlsplit(f"//{host}").hostname or "localhost"
    smtp_host, smtp_port = config.submission_listen[0]
    return {
        "url": f"{scheme}://{host}",
        "host": host,
        "is_https": "true" if scheme == "https" else "false",
        "smtp_host": name if smtp_host in _ANYWHERE else smtp_host,
        "smtp_port": str(smtp_port),
    }


def look(tx: Tx, wish: Wish) -> Shown:
    """Read what the page shows."""
    wanted = Filter(server_id=wish.server_id, text=wish.text)
    page = overview.page(tx, wanted, before=wish.before, limit=PAGE_SIZE)
    standings = overview.standings(tx, [message.key for message in page.messages])
    is_first_run = not page.messages and overview.is_empty(tx)
    return Shown(
        rows=[
            Row(message, badge(standings[message.key]), _recipients(message))
            for message in page.messages
        ],
        older=page.older,
        looked_through=page.looked_through,
        servers=overview.server_names(tx),
        is_first_run=is_first_run,
        token=_first_token(tx) if is_first_run else "",
    )


def _number(text: str, *, digits: int) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= digits
    return int(text) if is_number else None


def _recipients(message: Message) -> tuple[str, ...]:
    return tuple(address.email for address in message.recipients.distinct())


def _first_token(tx: Tx) -> str:
    tokens = list_tokens(tx)
    return str(tokens[0].token) if tokens else ""
