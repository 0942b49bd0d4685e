"""The editor as a page: what is on it, and what its preview shows."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.domains import signatures
from pillarbox.errors import Refused
from pillarbox.ids import ServerId
from pillarbox.servers.model import StreamType
from pillarbox.storage.tx import Tx
from pillarbox.templates import store
from pillarbox.templates.change import get_layout
from pillarbox.templates.model import Summary, Template, TemplateType, parse_type
from pillarbox.web.editor import trial
from pillarbox.web.editor.listing import here
from pillarbox.web.editor.starters import LAYOUT, starter
from pillarbox.web.editor.texts import NEW_LAYOUT, Texts, digest
from pillarbox.web.editor.trial import Look, Setting, Spot
from pillarbox.web.forms import Form
from pillarbox.web.visit import Visit, words

MAX_SENDERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is worked on: the texts on the screen, what is stored of them, and the test model.

    `model` is None as long as nobody wrote one. `inside` is the id of the template that a layout is shown around.
    """

    texts: Texts
    kept: Template | None = None
    model: str | None = None
    inside: int | None = None
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the page says about what was just tried."""

    problem: str = ""
    sent: str = ""
    send_problem: str = ""


async def kept(visit: Visit, template_id: int) -> Template:
    """A template of the visit's Server, also a deleted one. Raises HTTPException when there is none."""
    found = await visit.read(lambda tx: store.find(tx, visit.server.id, template_id))
    if found is None:
        raise HTTPException(404, "gone")
    return found


async def of_form(visit: Visit) -> Desk:
    """What a form of the editor sent. Raises HTTPException when its template is none of this Server."""
    form = visit.form
    template_id = form.line("template")
    template = None
    if template_id:
        template = await kept(visit, _number(template_id) or 0)
    kind = template.type if template else parse_type(form.line("kind")) or TemplateType.STANDARD
    return Desk(
        texts=Texts.of_form(form, kind),
        kept=template,
        model=form.text("model") if "model" in form.fields else None,
        inside=_number(form.line("inside")),
        seen=form.line("seen"),
    )


async def look(visit: Visit, desk: Desk) -> Look:
    """Try out what is on the desk."""
    server_id = visit.server.id
    setting = await visit.read(lambda tx: _setting(tx, server_id, desk))
    return await asyncio.to_thread(trial.look, desk.texts, desk.model or "", setting)


async def page(
    visit: Visit, desk: Desk, told: Told | None = None, *, status: int = 200
) -> Response:
    """The editor."""
    told = told or Told()
    looked = await look(visit, desk)
    others = await visit.read(lambda tx: store.list_active(tx, visit.server.id))
    base = desk.model or ""
    if visit.sent is None:
        desk, looked = replace(desk, model=looked.model), replace(looked, missing=())
    kept = desk.kept
    values = {
        **piece(visit, desk, looked),
        "told": told,
        "base": base,
        "layouts": _layouts(others, desk.texts),
        "users": [one for one in others if kept and one.layout_id == kept.id],
        "seen": desk.seen or (digest(kept) if kept else ""),
        "form": visit.sent or Form({}),
        "can_edit": visit.may("developer") and (kept is None or kept.is_active),
        "is_changed": bool(told.problem) or _is_changed(desk),
        **await _sending(visit),
    }
    return visit.page("editor/editor.html", values, status=status)


def piece(visit: Visit, desk: Desk, looked: Look) -> dict[str, object]:
    """What the preview needs, as a part of the page or alone."""
    return {"desk": desk, "look": looked, "here": here(visit)}


async def _sending(visit: Visit) -> dict[str, object]:
    """What the form for a test message offers."""
    _, found = await visit.read(lambda tx: signatures.page(tx, count=MAX_SENDERS, offset=0))
    streams = visit.server.streams.values()
    return {
        "senders": [one.email for one in found if one.is_confirmed],
        "streams": [(s.slug, s.name) for s in streams if s.type is not StreamType.INBOUND],
    }


def _setting(tx: Tx, server_id: ServerId, desk: Desk) -> Setting:
    if desk.texts.is_layout:
        inside = store.find(tx, server_id, desk.inside) if desk.inside else None
        is_fit = inside is not None and inside.type is TemplateType.STANDARD
        return Setting(inside=inside if is_fit else None)
    try:
        return Setting(layout=layout_of(tx, server_id, desk.texts))
    except Refused as refused:
        return Setting(spots=(Spot(field="layout", message=words(refused)),))


def layout_of(tx: Tx, server_id: ServerId, texts: Texts) -> Template | None:
    """The layout that texts name. Refuses LAYOUT_NOT_FOUND."""
    if texts.layout == NEW_LAYOUT:
        return new_layout().to_template(server_id)
    return get_layout(tx, server_id, texts.layout) if texts.layout else None


def new_layout() -> Texts:
    """The basic layout."""
    return Texts.of_starter(starter(LAYOUT), TemplateType.LAYOUT)


def _layouts(others: Sequence[Summary], texts: Texts) -> list[tuple[str, str]]:
    """The layouts to choose from; the basic one also where it would have to be made first."""
    choices = [("", "None")]
    layouts = [one for one in others if one.type is TemplateType.LAYOUT and one.alias]
    choices += [(one.alias or "", one.name) for one in layouts]
    if texts.layout == NEW_LAYOUT:
        choices.append((NEW_LAYOUT, "Basic layout (made with this template)"))
    return choices


def _is_changed(desk: Desk) -> bool:
    return desk.kept is not None and Texts.of_template(desk.kept) != desk.texts


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
