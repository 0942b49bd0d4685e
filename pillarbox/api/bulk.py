"""Bulk requests. Source: spec sending 5."""

from functools import partial

from pillarbox.api.callers import ServerCall
from pillarbox.api.email import CONTENT
from pillarbox.api.endpoint import MAX_BATCH_BODY, Group
from pillarbox.bulk import store
from pillarbox.errors import Problem, Refused, RefusedSeverally
from pillarbox.wire.bulk import (
    BulkAccepted,
    BulkBody,
    BulkQuery,
    BulkReading,
    BulkRequests,
    BulkStatus,
    explain,
)

group = Group("Bulk", docs="spec sending 5")


@group.post("/email/bulk", limit=MAX_BATCH_BODY, refuses=CONTENT, described=BulkBody)
async def send_bulk(call: ServerCall, body: bytes) -> BulkAccepted:
    """Send one content to many recipients, soon.

    Refuses BULK_NOT_APPROVED, BULK_SEVERAL_PROBLEMS, BULK_FIELD_REQUIRED, STREAM_NOT_FOUND, SEND_STREAM_INBOUND,
    CONTENT_WITH_TEMPLATE, TEMPLATE_NOT_FOUND, TEMPLATE_ALIAS_NOT_FOUND, TEMPLATE_SYNTAX, LAYOUT_PLACEHOLDER; then
    nothing is kept.
    """
    _check_approved(call)
    try:
        request = await call.bulk.take(call.server, partial(BulkReading, body))
    except RefusedSeverally as refused:
        raise explain(refused) from None
    return BulkAccepted.of(request)


@group.get("/email/bulk")
def list_bulk(call: ServerCall, query: BulkQuery) -> BulkRequests:
    """How far the Server's requests are, newest first.

    Refuses BULK_NOT_APPROVED, BULK_BAD_COUNT, BULK_BAD_KEY.
    """
    _check_approved(call)
    count, before = query.page()
    found = store.list_newest(call.tx, call.server.id, before=before, count=count + 1)
    return BulkRequests.of(found[:count], has_more=len(found) > count)


@group.get("/email/bulk/{bulk_id}")
def get_bulk(call: ServerCall, bulk_id: str) -> BulkStatus:
    """How far a request is.

    Refuses BULK_NOT_APPROVED, BULK_NOT_FOUND.
    """
    _check_approved(call)
    return BulkStatus.of(store.get(call.tx, call.server.id, bulk_id))


def _check_approved(call: ServerCall) -> None:
    if not call.app.config.bulk_api:
        raise Refused(Problem.BULK_NOT_APPROVED)
