"""Pages as data: an area lists them, as a Group of the API lists its endpoints.

    area = Area("servers")

    @area.show("/ui/servers/{server}/edit")
    async def edit_server(visit: Visit) -> Response: ...

    @area.act("/ui/servers/{server}/edit")
    async def save_server(visit: Visit) -> Response: ...

`{server}` is the id of a Server that exists, found as `visit.server`. What `act` lists answers a form (POST) whose
token was checked; it needs the role of a developer unless it says otherwise.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.responses import Response

from pillarbox.users.model import Role
from pillarbox.web.visit import Visit

Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One method on one path; `section` is the entry of the menu that it belongs to."""

    method: str
    path: str
    section: str
    needs: Role
    run: Handler
    is_public: bool


@dataclass(slots=True)
class Area:
    """Some pages that belong to one entry of the menu. Public ones are for those who are not logged in."""

    section: str
    is_public: bool = False
    pages: list[Page] = field(default_factory=list)

    def show(self, path: str, *, needs: Role = Role.SUPPORT) -> Callable[[Handler], Handler]:
        """A page that is looked at."""
        return self._add("GET", path, needs)

    def act(self, path: str, *, needs: Role = Role.DEVELOPER) -> Callable[[Handler], Handler]:
        """What a form of a page does."""
        return self._add("POST", path, needs)

    def _add(self, method: str, path: str, needs: Role) -> Callable[[Handler], Handler]:
        def add(run: Handler) -> Handler:
            page = Page(
                method=method,
                path=path,
                section=self.section,
                needs=needs,
                run=run,
                is_public=self.is_public,
            )
            self.pages.append(page)
            return run

        return add
