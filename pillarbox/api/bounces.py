"""Bounces and delivery statistics. Source: spec bounces 4."""

from typing import NoReturn

from pillarbox.api.callers import ServerCall
from pillarbox.api.endpoint import Group
from pillarbox.api.messages import stream_key
from pillarbox.bounces import store
from pillarbox.bounces.activate import activate
from pillarbox.errors import Problem, Refused
from pillarbox.wire.bounces import Activated, Bounce, Bounces, BounceSearch, DeliveryStats
from pillarbox.wire.messages import Dump

STRICT_CLIENT = "postmark-python"

group = Group("Bounces", docs="spec bounces", not_found=Problem.BOUNCE_NOT_FOUND)


@group.get("/deliverystats")
def delivery_stats(call: ServerCall) -> DeliveryStats:
    """How many addresses are deactivated, and how many bounces of each type there ever were."""
    totals = store.totals(call.tx, call.server.id)
    inactive = store.count_inactive(call.tx, call.server.id)
    return DeliveryStats.of(totals, inactive, has_typed_sum=call.client == STRICT_CLIENT)


@group.get("/bounces")
def list_bounces(call: ServerCall, query: BounceSearch) -> Bounces:
    """Search the bounces of one stream, newest first.

    Refuses BOUNCES_BAD_FILTER, STREAM_NOT_FOUND.
    """
    count, offset = query.page()
    wanted = query.to_search(call.server.id, stream_key(call.server, query.messagestream))
    total, found = store.search(call.tx, wanted, count=count, offset=offset)
    return Bounces(total, [Bounce.of(bounce) for bounce in found])


@group.get("/bounces/tags")
def bounce_tags(call: ServerCall) -> list[str]:
    """The tags of messages that have bounced (legacy)."""
    return store.list_tags(call.tx, call.server.id)


@group.get("/bounces//dump")
def bounce_without_id(call: ServerCall) -> NoReturn:
    """An id was forgotten.

    Refuses BOUNCE_ID_MISSING, always.
    """
    raise Refused(Problem.BOUNCE_ID_MISSING)


@group.get("/bounces/{bounce_id}")
def get_bounce(call: ServerCall, bounce_id: int) -> Bounce:
    """One bounce with the report's source.

    Refuses BOUNCE_NOT_FOUND.
    """
    return Bounce.of(store.get(call.tx, call.server.id, bounce_id))


@group.get("/bounces/{bounce_id}/dump")
def bounce_dump(call: ServerCall, bounce_id: int) -> Dump:
    """The raw source of the bounce report.

    Refuses BOUNCE_NOT_FOUND.
    """
    return Dump(store.get(call.tx, call.server.id, bounce_id).content or "")


@group.put("/bounces/{bounce_id}/activate")
def activate_bounce(call: ServerCall, bounce_id: int) -> Activated:
    """Send to the bounced address again.

    Refuses BOUNCE_NOT_FOUND, BOUNCE_NOT_ACTIVATABLE.
    """
    return Activated("OK", Bounce.of(activate(call.tx, call.server, bounce_id)))
