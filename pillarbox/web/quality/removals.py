"""Data removals: having everything about one recipient erased, and how far that is."""

from typing import Any

from starlette.responses import Response

from pillarbox.errors import Refused
from pillarbox.retention import store
from pillarbox.retention.model import NewRemoval, RemovalStatus
from pillarbox.users.model import Role
from pillarbox.web.area import Area
from pillarbox.web.forms import Form
from pillarbox.web.visit import Visit, words
from pillarbox.wire.removals import DataRemovalRequest

area = Area("suppressions")

PATH = "/ui/removals"
PAGE_SIZE = 50


@area.show(PATH, needs=Role.OWNER)
async def list_removals(visit: Visit) -> Response:
    """The form, and the requests so far, newest first."""
    return await _page(visit, Form({}))


@area.act(PATH, needs=Role.OWNER)
async def request_removal(visit: Visit) -> Response:
    """Have an address erased. The audit log must not keep what is to be erased, so it is not told the address."""
    form = visit.form
    wanted = DataRemovalRequest(
        RequestedBy=form.line("requested_by"),
        RequestedFor=form.line("requested_for"),
        NotifyWhenCompleted=form.is_on("notify"),
    )
    try:
        requested_by, address = wanted.addresses()
    except Refused as refused:
        return await _page(visit, form, words(refused))
    if not form.is_on("sure"):
        return await _page(visit, form, "Tick that you know it cannot be undone.")
    new = NewRemoval(
        requested_by=requested_by,
        address=address,
        is_notification_wanted=form.is_on("notify"),
    )
    removal = await visit.write(
        lambda tx: store.insert_removal(tx, new), did="Requested a data removal"
    )
    return visit.go(PATH, f"Data removal {removal.id} is requested.")


async def _page(visit: Visit, form: Form, problem: str = "") -> Response:
    before = visit.number("before", digits=10)
    found = await visit.read(lambda tx: store.newest(tx, before=before, limit=PAGE_SIZE + 1))
    values: dict[str, Any] = {
        "form": form,
        "found": found[:PAGE_SIZE],
        "older": found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
        "done": RemovalStatus.DONE,
        "problem_text": problem,
    }
    return visit.page("quality/removals.html", values, status=422 if problem else 200)
