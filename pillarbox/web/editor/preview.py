"""The preview beside the editor, and messages to try a template out. Nothing here changes a template."""

import asyncio

from starlette.responses import HTMLResponse, Response

from pillarbox.errors import Refused
from pillarbox.outbound.model import Accepted, Draft
from pillarbox.storage.tx import Tx
from pillarbox.templates import fill
from pillarbox.templates.fill import Filling
from pillarbox.templates.model import not_found
from pillarbox.users.model import Role
from pillarbox.web.area import Area
from pillarbox.web.editor import desk as desks
from pillarbox.web.editor import trial
from pillarbox.web.editor.desk import Desk, Told
from pillarbox.web.editor.listing import LIST
from pillarbox.web.messages import mail_html
from pillarbox.web.render import wants_piece
from pillarbox.web.visit import Visit, words

area = Area("templates")

_NOTHING = "<!doctype html><title>No preview</title><p>There is no HTML to show, or something is wrong with it."


@area.act(f"{LIST}/preview", needs=Role.SUPPORT)
async def preview(visit: Visit) -> Response:
    """What is on the screen, tried out: the piece the page's script asks for, or the page again."""
    desk = await desks.of_form(visit)
    if wants_piece(visit.request) is None:
        return await desks.page(visit, desk)
    looked = await desks.look(visit, desk)
    return visit.page("editor/verdict.html", desks.piece(visit, desk, looked))


@area.act(f"{LIST}/preview/html", needs=Role.SUPPORT)
async def show_html(visit: Visit) -> Response:
    """The HTML for the frame, in which nothing can run."""
    desk = await desks.of_form(visit)
    looked = await desks.look(visit, desk)
    html = _NOTHING if looked.html is None else looked.html
    text = await asyncio.to_thread(mail_html.framed, html, ())
    head = mail_html.headers(with_remote_images=visit.form.is_on("images"))
    return HTMLResponse(text.encode("utf-8", "replace"), headers=head)


@area.act(f"{LIST}/send")
async def send_test(visit: Visit) -> Response:
    """Send what is on the screen, saved or not, as any message is sent."""
    desk = await desks.of_form(visit)
    told = await _send(visit, desk)
    if wants_piece(visit.request) is not None:
        return visit.page("editor/sent.html", {"told": told})
    return await desks.page(visit, desk, told, status=422 if told.send_problem else 200)


async def _send(visit: Visit, desk: Desk) -> Told:
    """Take the message in; what is wrong with the template is told instead of bouncing."""
    form, server, texts = visit.form, visit.server, desk.texts
    if texts.is_layout:
        return Told(send_problem=words(not_found(None)))
    looked = await desks.look(visit, desk)
    if looked.spots:
        return Told(send_problem=f"{looked.spots[0].label}: {looked.spots[0].message}")
    try:
        layout = await visit.read(lambda tx: desks.layout_of(tx, server.id, texts))
    except Refused as refused:
        return Told(send_problem=words(refused))
    template = texts.to_template(server.id)
    source = await asyncio.to_thread(fill.of_templates, template, layout)
    draft = Draft(
        sender=form.line("from"),
        to=form.line("to"),
        stream=form.line("stream") or None,
        template=Filling(source=source, model=trial.read_model(desk.model or "")[0]),
    )
    [answer] = await visit.site.submission.submit(server, [draft])
    if not isinstance(answer, Accepted):
        return Told(send_problem=words(answer))
    await visit.write(_nothing, did=f"Sent a test of the template “{texts.name}” to {draft.to}")
    return Told(sent=answer.message_id)


def _nothing(_tx: Tx) -> None:
    """Sending wrote everything but the line of the audit log."""
