"""Reading opens and clicks back. Source: spec messages 8 and 9."""

from pillarbox.api.callers import ServerCall
from pillarbox.api.endpoint import Group
from pillarbox.api.messages import find_message, stream_key
from pillarbox.tracking import store
from pillarbox.tracking.model import Hit, HitKind
from pillarbox.wire.tracking import Click, Clicks, HitPage, HitSearch, Open, Opens

group = Group("Opens and clicks", docs="spec messages 8")


@group.get("/messages/outbound/opens")
def list_opens(call: ServerCall, query: HitSearch) -> Opens:
    """Search the first opens of one stream, newest first.

    Refuses MESSAGES_BAD_FILTER, STREAM_NOT_FOUND.
    """
    total, found = _search(call, query, HitKind.OPEN)
    return Opens(total, [Open.of(hit) for hit in found])


@group.get("/messages/outbound/opens/{message_id}")
def message_opens(call: ServerCall, message_id: str, query: HitPage) -> Opens:
    """The first opens of one message.

    Refuses MESSAGE_NOT_FOUND.
    """
    total, found = _of_message(call, message_id, query, HitKind.OPEN)
    return Opens(total, [Open.of(hit) for hit in found])


@group.get("/messages/outbound/clicks")
def list_clicks(call: ServerCall, query: HitSearch) -> Clicks:
    """Search the first clicks of one stream, newest first.

    Refuses MESSAGES_BAD_FILTER, STREAM_NOT_FOUND.
    """
    total, found = _search(call, query, HitKind.CLICK)
    return Clicks(total, [Click.of(hit) for hit in found])


@group.get("/messages/outbound/clicks/{message_id}")
def message_clicks(call: ServerCall, message_id: str, query: HitPage) -> Clicks:
    """The first clicks on each link of one message.

    Refuses MESSAGE_NOT_FOUND.
    """
    total, found = _of_message(call, message_id, query, HitKind.CLICK)
    return Clicks(total, [Click.of(hit) for hit in found])


def _search(call: ServerCall, query: HitSearch, kind: HitKind) -> tuple[int, list[Hit]]:
    key = stream_key(call.server, query.messagestream)
    wanted = query.to_search(kind, call.server.id, key)
    return store.search(call.tx, wanted, count=query.count, offset=query.offset)


def _of_message(
    call: ServerCall, message_id: str, query: HitPage, kind: HitKind
) -> tuple[int, list[Hit]]:
    message = find_message(call, message_id)
    return store.list_of_message(call.tx, message.key, kind, count=query.count, offset=query.offset)
