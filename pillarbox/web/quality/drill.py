"""The addresses behind numbers: messages by operators of the search box, other lists by their filters. Pure.

Days are those of the statistics, in US Eastern time; the search box takes instants.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock

from pillarbox.clock import EASTERN
from pillarbox.suppressions.model import Origin, Reason
from pillarbox.web.messages.search import term
from pillarbox.web.quality.filters import link


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What some numbers are about: days of a Server, perhaps of one tag and one stream."""

    server_id: int
    first: date
    last: date
    tag: str = ""
    stream: str = ""

    def day(self, day: date) -> "Behind":
        """The same for one day."""
        return Behind(
            server_id=self.server_id, first=day, last=day, tag=self.tag, stream=self.stream
        )

    def messages(self, *terms: str) -> str:
        """The messages that were taken in on these days, with more operators."""
        found = [*terms]
        if self.tag:
            found.append(term("tag", self.tag))
        if self.stream:
            found.append(term("stream", self.stream))
        found.append(f"after:{_midnight(self.first)}")
        found.append(f"before:{_midnight(self.last + timedelta(days=1))}")
        return link("/", {"server": self.server_id, "q": " ".join(found)})

    def bounces(self, kind: str = "") -> str:
        """The bounces of these days, perhaps of one type."""
        wanted = {"type": kind, "tag": self.tag, "messagestream": self.stream, **self._days}
        return link(f"/ui/servers/{self.server_id}/bounces", wanted)

    def unsubscribes(self, stream: str) -> str:
        """Who left a stream on these days."""
        wanted = {
            "messagestream": stream,
            "suppressionreason": Reason.MANUAL.value,
            "origin": Origin.RECIPIENT.value,
            **self._days,
        }
        return link(f"/ui/servers/{self.server_id}/suppressions", wanted)

    @property
    def _days(self) -> dict[str, str]:
        return {"fromdate": self.first.isoformat(), "todate": self.last.isoformat()}


def _midnight(day: date) -> str:
    return datetime.combine(day, clock(), EASTERN).isoformat(timespec="minutes")
