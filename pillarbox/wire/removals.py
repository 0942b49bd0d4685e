"""Data removals. Source: spec triggers-suppressions-data-removal 4."""

from pillarbox.errors import Problem, Refused
from pillarbox.mail.address import bare_key
from pillarbox.wire.base import Reply, Request


class DataRemovalRequest(Request):
    """Who asks for whose data to be removed."""

    RequestedBy: str | None = None
    RequestedFor: str | None = None
    NotifyWhenCompleted: bool | None = None

    def addresses(self) -> tuple[str, str]:
        """Who asks, and whose data are meant, lower-cased. Refuses REMOVAL_INVALID."""
        by, whose = bare_key(self.RequestedBy or ""), bare_key(self.RequestedFor or "")
        if by is None or whose is None:
            raise Refused(Problem.REMOVAL_INVALID)
        return by, whose


class DataRemoval(Reply):
    """A removal; its status is `Pending` or `Done`."""

    ID: int
    Status: str
