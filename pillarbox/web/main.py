"""The pages as one ASGI application: `/`, `/m/…`, `/events` and `/static/…`."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from pillarbox.app import App
from pillarbox.errors import Unavailable
from pillarbox.web.activity import Activity
from pillarbox.web.assets import PREFIX, Assets
from pillarbox.web.guard import Guard
from pillarbox.web.live import Live
from pillarbox.web.message import MessagePages
from pillarbox.web.render import Renderer

_METHODS = ("GET", "HEAD")
_MESSAGES = {
    "message": (
        "This message is not here",
        "No message has this id. It may have been removed when its retention time was over.",
    ),
    "part": (
        "This part is not here",
        "The message is known, but it has no such part, or its content is no longer kept.",
    ),
    "Not Found": ("There is no such page", "The address may be mistyped."),
    "Method Not Allowed": ("This page can only be read", "Only GET and HEAD are answered here."),
}


class Site:
    """All pages behind their guard. `close` ends what open pages keep running, when the server stops."""

    def __init__(self, app: App) -> None:
        self._assets = Assets(Path(__file__).parent / "static")
        self._renderer = Renderer(app, self._assets)
        self._live = Live(app)
        self._pages = self._make_pages(app)
        self._guard = Guard(self._route, app.config.public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        await self._guard(scope, receive, send)

    def close(self) -> None:
        """End the live streams; pages can still be read."""
        self._live.close()

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["method"] not in _METHODS:
            refused = PlainTextResponse("Only GET and HEAD.\n", 405, {"Allow": "GET, HEAD"})
            await refused(scope, receive, send)
        elif path.startswith(PREFIX):
            await self._assets(scope, receive, send)
        elif path == "/events" and scope["method"] == "GET":
            await self._live(scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    def _make_pages(self, app: App) -> Starlette:
        activity, message = Activity(app, self._renderer), MessagePages(app, self._renderer)
        return Starlette(
            routes=[
                Route("/", activity.show),
                Route("/m/{message_id}", message.show),
                Route("/m/{message_id}/html", message.html),
                Route("/m/{message_id}/raw", message.raw),
                Route("/m/{message_id}/attachments/{number:int}", message.attachment),
            ],
            exception_handlers={
                HTTPException: self._refused,
                Unavailable: self._unavailable,
                Exception: self._failed,
            },
        )

    async def _refused(self, request: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        title, text = _MESSAGES.get(problem.detail, _MESSAGES["Not Found"])
        return self._problem(request, problem.status_code, title, text)

    async def _unavailable(self, request: Request, _problem: Exception) -> Response:
        text = "The database does not answer. This page tries again by itself."
        answer = self._problem(request, 503, "Not available right now", text)
        answer.headers["Retry-After"] = "5"
        answer.headers["Refresh"] = "5"
        return answer

    async def _failed(self, request: Request, _problem: Exception) -> Response:
        text = "The page could not be made. The reason is in the log of the server."
        return self._problem(request, 500, "Something went wrong", text)

    def _problem(self, request: Request, status: int, title: str, text: str) -> Response:
        values = {"status": status, "title": title, "text": text}
        return self._renderer.page(request, "problem.html", values, status=status)


def build(app: App) -> Site:
    """The pages of an installation, as an ASGI application."""
    return Site(app)
