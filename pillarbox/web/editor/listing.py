"""The list of a Server's templates and layouts, and what to start a new one from."""

from collections import Counter
from collections.abc import Sequence

from starlette.responses import Response

from pillarbox.templates import store
from pillarbox.templates.model import Listed, TemplateType
from pillarbox.web.area import Area
from pillarbox.web.editor.starters import LAYOUT, NAMES, starter
from pillarbox.web.visit import Visit

area = Area("templates")

LIST = "/ui/servers/{server}/templates"
MAX_DELETED = 200
KINDS = (
    ("", "All"),
    ("templates", "Templates"),
    ("layouts", "Layouts"),
    ("deleted", "Deleted"),
)


@area.show(LIST)
async def list_templates(visit: Visit) -> Response:
    """Templates and layouts by name, or those with a text in name, alias or subject."""
    server_id = visit.server.id
    text = visit.query("q")
    kind = visit.query("type")
    active = await visit.read(lambda tx: store.list_for_people(tx, server_id))
    if kind == "deleted":
        found: Sequence[Listed] = await visit.read(
            lambda tx: store.list_deleted(tx, server_id, count=MAX_DELETED)
        )
    else:
        found = _of_kind(active, kind)
    values = {
        "found": [one for one in found if _has(one, text)],
        "is_empty": not active and kind != "deleted",
        "is_long": len(active) > 10 or bool(text),
        "text": text,
        "kind": kind,
        "kinds": KINDS,
        "uses": Counter(one.layout_id for one in active if one.layout_id),
        "here": here(visit),
        **starting(),
    }
    return visit.page("editor/templates.html", values)


def starting() -> dict[str, object]:
    """What a page needs to offer starters."""
    return {
        "starters": [(name, starter(name)) for name in NAMES],
        "layout_starter": (LAYOUT, starter(LAYOUT)),
    }


def here(visit: Visit) -> str:
    """Where the templates of the visit's Server are."""
    return LIST.format(server=visit.server.id)


def _of_kind(templates: Sequence[Listed], kind: str) -> Sequence[Listed]:
    wanted = {"templates": TemplateType.STANDARD, "layouts": TemplateType.LAYOUT}.get(kind)
    return [one for one in templates if wanted is None or one.type is wanted]


def _has(template: Listed, text: str) -> bool:
    wanted = text.casefold()
    texts = (template.name, template.alias, template.subject)
    return any(wanted in (one or "").casefold() for one in texts)
