"""Creating, editing and deleting templates and layouts."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.errors import Refused
from pillarbox.ids import ServerId
from pillarbox.storage.tx import Tx
from pillarbox.templates import change, store
from pillarbox.templates.check import Reading, read
from pillarbox.templates.model import Template, TemplateType
from pillarbox.users.model import Role
from pillarbox.web.area import Area
from pillarbox.web.editor import desk as desks
from pillarbox.web.editor.desk import Desk, Told
from pillarbox.web.editor.listing import LIST, here, starting
from pillarbox.web.editor.starters import LAYOUT, NAMES, model, starter
from pillarbox.web.editor.texts import NEW_LAYOUT, Texts, digest
from pillarbox.web.visit import Visit, words

area = Area("templates")

NEW = f"{LIST}/new"
ONE = f"{LIST}/{{template:int}}"
_CHANGED_MEANWHILE = (
    "Somebody else has changed this template since you opened it. Save again to put yours in its place, "
    "or load the page again to see theirs."
)


class _ChangedMeanwhile(Exception):
    """What is stored is not what the editor was opened with. `now` is the digest of what is."""

    def __init__(self, now: str) -> None:
        super().__init__(now)
        self.now = now


@area.show(NEW, needs=Role.DEVELOPER)
async def new_template(visit: Visit) -> Response:
    """Choose what to start from, or the editor with that in it."""
    copied = visit.number("copy", digits=9)
    if copied is not None:
        return await desks.page(visit, Desk(texts=_copy(await desks.kept(visit, copied))))
    begin, is_layout = visit.query("from"), visit.query("type") == "layout"
    if not begin and not is_layout:
        return visit.page("editor/start.html", {"here": here(visit), **starting()})
    if begin == LAYOUT:
        return await desks.page(visit, Desk(texts=desks.new_layout(), model=model(LAYOUT)))
    if begin in NAMES:
        return await desks.page(visit, await _started(visit, begin))
    kind = TemplateType.LAYOUT if is_layout else TemplateType.STANDARD
    return await desks.page(visit, Desk(texts=_blank(kind)))


@area.act(NEW)
async def create_template(visit: Visit) -> Response:
    """Create a template, and the basic layout if it is wanted and not there."""
    desk = await desks.of_form(visit)
    texts, server_id = desk.texts, visit.server.id
    reading = await asyncio.to_thread(read, texts.to_new())
    limit = visit.app.config.template_limit
    try:
        made = await visit.write(
            lambda tx: _create(tx, server_id, texts, reading, limit),
            did=f"Created the {_noun(texts)} “{texts.name}”",
        )
    except Refused as refused:
        return await desks.page(visit, desk, Told(problem=words(refused)), status=422)
    return visit.go(f"{here(visit)}/{made.id}", f"The {_noun(texts)} “{made.name}” is ready.")


@area.show(ONE)
async def show_template(visit: Visit) -> Response:
    """The editor with a template in it; a deleted one can be looked at."""
    kept = await desks.kept(visit, int(visit.path("template")))
    return await desks.page(visit, Desk(texts=Texts.of_template(kept), kept=kept))


@area.act(ONE)
async def save_template(visit: Visit) -> Response:
    """Change a template."""
    desk, kept = await _active(visit)
    texts, server_id, draft = desk.texts, visit.server.id, desk.texts.to_edit(kept)
    reading = await asyncio.to_thread(read, draft)

    def save(tx: Tx) -> Template:
        now = store.get_active(tx, server_id, kept.id)
        if digest(now) != desk.seen:
            raise _ChangedMeanwhile(digest(now))
        return change.edit(tx, server_id, kept.id, draft, reading)

    try:
        did = f"Changed the {_noun(texts)} “{texts.name}”"
        saved = await visit.write(save, did=did)
    except _ChangedMeanwhile as meanwhile:
        again = Desk(texts=texts, kept=kept, model=desk.model, seen=meanwhile.now)
        return await desks.page(visit, again, Told(problem=_CHANGED_MEANWHILE), status=422)
    except Refused as refused:
        return await desks.page(visit, desk, Told(problem=words(refused)), status=422)
    return visit.go(f"{here(visit)}/{saved.id}", "Saved.")


@area.act(f"{ONE}/delete")
async def delete_template(visit: Visit) -> Response:
    """Take a template out of use; it can still be looked at."""
    kept = await desks.kept(visit, int(visit.path("template")))
    texts, server_id = Texts.of_template(kept), visit.server.id
    did = f"Deleted the {_noun(texts)} “{kept.name}”"
    try:
        await visit.write(lambda tx: change.delete(tx, server_id, kept.id), did=did)
    except Refused as refused:
        told = Told(problem=words(refused))
        return await desks.page(visit, Desk(texts=texts, kept=kept), told, status=422)
    return visit.go(here(visit), f"The {_noun(texts)} “{kept.name}” is deleted.")


def _create(tx: Tx, server_id: ServerId, texts: Texts, reading: Reading, limit: int) -> Template:
    if texts.layout == NEW_LAYOUT:
        layout = desks.new_layout().to_new()
        change.create(tx, server_id, layout, read(layout), limit=limit)
    return change.create(tx, server_id, texts.to_new(), reading, limit=limit)


async def _started(visit: Visit, begin: str) -> Desk:
    """A template from a starter, inside the basic layout; that is made with it where the alias is free."""
    found = await visit.read(lambda tx: store.find(tx, visit.server.id, LAYOUT))
    layout = NEW_LAYOUT if found is None else ""
    if found is not None and found.type is TemplateType.LAYOUT:
        layout = LAYOUT
    texts = Texts.of_starter(starter(begin), TemplateType.STANDARD, layout=layout)
    return Desk(texts=texts, model=model(begin, LAYOUT) if layout else model(begin))


async def _active(visit: Visit) -> tuple[Desk, Template]:
    """What was sent for a template that is there. Raises HTTPException for a deleted or a foreign one."""
    kept = await desks.kept(visit, int(visit.path("template")))
    if not kept.is_active:
        raise HTTPException(404, "gone")
    form = visit.form
    sent = Texts.of_form(form, kept.type)
    return Desk(texts=sent, kept=kept, model=form.text("model"), seen=form.line("seen")), kept


def _copy(kept: Template) -> Texts:
    """The same under another name; its alias is taken."""
    texts = Texts.of_template(kept)
    return Texts(
        kind=texts.kind,
        name=f"Copy of {texts.name}"[:255],
        subject=texts.subject,
        html=texts.html,
        text=texts.text,
        layout=texts.layout,
    )


def _blank(kind: TemplateType) -> Texts:
    if kind is TemplateType.LAYOUT:
        return Texts(kind=kind, html="{{{ @content }}}\n", text="{{{ @content }}}\n")
    return Texts(kind=kind)


def _noun(texts: Texts) -> str:
    return "layout" if texts.is_layout else "template"
