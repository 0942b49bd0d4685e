"""The audit log: who changed what, when."""

from urllib.parse import urlencode

from starlette.responses import Response

from pillarbox.users.store import audit
from pillarbox.web.area import Area
from pillarbox.web.visit import Visit

area = Area("audit")

AUDIT = "/ui/audit"
PAGE_SIZE = 50


@area.show(AUDIT)
async def show_log(visit: Visit) -> Response:
    """The newest lines, of everybody or of those with a text in their name."""
    person, before = visit.query("q"), visit.number("before")
    found = await visit.read(
        lambda tx: audit.newest(tx, before=before, person=person, limit=PAGE_SIZE + 1)
    )
    shown = found[:PAGE_SIZE]
    values = {
        "deeds": shown,
        "person": person,
        "is_newest": before is None,
        "newest_url": _url(person),
        "older_url": _url(person, shown[-1].id) if len(found) > PAGE_SIZE else "",
    }
    return visit.page("people/audit.html", values)


def _url(person: str, before: int | None = None) -> str:
    query = urlencode({k: v for k, v in (("q", person), ("before", before)) if v})
    return f"{AUDIT}?{query}" if query else AUDIT
