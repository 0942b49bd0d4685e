"""Suppressions of one message stream. Source: spec triggers-suppressions-data-removal 3."""

from collections.abc import AsyncIterator, Sequence

from pillarbox.api.callers import ServerCall
from pillarbox.api.endpoint import Group, Streamed
from pillarbox.bounces.activate import activate_addresses
from pillarbox.errors import Problem, Refused
from pillarbox.outbound.suppress import suppress_addresses
from pillarbox.servers.model import Server, Stream, StreamType
from pillarbox.storage.db import Database
from pillarbox.suppressions import store
from pillarbox.suppressions.model import Suppression, SuppressionSearch
from pillarbox.wire.suppressions import (
    DUMP_END,
    DUMP_START,
    SuppressionChange,
    SuppressionDump,
    SuppressionResults,
    dump_part,
)

AT_ONCE = 2000

group = Group("Suppressions", docs="spec triggers-suppressions-data-removal 3")


@group.get("/message-streams/{stream_id}/suppressions/dump")
async def dump_suppressions(call: ServerCall, stream_id: str, query: SuppressionDump) -> Streamed:
    """All suppressions of a stream, newest first.

    Refuses STREAM_NOT_FOUND, SUPPRESSIONS_BAD_REASON, SUPPRESSIONS_BAD_ORIGIN, SUPPRESSIONS_FAILED.
    """
    wanted = query.to_search(_stream(call.server, stream_id).key)
    first = [] if wanted is None else await _page(call.app.db, wanted, None)
    return Streamed(_pieces(call.app.db, wanted, first))


@group.post("/message-streams/{stream_id}/suppressions", no_body=Problem.SUPPRESSIONS_NO_BODY)
def create_suppressions(
    call: ServerCall, stream_id: str, body: SuppressionChange
) -> SuppressionResults:
    """Stop sending to up to 50 addresses in a stream.

    Refuses STREAM_NOT_FOUND, SUPPRESSIONS_FAILED for an inbound stream, SUPPRESSIONS_NO_BODY,
    SUPPRESSIONS_TOO_MANY, SUPPRESSION_WITHOUT_ADDRESS.
    """
    stream = _stream(call.server, stream_id)
    wanted = body.addresses()
    if stream.type is StreamType.INBOUND:
        raise Refused(Problem.SUPPRESSIONS_FAILED)
    keys = [key for _, key in wanted if key is not None]
    return SuppressionResults.of(
        wanted, suppress_addresses(call.tx, stream, keys), done="Suppressed"
    )


@group.post(
    "/message-streams/{stream_id}/suppressions/delete", no_body=Problem.SUPPRESSIONS_NO_BODY
)
def delete_suppressions(
    call: ServerCall, stream_id: str, body: SuppressionChange
) -> SuppressionResults:
    """Send to up to 50 addresses in a stream again, unless they complained or unsubscribed.

    Refuses STREAM_NOT_FOUND, SUPPRESSIONS_NO_BODY, SUPPRESSIONS_TOO_MANY, SUPPRESSION_WITHOUT_ADDRESS.
    """
    stream = _stream(call.server, stream_id)
    wanted = body.addresses()
    keys = [key for _, key in wanted if key is not None]
    return SuppressionResults.of(wanted, activate_addresses(call.tx, stream, keys), done="Deleted")


def _stream(server: Server, slug: str) -> Stream:
    stream = server.stream(slug)
    if stream is None:
        raise Refused(Problem.STREAM_NOT_FOUND)
    return stream


async def _pieces(
    db: Database, wanted: SuppressionSearch | None, first: Sequence[Suppression]
) -> AsyncIterator[bytes]:
    """The list's JSON: the page that was read, then page after page."""
    yield DUMP_START + dump_part(first)
    page = first
    while wanted is not None and len(page) == AT_ONCE:
        page = await _page(db, wanted, page[-1])
        if page:
            yield b"," + dump_part(page)
    yield DUMP_END


async def _page(
    db: Database, wanted: SuppressionSearch, after: Suppression | None
) -> list[Suppression]:
    return await db.read(lambda tx: store.newest(tx, wanted, after=after, limit=AT_ONCE))
