"""Data removals. Source: spec triggers-suppressions-data-removal 4."""

from typing import NoReturn

from pillarbox.api.callers import AccountCall
from pillarbox.api.endpoint import Group
from pillarbox.errors import Problem, Refused
from pillarbox.retention import store
from pillarbox.retention.model import NewRemoval
from pillarbox.wire.removals import DataRemoval, DataRemovalRequest

group = Group(
    "Data removals",
    docs="spec triggers-suppressions-data-removal 4",
    not_found=Problem.REMOVAL_NOT_FOUND,
)


@group.post("/data-removals", no_body=Problem.REMOVAL_INVALID)
def create_data_removal(call: AccountCall, body: DataRemovalRequest) -> DataRemoval:
    """Have everything about one recipient erased, in all Servers.

    Refuses REMOVAL_INVALID.
    """
    requested_by, address = body.addresses()
    new = NewRemoval(
        requested_by=requested_by,
        address=address,
        is_notification_wanted=bool(body.NotifyWhenCompleted),
    )
    removal = store.insert_removal(call.tx, new)
    return DataRemoval(removal.id, removal.status.value)


@group.get("/data-removals")
def data_removal_without_id(call: AccountCall) -> NoReturn:
    """An id was forgotten.

    Refuses REMOVAL_NOT_FOUND, always.
    """
    raise Refused(Problem.REMOVAL_NOT_FOUND)


@group.get("/data-removals/{removal_id}")
def get_data_removal(call: AccountCall, removal_id: int) -> DataRemoval:
    """Whether a removal is done.

    Refuses REMOVAL_NOT_FOUND.
    """
    removal = store.find(call.tx, removal_id)
    if removal is None:
        raise Refused(Problem.REMOVAL_NOT_FOUND)
    return DataRemoval(removal.id, removal.status.value)
