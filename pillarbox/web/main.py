"""The pages as one ASGI application: `/`, `/m/…`, `/ui/…`, `/events` and `/static/…`; ServerLinks lead there."""

import logging
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from pillarbox.app import App
from pillarbox.errors import Refused, Unavailable
from pillarbox.ids import ServerId
from pillarbox.outbound.store import overview
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory
from pillarbox.users.login import Logins
from pillarbox.users.passwords import Hashing
from pillarbox.web import forms
from pillarbox.web.area import Page
from pillarbox.web.areas import AREAS
from pillarbox.web.assets import PREFIX, Assets
from pillarbox.web.gate import Gate, who_asks
from pillarbox.web.guard import Guard
from pillarbox.web.live import Live
from pillarbox.web.render import Renderer
from pillarbox.web.visit import SERVER_COOKIE, Site, Visit, words

log = logging.getLogger(__name__)

PATHS = ("/", "/events")
PREFIXES = ("/m/", "/ui/", PREFIX)
"""What of the port's addresses belongs to the pages."""
_server_link = re.compile(r"/servers/([0-9]{1,18})/streams").fullmatch
_MESSAGES = {
    "message": (
        "This message is not here",
        "No message has this id. It may have been removed when its retention time was over.",
    ),
    "part": (
        "This part is not here",
        "The message is known, but it has no such part, or its content is no longer kept.",
    ),
    "server": ("This Server is not here", "No Server has this id. It may have been deleted."),
    "gone": ("This is not here", "Nothing has this id. It may have been deleted."),
    "role": ("You may not do this", "Your role does not allow it. An owner can change your role."),
    "token": (
        "This form has grown old",
        "Go back, load the page again, and send the form once more. Nothing was changed.",
    ),
    "form": ("This form could not be read", "Nothing was changed."),
    "large": ("This is too large", "A form may have 12 MB. Nothing was changed."),
    "Not Found": ("There is no such page", "The address may be mistyped."),
    "Method Not Allowed": ("This page does not take that", "Nothing was changed."),
}


def owns(method: str, path: str) -> bool:
    """Whether the pages answer this: what is theirs, and the ServerLink that the API gives out."""
    if path in PATHS or path.startswith(PREFIXES):
        return True
    return method in ("GET", "HEAD") and _server_link(path) is not None


class Pages:
    """All pages behind their guard. `close` ends what open pages keep running, when the server stops."""

    def __init__(self, app: App, directory: Directory, submission: Submission) -> None:
        self._assets = Assets(Path(__file__).parent / "static")
        hashing = Hashing()
        self._site = Site(
            app=app,
            directory=directory,
            submission=submission,
            renderer=Renderer(app, self._assets),
            hashing=hashing,
            logins=Logins(app, hashing),
        )
        gate = Gate(self._route, app, _is_public)
        self._live = Live(app, may_stay=gate.may_stay)
        self._pages = self._make_pages()
        self._guard = Guard(gate, app.config.public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        await self._guard(scope, receive, send)

    def close(self) -> None:
        """End the live streams; pages can still be read."""
        self._live.close()

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith(PREFIX):
            await self._assets(scope, receive, send)
        elif path == "/events" and scope["method"] == "GET" and who_asks(scope).is_known:
            await self._live(scope, receive, send)
        elif link := _server_link(path):
            await RedirectResponse(f"/ui/servers/{link[1]}/streams")(scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    def _make_pages(self) -> Starlette:
        return Starlette(
            routes=[
                Route(_pattern(page), self._endpoint(page), methods=[page.method])
                for area in AREAS
                for page in area.pages
            ],
            exception_handlers={
                HTTPException: self._http_problem,
                Refused: self._refused,
                Unavailable: self._unavailable,
                Exception: self._failed,
            },
        )

    def _endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await page.run(await self._visit(request, page))

        return answer

    async def _visit(self, request: Request, page: Page) -> Visit:
        """Find out who asks and about what. Raises HTTPException for whom it is not."""
        who = who_asks(request.scope)
        form, names = None, {}
        if not page.is_public:
            if who.actor is None:
                raise Unavailable("nobody knows who asks")
            if not who.actor.role.includes(page.needs):
                raise HTTPException(403, "role")
            names = await self._site.app.db.read(overview.server_names)
        if page.method == "POST":
            most = forms.MAX_BYTES_OF_STRANGERS if page.is_public else forms.MAX_BYTES
            form = await forms.read(request, most=most)
        asked = request.path_params.get("server")
        if asked is not None and asked not in names:
            raise HTTPException(404, "server")
        wanted = asked if asked is not None else _last_seen(request, list(names))
        here = None if wanted is None else await self._site.directory.server(ServerId(wanted))
        return Visit(
            site=self._site,
            request=request,
            section=page.section,
            who=who,
            servers=names,
            here=here,
            sent=form,
        )

    async def _http_problem(self, request: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        title, text = _MESSAGES.get(problem.detail, _MESSAGES["Not Found"])
        return await self._problem(request, problem.status_code, title, text)

    async def _refused(self, request: Request, problem: Exception) -> Response:
        assert isinstance(problem, Refused)
        return await self._problem(request, 422, "This was refused", words(problem))

    async def _unavailable(self, request: Request, _problem: Exception) -> Response:
        text = "The database does not answer. This page tries again by itself."
        answer = await self._problem(request, 503, "Not available right now", text)
        answer.headers["Retry-After"] = "5"
        if request.method == "GET":
            answer.headers["Refresh"] = "5"
        return answer

    async def _failed(self, request: Request, _problem: Exception) -> Response:
        text = "The page could not be made. The reason is in the log of the server."
        return await self._problem(request, 500, "Something went wrong", text)

    async def _problem(self, request: Request, status: int, title: str, text: str) -> Response:
        visit = Visit(
            site=self._site,
            request=request,
            section="",
            who=who_asks(request.scope),
            servers={},
            here=None,
            sent=None,
        )
        values = {"status": status, "title": title, "text": text}
        return visit.page("problem.html", values, status=status)


def build(app: App, directory: Directory, submission: Submission) -> Pages:
    """The pages of an installation, as an ASGI application."""
    return Pages(app, directory, submission)


_PUBLIC = frozenset(page.path for area in AREAS for page in area.pages if page.is_public)


def _is_public(path: str) -> bool:
    return path in _PUBLIC or path.startswith(PREFIX)


def _pattern(page: Page) -> str:
    return page.path.replace("{server}", "{server:int}")


def _last_seen(request: Request, known: list[int]) -> int | None:
    """The Server whose pages this browser was on last, or the first one."""
    seen = request.cookies.get(SERVER_COOKIE, "")
    if seen.isascii() and seen.isdigit() and int(seen[:9]) in known:
        return int(seen[:9])
    return known[0] if known else None
