"""Statistics: the filters, and counters by day. Source: spec stats 1 and 3."""

from collections.abc import Iterable, Mapping

from pillarbox.bounces.model import COUNTED_AS_BOUNCED, BounceType
from pillarbox.errors import Problem, Refused
from pillarbox.stats import model
from pillarbox.stats.model import (
    ALL,
    UNIQUE,
    Kind,
    Location,
    Platform,
    Range,
    date_of,
    day_of,
    percent,
)
from pillarbox.wire.base import Reply
from pillarbox.wire.query import Problems, Query, Since, Until

STATS = Problems(
    bad_value=Problem.STATS_BAD_DATE,
    bad_count=Problem.STATS_BAD_DATE,
    bad_offset=Problem.STATS_BAD_DATE,
    too_many=Problem.STATS_BAD_DATE,
)

PLATFORMS = tuple(platform.value for platform in Platform)
CLICK_PLATFORMS = tuple(name for name in PLATFORMS if name != Platform.WEB_MAIL)
LOCATIONS = tuple(location.value for location in Location)
BOUNCES = ("HardBounce", "SoftBounce", "SMTPApiError", "Transient")
_TAKEN = ("Date", "Days")

IN_OVERVIEW = (
    Kind.BOUNCES,
    Kind.OPENS,
    Kind.CLICKS,
    Kind.EMAIL_CLIENTS,
    Kind.OPEN_PLATFORMS,
    Kind.READ_TIMES,
)
"""What the overview adds up."""

Counters = dict[str, int]
ByDay = dict[str, object]
"""The counters of each day that has any, under `Days`, and beside it their sums."""


class StatsQuery(Query, kw_only=True):
    """The filters of every statistic. Of an instant its Eastern day counts."""

    problems = STATS

    tag: str | None = None
    fromdate: Since | None = None
    todate: Until | None = None
    messagestream: str | None = None

    def to_range(self, server_id: int, stream_key: int | None) -> Range:
        """The counters it asks for. Refuses STATS_BAD_RANGE."""
        since = None if self.fromdate is None else day_of(self.fromdate)
        until = None if self.todate is None else day_of(self.todate)
        if since is not None and until is not None and since > until:
            raise Refused(Problem.STATS_BAD_RANGE)
        return Range(
            server_id=server_id, stream_key=stream_key, tag=self.tag, since=since, until=until
        )


class Overview(Reply, kw_only=True):
    """Everything at a glance."""

    Sent: int
    Bounced: int
    SMTPApiErrors: int
    BounceRate: float
    SpamComplaints: int
    SpamComplaintsRate: float
    Opens: int
    UniqueOpens: int
    Tracked: int
    WithLinkTracking: int
    WithOpenTracking: int
    TotalTrackedLinksSent: int
    UniqueLinksClicked: int
    TotalClicks: int
    WithClientRecorded: int
    WithPlatformRecorded: int
    WithReadTimeRecorded: int

    @classmethod
    def of(cls, sent: Iterable[model.Sent], counts: Mapping[Kind, Counters]) -> "Overview":
        """The sums of what was sent on each day and of all other counters."""
        days = list(sent)
        copies = sum(day.sent for day in days)
        bounces, opens, clicks = counts[Kind.BOUNCES], counts[Kind.OPENS], counts[Kind.CLICKS]
        bounced = sum(bounces.get(kind.value, 0) for kind in COUNTED_AS_BOUNCED)
        complaints = bounces.get(BounceType.SPAM_COMPLAINT.value, 0)
        return cls(
            Sent=copies,
            Bounced=bounced,
            SMTPApiErrors=bounces.get(BounceType.SMTP_API_ERROR.value, 0),
            BounceRate=percent(bounced, copies),
            SpamComplaints=complaints,
            SpamComplaintsRate=percent(complaints, copies),
            Opens=opens.get(ALL, 0),
            UniqueOpens=opens.get(UNIQUE, 0),
            Tracked=sum(day.tracked for day in days),
            WithLinkTracking=sum(day.with_link_tracking for day in days),
            WithOpenTracking=sum(day.with_open_tracking for day in days),
            TotalTrackedLinksSent=sum(day.links for day in days),
            UniqueLinksClicked=clicks.get(UNIQUE, 0),
            TotalClicks=clicks.get(ALL, 0),
            WithClientRecorded=sum(counts[Kind.EMAIL_CLIENTS].values()),
            WithPlatformRecorded=sum(counts[Kind.OPEN_PLATFORMS].values()),
            WithReadTimeRecorded=sum(counts[Kind.READ_TIMES].values()),
        )


def fixed(days: Mapping[int, Counters], names: Iterable[str]) -> ByDay:
    """Counters that are always named, zero or not, and others where they are above zero."""
    return _by_day(days, dict.fromkeys(names, 0))


def dynamic(days: Mapping[int, Counters]) -> ByDay:
    """Counters that are named only where they are above zero."""
    return _by_day({day: _unambiguous(counters) for day, counters in days.items()}, {})


def plain(days: Mapping[int, Counters], total: str) -> ByDay:
    """All and unique hits, the first under this name."""
    names = {ALL: total, UNIQUE: "Unique"}
    renamed = {
        day: {names[name]: count for name, count in counters.items()}
        for day, counters in days.items()
    }
    return fixed(renamed, names.values())


def bounces(days: Mapping[int, Counters]) -> ByDay:
    """Bounces by type; complaints are told apart from them."""
    complaint = BounceType.SPAM_COMPLAINT.value
    return fixed(
        {
            day: {name: count for name, count in counters.items() if name != complaint}
            for day, counters in days.items()
        },
        BOUNCES,
    )


def complaints(days: Mapping[int, Counters]) -> ByDay:
    """Spam complaints."""
    name = BounceType.SPAM_COMPLAINT.value
    return fixed({day: {name: counters.get(name, 0)} for day, counters in days.items()}, (name,))


def _by_day(days: Mapping[int, Counters], zeros: Counters) -> ByDay:
    """Days without anything are left out. Source: spec stats 1.3 and 1.4."""
    listed: list[dict[str, object]] = []
    totals = dict(zeros)
    for day, counters in days.items():
        above = {name: count for name, count in counters.items() if count > 0}
        if not above:
            continue
        listed.append({"Date": date_of(day).isoformat(), **zeros, **above})
        for name, count in above.items():
            totals[name] = totals.get(name, 0) + count
    return {"Days": listed, **totals}


def _unambiguous(counters: Counters) -> Counters:
    """Free names that keep clear of the keys that mean something else."""
    return {f"_{name}" if name in _TAKEN else name: count for name, count in counters.items()}
