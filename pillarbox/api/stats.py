"""Statistics of outbound mail. Source: spec stats."""

from pillarbox.api.callers import ServerCall
from pillarbox.api.endpoint import Group
from pillarbox.api.messages import stream_key
from pillarbox.stats import store
from pillarbox.stats.model import Kind, Range
from pillarbox.wire import stats
from pillarbox.wire.stats import ByDay, Overview, StatsQuery

group = Group("Stats", docs="spec stats")


@group.get("/stats/outbound")
def overview(call: ServerCall, query: StatsQuery) -> Overview:
    """All counters added up.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    wanted = _range(call, query)
    sent = store.list_sent(call.tx, wanted)
    return Overview.of(sent.values(), store.total_counts(call.tx, wanted, stats.IN_OVERVIEW))


@group.get("/stats/outbound/sends")
def sends(call: ServerCall, query: StatsQuery) -> ByDay:
    """Messages sent, one a recipient, by day.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    days = store.list_sent(call.tx, _range(call, query))
    return stats.fixed({day: {"Sent": found.sent} for day, found in days.items()}, ("Sent",))


@group.get("/stats/outbound/bounces")
def bounces(call: ServerCall, query: StatsQuery) -> ByDay:
    """Bounces by day and type.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    return stats.bounces(_counts(call, query, Kind.BOUNCES))


@group.get("/stats/outbound/spam")
def spam(call: ServerCall, query: StatsQuery) -> ByDay:
    """Spam complaints by day.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    return stats.complaints(_counts(call, query, Kind.BOUNCES))


@group.get("/stats/outbound/tracked")
def tracked(call: ServerCall, query: StatsQuery) -> ByDay:
    """Messages sent with open or link tracking, one a recipient, by day.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    days = store.list_sent(call.tx, _range(call, query))
    return stats.fixed(
        {day: {"Tracked": found.tracked} for day, found in days.items()}, ("Tracked",)
    )


@group.get("/stats/outbound/opens")
def opens(call: ServerCall, query: StatsQuery) -> ByDay:
    """Opens by day.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    return stats.plain(_counts(call, query, Kind.OPENS), "Opens")


@group.get("/stats/outbound/opens/platforms")
def open_platforms(call: ServerCall, query: StatsQuery) -> ByDay:
    """Unique opens by day and platform.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    return stats.fixed(_counts(call, query, Kind.OPEN_PLATFORMS), stats.PLATFORMS)


@group.get("/stats/outbound/opens/emailclients")
def email_clients(call: ServerCall, query: StatsQuery) -> ByDay:
    """Unique opens by day and email client.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    return stats.dynamic(_counts(call, query, Kind.EMAIL_CLIENTS))


@group.get("/stats/outbound/opens/readtimes")
def read_times(call: ServerCall, query: StatsQuery) -> ByDay:
    """Unique opens by day and time spent reading.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    return stats.dynamic(_counts(call, query, Kind.READ_TIMES))


@group.get("/stats/outbound/clicks")
def clicks(call: ServerCall, query: StatsQuery) -> ByDay:
    """Clicks by day.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    return stats.plain(_counts(call, query, Kind.CLICKS), "Clicks")


@group.get("/stats/outbound/clicks/browserfamilies")
def browser_families(call: ServerCall, query: StatsQuery) -> ByDay:
    """Unique clicks by day and browser.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    return stats.dynamic(_counts(call, query, Kind.BROWSERS))


@group.get("/stats/outbound/clicks/platforms")
def click_platforms(call: ServerCall, query: StatsQuery) -> ByDay:
    """Unique clicks by day and platform.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    return stats.fixed(_counts(call, query, Kind.CLICK_PLATFORMS), stats.CLICK_PLATFORMS)


@group.get("/stats/outbound/clicks/location")
def click_locations(call: ServerCall, query: StatsQuery) -> ByDay:
    """Unique clicks by day and body, HTML or text.

    Refuses STATS_BAD_DATE, STATS_BAD_RANGE, STREAM_NOT_FOUND.
    """
    return stats.fixed(_counts(call, query, Kind.CLICK_LOCATIONS), stats.LOCATIONS)


def _range(call: ServerCall, query: StatsQuery) -> Range:
    """What is asked for. Refuses STATS_BAD_RANGE, STREAM_NOT_FOUND."""
    slug = query.messagestream
    return query.to_range(call.server.id, stream_key(call.server, slug) if slug else None)


def _counts(call: ServerCall, query: StatsQuery, kind: Kind) -> dict[int, dict[str, int]]:
    return store.list_counts(call.tx, _range(call, query), kind)
