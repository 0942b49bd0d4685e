"""Statistics of a Server: what was sent and what came of it, by day; each number leads to what is behind it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from starlette.responses import Response

from pillarbox.errors import Problem, Refused
from pillarbox.servers.model import Server
from pillarbox.stats import store
from pillarbox.stats.model import Kind, Range, Sent, date_of, day_of
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Origin, Reason, SuppressionSearch
from pillarbox.web.area import Area
from pillarbox.web.quality import figures, filters
from pillarbox.web.quality.drill import Behind
from pillarbox.web.quality.figures import Number
from pillarbox.web.quality.filters import Filters
from pillarbox.web.visit import Visit, words
from pillarbox.wire.query import QueryString, read_instant
from pillarbox.wire.stats import Overview, StatsQuery

area = Area("statistics")

PRESETS = (7, 30, 90)
MOST_DAYS = 366
NAMES = ("days", "fromdate", "todate", "tag", "messagestream")
CHARTS = (
    ("Sent", ("sent",)),
    ("Bounced and complaints", ("bounced", "complaints")),
    ("Opens", ("opens", "unique-opens")),
    ("Clicks", ("clicks", "unique-clicks")),
)
"""Each chart, and the columns of the table of days that it draws."""
_QUERY = QueryString(StatsQuery)
_BY_DAY = (Kind.BOUNCES, Kind.OPENS, Kind.CLICKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the database had to say."""

    sent: dict[int, Sent]
    by_day: dict[Kind, dict[int, dict[str, int]]]
    totals: dict[Kind, dict[str, int]]
    left: dict[str, int] | None


@area.show("/ui/servers/{server}/statistics")
async def show_statistics(visit: Visit) -> Response:
    """Tiles, charts and shares of a period. What cannot be understood is told, and the last 30 days are shown."""
    server = visit.server
    asked = Filters.of(visit, f"/ui/servers/{server.id}/statistics", NAMES)
    today = date_of(day_of(visit.app.clock.now()))
    query, problem = filters.read(visit, _QUERY)
    wanted = Range(server_id=server.id)
    if query is not None:
        try:
            wanted = _range(visit, query, today)
        except Refused as refused:
            problem = words(refused)
    first, last = _days(wanted, today)
    if (last - first).days >= MOST_DAYS:
        problem = "Choose at most a year: the last year of these days is shown."
        first = last - timedelta(days=MOST_DAYS - 1)
    stream = "" if wanted.stream_key is None else asked["messagestream"]
    behind = Behind(
        server_id=server.id, first=first, last=last, tag=wanted.tag or "", stream=stream
    )
    exact = Range(
        server_id=server.id,
        stream_key=wanted.stream_key,
        tag=wanted.tag,
        since=_number(first),
        until=_number(last),
    )
    counts = await visit.read(lambda tx: _look(tx, server, exact, behind))
    values = {"asked": asked, "problem_text": problem, "streams": filters.sending_streams(server)}
    values |= _shown(behind, counts) | {"preset": _preset(asked)}
    return visit.page("quality/statistics.html", values, status=422 if problem else 200)


def _range(visit: Visit, query: StatsQuery, today: date) -> Range:
    """What is asked for; with `days` and no dates, the last so many. Refuses as the API does."""
    stream = visit.server.stream(query.messagestream) if query.messagestream else None
    if query.messagestream and stream is None:
        raise Refused(Problem.STREAM_NOT_FOUND)
    wanted = query.to_range(visit.server.id, None if stream is None else stream.key)
    days = visit.number("days", digits=3)
    if days in PRESETS and wanted.since is None and wanted.until is None:
        first = today - timedelta(days=days - 1)
        return Range(
            server_id=wanted.server_id,
            stream_key=wanted.stream_key,
            tag=wanted.tag,
            since=_number(first),
        )
    return wanted


def _days(wanted: Range, today: date) -> tuple[date, date]:
    """The first and the last day; without an end it is today, without a beginning 30 days."""
    last = today if wanted.until is None else _sensible(date_of(wanted.until))
    if wanted.since is None:
        return last - timedelta(days=29), last
    first = _sensible(date_of(wanted.since))
    return first, max(first, last)


def _sensible(day: date) -> date:
    """A day with others before and after it; outside there is nothing to be shown."""
    return min(max(day, date(1970, 1, 31)), date(9000, 1, 1))


def _preset(asked: Filters) -> int | None:
    """Which of the presets is shown; None when days were chosen."""
    if asked["fromdate"] or asked["todate"]:
        return None
    return int(asked["days"]) if asked["days"] in map(str, PRESETS) else 30


def _look(tx: Tx, server: Server, wanted: Range, behind: Behind) -> Counts:
    return Counts(
        sent=store.list_sent(tx, wanted),
        by_day={kind: store.list_counts(tx, wanted, kind) for kind in _BY_DAY},
        totals=store.total_counts(tx, wanted),
        left=None if wanted.tag else _left(tx, server, wanted, behind),
    )


def _left(tx: Tx, server: Server, wanted: Range, behind: Behind) -> dict[str, int]:
    """How many unsubscribed from each stream and have not come back; they have no tag."""
    found = {}
    for stream in filters.sending_streams(server):
        if wanted.stream_key in (None, stream.key):
            search = SuppressionSearch(
                stream_key=stream.key,
                reason=Reason.MANUAL,
                origin=Origin.RECIPIENT,
                since=read_instant(behind.first.isoformat()),
                until=read_instant(behind.last.isoformat(), is_until=True),
            )
            found[stream.slug] = suppressions.count_found(tx, search)
    return found


def _shown(behind: Behind, counts: Counts) -> dict[str, Any]:
    left = counts.left or {}
    return {
        "behind": behind,
        "overview": Overview.of(counts.sent.values(), counts.totals),
        "days": figures.days(behind, counts.sent, counts.by_day),
        "columns": figures.COLUMNS,
        "titles": dict(figures.COLUMNS),
        "charts": CHARTS,
        "shares": figures.breakdowns(behind, counts.totals),
        "left": {slug: Number(number, behind.unsubscribes(slug)) for slug, number in left.items()},
        "all_left": None if counts.left is None else sum(counts.left.values()),
    }


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day
