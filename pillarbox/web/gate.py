"""Who asks, and whether they may come in at all.

As long as there is no user, whoever sits at this machine may do everything, and nobody else gets in. With the
first user this is over: every address and every page asks for a login, also this machine's. Plain ASGI.
"""

import ipaddress
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pillarbox.app import App
from pillarbox.errors import Unavailable
from pillarbox.proxies import client_address
from pillarbox.storage.tx import Tx
from pillarbox.users.login import actor_of
from pillarbox.users.model import Actor, Role, Session, User
from pillarbox.users.store import people, sessions
from pillarbox.web import cookies
from pillarbox.web.guard import is_from_here
from pillarbox.web.return_to import LOGIN, login_url, safe

log = logging.getLogger(__name__)

TOUCHED_EVERY = timedelta(minutes=10)
"""How exactly is known when a session was last used: a page that is looked at should write nothing."""
_WHO = "pillarbox.who"
_NOT_HERE = (
    "This page is open on the machine it runs on only, because no user was set up.\n"
    "Reach it through an SSH tunnel, or make a user: pillarbox user add you@example.com\n"
    "there, or ADMIN_EMAIL and ADMIN_PASSWORD when it starts.\n"
)
_LOG_IN = "Log in first.\n"
_OPENING = '<!doctype html><html lang="en"><title>Pillarbox</title><p>Opening…</p></html>\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who asks. `is_known` is False when the database could not say; then nobody is let in.

    `is_open`: there are no users. `user` and `session` are there for whoever is logged in.
    """

    ip: str
    is_known: bool = True
    is_open: bool = False
    user: User | None = None
    session: Session | None = None

    @property
    def actor(self) -> Actor | None:
        """The one who acts; None for whom nobody knows."""
        if self.user is not None:
            return actor_of(self.user, self.ip)
        return Actor(name="This machine", role=Role.OWNER, ip=self.ip) if self.is_open else None


NOBODY = Who(ip="", is_known=False)


def who_asks(scope: Scope) -> Who:
    """Who asks, once the gate has looked."""
    found = scope.get(_WHO, NOBODY)
    assert isinstance(found, Who)
    return found


class Gate:
    """Lets a request through to `inside`, with who asks in its scope, or answers it by itself."""

    def __init__(self, inside: ASGIApp, app: App, is_public: Callable[[str], bool]) -> None:
        """`is_public` says which paths need no login: what the login page itself needs."""
        self._inside = inside
        self._app = app
        self._is_public = is_public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        request = Request(scope)
        who = await self.look(request)
        scope[_WHO] = who
        await self._touch(who.session)
        refusal = self._refusal(request, who)
        await (self._inside if refusal is None else refusal)(scope, receive, send)

    async def look(self, request: Request) -> Who:
        """Find out who asks."""
        ip = self._address(request.scope)
        token = cookies.session_token(request, self._app.config)
        try:
            return await self._app.db.read(lambda tx: _look(tx, token, ip))
        except Unavailable:
            return Who(ip=ip, is_known=False)

    async def may_stay(self, scope: Scope) -> bool:
        """Whether whoever was let in would still be, as far as the database can say."""
        who = await self.look(Request(scope))
        return who.actor is not None or not who.is_known

    async def _touch(self, session: Session | None) -> None:
        """A session that is used goes on."""
        if session is not None and self._app.clock.now() - session.seen_at >= TOUCHED_EVERY:
            with suppress(Unavailable):
                await self._app.db.write(lambda tx: sessions.touch(tx, session))

    def _address(self, scope: Scope) -> str:
        """Where a request comes from; what a proxy says counts only when it is an address."""
        peer: str = (scope.get("client") or ("",))[0]
        named = client_address(scope, self._app.config.trusted_proxies)
        try:
            return str(ipaddress.ip_address(named))[:45]
        except ValueError:
            return peer[:45]

    def _refusal(self, request: Request, who: Who) -> Response | None:
        if who.is_open and not is_from_here(request.scope, request.headers):
            return PlainTextResponse(_NOT_HERE, 403)
        if who.actor is not None or self._is_public(request.scope["path"]):
            return None
        return _to_login(request) if who.is_known else None


def _look(tx: Tx, token: str, ip: str) -> Who:
    found = sessions.find(tx, token) if token else None
    if found is not None:
        return Who(ip=ip, user=found[0], session=found[1])
    return Who(ip=ip, is_open=not people.has_any(tx))


def _to_login(request: Request) -> Response:
    """Send a person to the login page, and from there back to the page that was wanted."""
    wanted = _address_of(request)
    if "hx-request" in request.headers:
        here = request.headers.get("hx-current-url", "").partition("://")[2]
        url = login_url("/" + here.partition("/")[2])
        return PlainTextResponse(_LOG_IN, 401, {"HX-Redirect": url, "Cache-Control": "no-store"})
    is_page = request.headers.get("sec-fetch-dest", "document") == "document"
    if not is_page or request.scope["path"] == "/events":
        return PlainTextResponse(_LOG_IN, 401, {"Cache-Control": "no-store"})
    if request.method in ("GET", "HEAD") and _is_followed_link(request) and safe(wanted) == wanted:
        # A link on another site: the browser kept our cookie back. Asked again by our own page, it sends it.
        return HTMLResponse(
            _OPENING, headers={"Refresh": f"0; url={wanted}", "Cache-Control": "no-store"}
        )
    url = login_url(wanted) if request.method in ("GET", "HEAD") else LOGIN
    return RedirectResponse(url, 303, {"Cache-Control": "no-store"})


def _is_followed_link(request: Request) -> bool:
    return request.headers.get("sec-fetch-site") in ("cross-site", "same-site")


def _address_of(request: Request) -> str:
    """The path and query as they were asked."""
    path = request.scope.get("raw_path", b"").decode("latin-1") or request.scope["path"]
    query = request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path
