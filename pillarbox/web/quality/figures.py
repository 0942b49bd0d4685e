"""The numbers of the statistics page, each with what is behind it. Pure.

counters of days -> a row for every day of the period; all counters -> parts of a whole, the largest first
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pillarbox.bounces.model import COUNTED_AS_BOUNCED, TYPES, BounceType, parse_type
from pillarbox.stats.model import ALL, UNIQUE, Kind, Sent
from pillarbox.web.quality.drill import Behind

COLUMNS = (
    ("sent", "Sent"),
    ("bounced", "Bounced"),
    ("complaints", "Complaints"),
    ("opens", "Opens"),
    ("unique-opens", "Unique opens"),
    ("clicks", "Clicks"),
    ("unique-clicks", "Unique clicks"),
)
MAX_PARTS = 15
_PARTS = (
    (Kind.OPEN_PLATFORMS, "Opens by platform", "is:opened"),
    (Kind.EMAIL_CLIENTS, "Opens by email client", "is:opened"),
    (Kind.READ_TIMES, "Opens by read time", "is:opened"),
    (Kind.BROWSERS, "Clicks by browser family", "is:clicked"),
    (Kind.CLICK_PLATFORMS, "Clicks by platform", "is:clicked"),
    (Kind.CLICK_LOCATIONS, "Clicks by location", "is:clicked"),
)

Counters = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Number:
    """A number and the address of what is behind it; "" where nothing is."""

    value: int
    url: str


@dataclass(frozen=True, slots=True)
class Day:
    """The numbers of one day, in the order of COLUMNS."""

    date: date
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One share of a whole."""

    name: str
    number: Number


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A whole in its parts; `url` shows the messages behind all of them."""

    title: str
    parts: tuple[Part, ...]
    url: str

    @property
    def whole(self) -> int:
        """The sum of the parts."""
        return sum(part.number.value for part in self.parts)


def days(
    behind: Behind, sent: Mapping[int, Sent], counts: Mapping[Kind, Mapping[int, Counters]]
) -> list[Day]:
    """A row for every day, also for those on which nothing happened."""
    found, day = [], behind.first
    while day <= behind.last:
        number = day.year * 10_000 + day.month * 100 + day.day
        on = {kind: by_day.get(number, {}) for kind, by_day in counts.items()}
        found.append(_day(behind.day(day), day, sent.get(number, Sent()), on))
        day += timedelta(days=1)
    return found


def breakdowns(behind: Behind, counts: Mapping[Kind, Counters]) -> list[Breakdown]:
    """Bounces by type; opens and clicks by everything that is known of them."""
    found = [_bounces(behind, counts[Kind.BOUNCES])]
    for kind, title, term in _PARTS:
        parts = [Part(name, Number(count, "")) for name, count in counts[kind].items() if count]
        found.append(Breakdown(title, _largest(parts), behind.messages(term)))
    return found


def _bounces(behind: Behind, counters: Counters) -> Breakdown:
    """Bounces by type; complaints are told apart from them, as by the API."""
    complaint = BounceType.SPAM_COMPLAINT.value
    kinds = [(name, count) for name, count in counters.items() if name != complaint and count]
    parts = [Part(_type_name(name), Number(count, behind.bounces(name))) for name, count in kinds]
    return Breakdown("Bounces by type", _largest(parts), behind.bounces())


def _day(behind: Behind, day: date, sent: Sent, on: Mapping[Kind, Counters]) -> Day:
    bounced = on[Kind.BOUNCES]
    opens, clicks = on[Kind.OPENS], on[Kind.CLICKS]
    complaint = BounceType.SPAM_COMPLAINT.value
    all_bounced = sum(bounced.get(kind.value, 0) for kind in COUNTED_AS_BOUNCED)
    opened, clicked = behind.messages("is:opened"), behind.messages("is:clicked")
    numbers = (
        Number(sent.sent, behind.messages()),
        Number(all_bounced, behind.bounces()),
        Number(bounced.get(complaint, 0), behind.bounces(complaint)),
        Number(opens.get(ALL, 0), opened),
        Number(opens.get(UNIQUE, 0), opened),
        Number(clicks.get(ALL, 0), clicked),
        Number(clicks.get(UNIQUE, 0), clicked),
    )
    return Day(day, numbers)


def _type_name(name: str) -> str:
    known = parse_type(name)
    return TYPES[known].name if known else name


def _largest(parts: list[Part]) -> tuple[Part, ...]:
    """The largest parts; what is left over is one more."""
    ordered = sorted(parts, key=lambda part: (-part.number.value, part.name))
    rest = sum(part.number.value for part in ordered[MAX_PARTS:])
    other = (Part("Other", Number(rest, "")),) if rest else ()
    return (*ordered[:MAX_PARTS], *other)
