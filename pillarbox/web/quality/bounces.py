"""Bounces: the list with its filters, one bounce with its cause, and sending to its address again."""

from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.bounces import store
from pillarbox.bounces.activate import activate
from pillarbox.bounces.model import TYPES, Bounce, BounceType
from pillarbox.errors import Problem, Refused
from pillarbox.outbound.store import messages
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Suppression
from pillarbox.web import download
from pillarbox.web.area import Area
from pillarbox.web.quality import filters
from pillarbox.web.quality.filters import Filters
from pillarbox.web.quality.reasons import reason_of_type
from pillarbox.web.visit import Visit, words
from pillarbox.wire.bounces import BounceSearch
from pillarbox.wire.query import MAX_REACH, QueryString

area = Area("bounces")

PAGE_SIZE = 50
MAX_SHOWN = 256 * 1024
"""Characters of a report that the page shows; the rest is for downloading."""
NAMES = ("type", "inactive", "emailfilter", "tag", "messagestream", "fromdate", "todate")
_QUERY = QueryString(BounceSearch)
_BAD = {BounceType.HARD_BOUNCE, BounceType.BAD_EMAIL_ADDRESS, BounceType.SPAM_COMPLAINT}
_MUTE = {
    BounceType.AUTO_RESPONDER,
    BounceType.ADDRESS_CHANGE,
    BounceType.CHALLENGE_VERIFICATION,
    BounceType.SUBSCRIBE,
    BounceType.UNSUBSCRIBE,
    BounceType.OPEN_RELAY_TEST,
}


def tone(kind: BounceType) -> str:
    """The colour of a type: what ends an address, what went wrong, and what is only an answer."""
    if kind in _BAD:
        return "bad"
    return "mute" if kind in _MUTE else "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One bounce with everything around it."""

    bounce: Bounce
    rule: str
    held: Suppression | None
    has_message: bool


@area.show("/ui/servers/{server}/bounces")
async def list_bounces(visit: Visit) -> Response:
    """A page of the bounces that match, newest first, and how many there ever were of each type."""
    server = visit.server
    asked = Filters.of(visit, f"/ui/servers/{server.id}/bounces", NAMES)
    query, problem = filters.read(visit, _QUERY)
    values: dict[str, Any] = {
        "asked": asked,
        "streams": filters.sending_streams(server),
        "types": [(kind.value, facts.name) for kind, facts in TYPES.items()],
        "tone": tone,
        "facts": TYPES,
        "problem_text": problem,
        "total": 0,
        "found": [],
        "offset": 0,
    }
    counts = await visit.read(
        lambda tx: (store.totals(tx, server.id), store.count_inactive(tx, server.id))
    )
    values["totals"], values["inactive"] = counts
    if query is not None:
        try:
            values |= await _page(visit, query)
        except Refused as refused:
            values["problem_text"] = words(refused)
    return visit.page("quality/bounces.html", values, status=422 if values["problem_text"] else 200)


@area.show("/ui/servers/{server}/bounces/{bounce}")
async def show_bounce(visit: Visit) -> Response:
    """Why it bounced, what came back, and whether the address is held back."""
    return await _bounce(visit)


@area.show("/ui/servers/{server}/bounces/{bounce}/source")
async def download_source(visit: Visit) -> Response:
    """The report as it came in."""
    record = await _record(visit)
    if record.bounce.content is None:
        raise HTTPException(404, "part")
    name = download.headers(f"bounce-{record.bounce.id}.eml")
    source = record.bounce.content.encode("utf-8", "replace")
    return Response(source, media_type="text/plain", headers=name)


@area.act("/ui/servers/{server}/bounces/{bounce}/activate")
async def activate_bounce(visit: Visit) -> Response:
    """Send to the address again, if the rules of the API let that be done."""
    server, bounce_id = visit.server, _id(visit)
    try:
        bounce = await visit.write(
            lambda tx: activate(tx, server, bounce_id),
            did=f"Reactivated the address of bounce {bounce_id}",
        )
    except Refused as refused:
        if refused.problem is Problem.BOUNCE_NOT_FOUND:
            raise HTTPException(404, "gone") from None
        return await _bounce(visit, words(refused))
    said = f"Mail to {bounce.email} is sent again."
    return visit.go(f"/ui/servers/{server.id}/bounces/{bounce_id}", said)


async def _page(visit: Visit, query: BounceSearch) -> dict[str, Any]:
    """What the list shows. Refuses STREAM_NOT_FOUND and what the search refuses."""
    server, offset = visit.server, min(query.offset or 0, MAX_REACH - PAGE_SIZE)
    stream = server.stream(query.messagestream) if query.messagestream else None
    if query.messagestream and stream is None:
        raise Refused(Problem.STREAM_NOT_FOUND)
    wanted = query.to_search(server.id, stream.key if stream else None)
    total, found = await visit.read(
        lambda tx: store.search(tx, wanted, count=PAGE_SIZE, offset=offset)
    )
    reach = min(total, MAX_REACH)
    return {
        "total": total,
        "found": found,
        "offset": offset,
        "newer": max(offset - PAGE_SIZE, 0) if offset else None,
        "older": offset + PAGE_SIZE if offset + PAGE_SIZE < reach else None,
        "is_cut": total > MAX_REACH and offset + 2 * PAGE_SIZE > MAX_REACH,
    }


async def _bounce(visit: Visit, problem: str = "") -> Response:
    record = await _record(visit)
    bounce = record.bounce
    source = bounce.content or ""
    values = {
        "record": record,
        "bounce": bounce,
        "facts": TYPES[bounce.type],
        "tone": tone,
        "reason": reason_of_type(record.rule),
        "source": source[:MAX_SHOWN],
        "is_cut": len(source) > MAX_SHOWN,
        "problem_text": problem,
    }
    return visit.page("quality/bounce.html", values, status=422 if problem else 200)


async def _record(visit: Visit) -> Record:
    """The bounce of the address. 404 when this Server has none with this id."""
    server_id, bounce_id = visit.server.id, _id(visit)
    found = await visit.read(lambda tx: _look(tx, server_id, bounce_id))
    if found is None:
        raise HTTPException(404, "gone")
    return found


def _look(tx: Tx, server_id: int, bounce_id: int) -> Record | None:
    bounce = store.find(tx, server_id, bounce_id)
    if bounce is None:
        return None
    address = bounce.email.lower()
    stream_key, _ = store.find_place(tx, bounce_id)
    message = messages.find(tx, server_id, bounce.message_id) if bounce.message_id else None
    return Record(
        bounce=bounce,
        rule=store.find_rule(tx, bounce_id),
        held=suppressions.find_all(tx, stream_key, [address]).get(address),
        has_message=message is not None,
    )


def _id(visit: Visit) -> int:
    text = visit.path("bounce")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise HTTPException(404, "gone")
    return int(text)
