"""One request to a page: who asks, which Server it is about, and the ways to answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pillarbox.app import App
from pillarbox.errors import Refused
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory
from pillarbox.servers.model import Server
from pillarbox.storage.tx import Tx
from pillarbox.users.login import Logins
from pillarbox.users.model import Actor, Role
from pillarbox.users.passwords import Hashing
from pillarbox.users.store import audit
from pillarbox.web import cookies, forms, nav
from pillarbox.web.forms import Form
from pillarbox.web.gate import Who
from pillarbox.web.render import Renderer, wants_piece
from pillarbox.wire.errors import describe

R = TypeVar("R")

SERVER_COOKIE = "server"
SAID_COOKIE = "said"
_LONGEST_SAID = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all visits share."""

    app: App
    directory: Directory
    submission: Submission
    renderer: Renderer
    hashing: Hashing
    logins: Logins


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request, once it is known who asks. `here` is the Server of the path, or else the one last looked at.

    `servers` are the names of all, by id; `sent` is what a form sent.
    """

    site: Site
    request: Request
    section: str
    who: Who
    servers: Mapping[int, str]
    here: Server | None
    sent: Form | None

    @property
    def app(self) -> App:
        """Settings, storage, time and names."""
        return self.site.app

    @property
    def actor(self) -> Actor:
        """Who acts, as the audit log says it; on the login page nobody, who may do nothing."""
        return self.who.actor or Actor(name="", role=Role.SUPPORT, ip=self.who.ip)

    @property
    def server(self) -> Server:
        """The Server that the page is about. 404 when there is none at all."""
        if self.here is None:
            raise HTTPException(404, "server")
        return self.here

    @property
    def form(self) -> Form:
        """What was sent; only for what an area lists with `act`."""
        assert self.sent is not None
        return self.sent

    def query(self, name: str, *, most: int = 200) -> str:
        """A value of the query string, trimmed; empty when it is missing."""
        return self.request.query_params.get(name, "").strip().replace("\0", "")[:most]

    def number(self, name: str, *, digits: int = 18) -> int | None:
        """A number of the query string; None for anything else."""
        text = self.query(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def may(self, role: str) -> bool:
        """Whether who asks may do what this role may."""
        return self.actor.role.includes(Role(role))

    async def read(self, work: Callable[[Tx], R]) -> R:
        """Look something up."""
        return await self.app.db.read(work)

    async def write(self, work: Callable[[Tx], R], *, did: str) -> R:
        """Change something, and say so in the audit log: both, or neither."""
        server_id = self.here.id if self.here and "server" in self.request.path_params else None

        def change(tx: Tx) -> R:
            result = work(tx)
            audit.append(tx, self.actor, did, server_id=server_id)
            return result

        return await self.app.db.write(change)

    def page(
        self, template: str, values: Mapping[str, object] | None = None, *, status: int = 200
    ) -> Response:
        """Answer with a page, or with the piece of one that a template makes."""
        # A piece that a script asks for meanwhile leaves what is to be said to the whole page that comes next.
        is_piece = wants_piece(self.request) is not None
        said = "" if is_piece else unquote(self.request.cookies.get(SAID_COOKIE, ""))
        token = forms.token_of(self.request)
        shell = {
            "visit": self,
            "token": forms.hidden(token),
            "said": said[:_LONGEST_SAID],
            "menu": nav.menu(self.section, self.here) if self.who.actor else [],
            "places": nav.places(self.here, self.actor.role) if self.who.actor else [],
        }
        answer = self.site.renderer.page(
            self.request, template, shell | dict(values or {}), status=status
        )
        self._set_cookie(answer, forms.COOKIE, token)
        if said:
            answer.delete_cookie(SAID_COOKIE, path="/")
        if self.here is not None and "server" in self.request.path_params:
            self._set_cookie(answer, SERVER_COOKIE, str(self.here.id))
        return answer

    def go(self, url: str, said: str = "") -> Response:
        """After a change: have the browser ask for a page, which says what was done."""
        answer = RedirectResponse(url, 303)
        if said:
            text = quote(said[:_LONGEST_SAID])
            facts = cookies.facts(self.request, self.app.config)
            answer.set_cookie(SAID_COOKIE, text, max_age=60, **facts)
        return answer

    def _set_cookie(self, answer: Response, name: str, value: str) -> None:
        if self.request.cookies.get(name) != value:
            answer.set_cookie(name, value, **cookies.facts(self.request, self.app.config))


def words(refused: Refused) -> str:
    """Why something was refused, as the API would say it."""
    return describe(refused)[2]
