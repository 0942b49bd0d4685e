"""Where a message stands, in one word: what its copies and its events come to. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from pillarbox.events.model import EventType
from pillarbox.outbound.model import RecipientState
from pillarbox.outbound.store.overview import Copy, Standing


class Status(StrEnum):
    """The words of the list, worst first: what needs attention wins over what went well."""

    BOUNCED = "Bounced"
    DEFERRED = "Deferred"
    QUEUED = "Queued"
    DROPPED = "Dropped"
    DELIVERED = "Delivered"
    SUPPRESSED = "Suppressed"


ICONS = {
    Status.BOUNCED: "cross",
    Status.DEFERRED: "retry",
    Status.QUEUED: "clock",
    Status.DROPPED: "ban",
    Status.DELIVERED: "check",
    Status.SUPPRESSED: "ban",
}
TONES = {
    Status.BOUNCED: "bad",
    Status.DEFERRED: "warn",
    Status.QUEUED: "wait",
    Status.DROPPED: "mute",
    Status.DELIVERED: "good",
    Status.SUPPRESSED: "mute",
}


@dataclass(frozen=True, slots=True)
class Badge:
    """A status as it is shown; `part` says how many of several copies it is true of."""

    status: Status
    part: str = ""

    @property
    def icon(self) -> str:
        """The name of its icon."""
        return ICONS[self.status]

    @property
    def tone(self) -> str:
        """The name of its colour."""
        return TONES[self.status]


def badge(standing: Standing) -> Badge:
    """The badge of a message. A bounce that came after the delivery counts as one."""
    counts = {
        Status.BOUNCED: standing.bounced,
        Status.DEFERRED: standing.deferred,
        Status.QUEUED: standing.queued,
        Status.DROPPED: standing.dropped,
        Status.DELIVERED: standing.delivered,
        Status.SUPPRESSED: standing.suppressed,
    }
    if not standing.bounced and EventType.BOUNCED in standing.events:
        return Badge(Status.BOUNCED)
    status = next((status for status, copies in counts.items() if copies), Status.QUEUED)
    if counts[status] in (0, standing.total):
        return Badge(status)
    return Badge(status, f"{counts[status]} of {standing.total}")


def copy_badge(copy: Copy, bounced: set[str]) -> Badge:
    """The badge of one copy; `bounced` are the addresses with a bounce, lower-cased."""
    if copy.email.lower() in bounced or copy.state is RecipientState.BOUNCED:
        return Badge(Status.BOUNCED)
    if copy.state is RecipientState.QUEUED:
        return Badge(Status.DEFERRED if copy.attempts else Status.QUEUED)
    return Badge(Status[copy.state.name])
