"""Suppressions of a stream: the list with its filters, adding, reactivating, and CSV in and out."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from pillarbox.errors import Refused
from pillarbox.servers.model import Stream, StreamType
from pillarbox.storage.db import Database
from pillarbox.suppressions import store
from pillarbox.suppressions.model import Origin, Reason, Suppression, SuppressionSearch
from pillarbox.users.model import Role
from pillarbox.web import download
from pillarbox.web.area import Area
from pillarbox.web.quality import addresses, changes, filters
from pillarbox.web.quality.addresses import Line
from pillarbox.web.quality.changes import MAX_LINES, Change, Result
from pillarbox.web.quality.filters import Filters
from pillarbox.web.quality.reasons import why
from pillarbox.web.visit import Visit, words
from pillarbox.wire.query import QueryString
from pillarbox.wire.suppressions import SuppressionDump

area = Area("suppressions")

PAGE_SIZE = 50
EXPORT_AT_ONCE = 2000
MAX_TOLD = 1000
"""Lines of a report that the page shows, those that went wrong first."""
NAMES = ("messagestream", "suppressionreason", "origin", "email", "fromdate", "todate")
REASONS = (
    (Reason.HARD_BOUNCE.value, "Hard bounce"),
    (Reason.SPAM_COMPLAINT.value, "Spam complaint"),
    (Reason.MANUAL.value, "Manual suppression"),
)
TONES = {Reason.HARD_BOUNCE: "warn", Reason.SPAM_COMPLAINT: "bad", Reason.MANUAL: "mute"}
_QUERY = QueryString(SuppressionDump)


@area.show("/ui/servers/{server}/suppressions")
async def list_suppressions(visit: Visit) -> Response:
    """A page of one stream's suppressions, newest first."""
    return await _list(visit)


@area.show("/ui/servers/{server}/suppressions/export", needs=Role.DEVELOPER)
async def export(visit: Visit) -> Response:
    """All suppressions that match, as CSV, read and sent page after page."""
    stream = _stream(visit)
    wanted, problem = _wanted(visit, stream)
    if wanted is None:
        return await _list(visit, problem)
    name = download.headers(f"suppressions-{visit.server.id}-{stream.slug}.csv")
    pieces = _csv(visit.app.db, wanted)
    return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=name)


@area.show("/ui/servers/{server}/suppressions/add", needs=Role.DEVELOPER)
async def new_suppressions(visit: Visit) -> Response:
    """The form for one address or many."""
    return _form(visit, _stream(visit))


@area.act("/ui/servers/{server}/suppressions/add")
async def add_suppressions(visit: Visit) -> Response:
    """Stop sending to a list of addresses, or start again; a word on each."""
    stream = _stream(visit)
    lines = addresses.read(visit.form.text("addresses"))
    if not lines:
        return _form(visit, stream, "Write at least one address.")
    if len(lines) > MAX_LINES:
        return _form(visit, stream, f"At most {MAX_LINES:,} lines can be worked through at once.")
    is_adding = visit.form.line("what", "add") == "add"
    return await _change(visit, stream, lines, changes.add if is_adding else changes.reactivate)


@area.act("/ui/servers/{server}/suppressions/delete")
async def delete_suppressions(visit: Visit) -> Response:
    """Send again to the addresses that are ticked in the list."""
    stream = _stream(visit)
    lines = addresses.plain(visit.form.all("address"))
    if not lines:
        return await _list(visit, "Tick the addresses that mail should be sent to again.")
    return await _change(visit, stream, lines, changes.reactivate)


async def _list(visit: Visit, problem: str = "") -> Response:
    stream = _stream(visit)
    asked = Filters.of(visit, f"/ui/servers/{visit.server.id}/suppressions", NAMES)
    wanted, unreadable = _wanted(visit, stream)
    total, found = 0, list[Suppression]()
    if wanted is not None:
        search, after = wanted, _position(visit, stream)
        total, found = await visit.read(
            lambda tx: (
                store.count_found(tx, search),
                store.newest(tx, search, after=after, limit=PAGE_SIZE + 1),
            )
        )
    values: dict[str, Any] = {
        "asked": asked,
        "stream": stream,
        "streams": filters.sending_streams(visit.server),
        "reasons": REASONS,
        "names": dict(REASONS),
        "origins": [(origin.value, origin.value) for origin in Origin],
        "tones": TONES,
        "why": why,
        "total": total,
        "found": found[:PAGE_SIZE],
        "older": _marks(found[PAGE_SIZE - 1]) if len(found) > PAGE_SIZE else None,
        "is_first": not visit.query("before"),
        "problem_text": problem or unreadable,
    }
    status = 422 if values["problem_text"] else 200
    return visit.page("quality/suppressions.html", values, status=status)


def _form(visit: Visit, stream: Stream, problem: str = "") -> Response:
    values = {
        "stream": stream,
        "text": visit.sent.text("addresses") if visit.sent else "",
        "most": MAX_LINES,
        "problem_text": problem,
    }
    return visit.page("quality/suppressions_add.html", values, status=422 if problem else 200)


async def _change(visit: Visit, stream: Stream, lines: list[Line], change: Change) -> Response:
    """Batch after batch, and the report. A batch that fails ends it; those before it stay done."""
    results: list[Result] = []
    for batch in changes.batches(lines):
        results += await _change_batch(visit, stream, batch, change)
    order = {outcome: place for place, outcome in enumerate(reversed(changes.Outcome))}
    told = sorted(results, key=lambda one: order[one.outcome])[:MAX_TOLD]
    values = {
        "stream": stream,
        "sums": changes.sums(results),
        "tones": changes.TONES,
        "told": told,
        "untold": len(results) - len(told),
    }
    return visit.page("quality/suppressions_changed.html", values)


async def _change_batch(
    visit: Visit, stream: Stream, batch: Sequence[Line], change: Change
) -> list[Result]:
    verb = "Suppressed" if change is changes.add else "Reactivated"
    did = f"{verb} addresses in the stream “{stream.slug}”: a list of {len(batch)}"
    return await visit.write(lambda tx: change(tx, stream, batch), did=did)


def _stream(visit: Visit) -> Stream:
    """The stream that the address names, else the default one. 404 for one that sends no mail."""
    slug = visit.query("messagestream")
    streams = filters.sending_streams(visit.server)
    stream = visit.server.stream(slug) if slug else next(iter(streams), None)
    if stream is None or stream.type is StreamType.INBOUND:
        raise HTTPException(404, "gone")
    return stream


def _wanted(visit: Visit, stream: Stream) -> tuple[SuppressionSearch | None, str]:
    """What is looked for, or why that cannot be understood."""
    query, problem = filters.read(visit, _QUERY)
    if query is None:
        return None, problem
    try:
        found = query.to_search(stream.key)
    except Refused as refused:
        return None, words(refused)
    if found is None:
        return None, "This is no email address."
    part = visit.query("email", most=320) or None
    search = SuppressionSearch(
        stream_key=stream.key,
        reason=found.reason,
        origin=found.origin,
        since=found.since,
        until=found.until,
        address=found.address,
        part=part,
    )
    return search, ""


def _marks(last: Suppression) -> dict[str, str]:
    """Where the next page begins: after this one."""
    return {"before": last.created_at.isoformat(), "after": last.address}


def _position(visit: Visit, stream: Stream) -> Suppression | None:
    """The suppression after which the page begins; what makes no sense means the first page."""
    try:
        at = datetime.fromisoformat(visit.query("before"))
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    return Suppression(
        stream_key=stream.key,
        address=visit.query("after", most=320),
        reason=Reason.MANUAL,
        origin=Origin.CUSTOMER,
        created_at=at,
    )


async def _csv(db: Database, wanted: SuppressionSearch) -> AsyncIterator[str]:
    yield addresses.csv_title()
    last: Suppression | None = None
    while True:
        page = await _export_page(db, wanted, last)
        if page:
            yield "".join(addresses.csv_lines(page))
        if len(page) < EXPORT_AT_ONCE:
            return
        last = page[-1]


async def _export_page(
    db: Database, wanted: SuppressionSearch, after: Suppression | None
) -> list[Suppression]:
    return await db.read(lambda tx: store.newest(tx, wanted, after=after, limit=EXPORT_AT_ONCE))
