"""Turning templates into answers. Every value is escaped unless it is Markup made in show.py."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from pillarbox.app import App
from pillarbox.web import nav, show
from pillarbox.web.assets import Assets

_HERE = Path(__file__).parent
THEMES = ("light", "dark")


class Renderer:
    """The templates, with what every page needs."""

    def __init__(self, app: App, assets: Assets) -> None:
        self._app = app
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "html"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals |= {
            "asset": assets.url,
            "delivery": app.config.delivery,
            "iso": show.iso,
            "utc": show.utc,
            "clock": show.clock,
            "ago": show.ago,
            "duration": show.duration,
            "size": show.size,
            "count": show.count,
            "linked": show.linked,
            "same_section": nav.same_section,
        }

    def page(
        self, request: Request, template: str, values: dict[str, Any], *, status: int = 200
    ) -> HTMLResponse:
        """A whole page or a piece of one."""
        theme = request.cookies.get("theme", "")
        text = self._environment.get_template(template).render(
            values, now=self._app.clock.now(), theme=theme if theme in THEMES else ""
        )
        return HTMLResponse(text, status)


def wants_piece(request: Request) -> str | None:
    """The id of the element that the page's script asks anew; None when a whole page is asked for."""
    if "hx-request" not in request.headers or "hx-history-restore-request" in request.headers:
        return None
    return request.headers.get("hx-target", "")
