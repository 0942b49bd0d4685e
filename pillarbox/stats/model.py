"""What is counted, where it counts, and the arithmetic of days and rates. Source: spec stats 1 to 4."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from pillarbox.clock import EASTERN

LONGEST_NAME = 100
_LAST_SECOND = 19


class Kind(StrEnum):
    """What a group of counters is about; each counter of it has a name (`ALL` and `UNIQUE` for plain numbers)."""

    BOUNCES = "bounces"
    OPENS = "opens"
    OPEN_PLATFORMS = "open-platforms"
    EMAIL_CLIENTS = "email-clients"
    READ_TIMES = "read-times"
    CLICKS = "clicks"
    BROWSERS = "browsers"
    CLICK_PLATFORMS = "click-platforms"
    CLICK_LOCATIONS = "click-locations"


ALL = "all"
UNIQUE = "unique"


class Platform(StrEnum):
    """What a message was opened or a link clicked on; a click is never WebMail."""

    DESKTOP = "Desktop"
    MOBILE = "Mobile"
    WEB_MAIL = "WebMail"
    UNKNOWN = "Unknown"


class Location(StrEnum):
    """The body in which a link was clicked."""

    HTML = "HTML"
    TEXT = "Text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something counts."""

    server_id: int
    stream_key: int
    tag: str | None


class Sending(NamedTuple):
    """A message that was taken in: `copies` go out, each with `links` tracked links."""

    server_id: int
    stream_key: int
    tag: str | None
    copies: int
    has_open_tracking: bool
    has_link_tracking: bool
    links: int = 0


@dataclass(slots=True)
class Sent:
    """Copies sent, and how many of them are tracked; `links` counts tracked links."""

    sent: int = 0
    tracked: int = 0
    with_open_tracking: int = 0
    with_link_tracking: int = 0
    links: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """One hit of the pixel. `is_first` of this message and recipient; no `read_s`: not measured."""

    place: Place
    at: datetime
    is_first: bool
    platform: Platform = Platform.UNKNOWN
    client: str | None = None
    read_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One hit of a link. `is_first` of this message, recipient and link."""

    place: Place
    at: datetime
    is_first: bool
    location: Location
    platform: Platform = Platform.UNKNOWN
    browser: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Which counters are asked for; None means any. Days are those of `day_of`, inclusive."""

    server_id: int
    stream_key: int | None = None
    tag: str | None = None
    since: int | None = None
    until: int | None = None


def day_of(at: datetime) -> int:
    """The calendar day of an instant in US Eastern time, as the number YYYYMMDD."""
    try:
        local = at.astimezone(EASTERN)
    except OverflowError:  # the first day there is
        local = at
    return day_number(local)


def day_number(day: date) -> int:
    """A date as the number YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


def date_of(day: int) -> date:
    """The date behind the number of a day."""
    return date(day // 10_000, day // 100 % 100, day % 100)


def tag_key(tag: str | None) -> str:
    """What stands for a tag in the counters: itself, or its digest when it is long. "" stands for all mail."""
    if not tag:
        return ""
    if len(tag) <= LONGEST_NAME:
        return tag
    return "#" + hashlib.blake2b(tag.encode("utf-8", "replace"), digest_size=24).hexdigest()


def read_time(seconds: float | None) -> str:
    """The bucket of a time spent reading: `0s` to `19s`, `20s+`, `unknown`. Source: spec stats 3.9."""
    if seconds is None:
        return "unknown"
    whole = max(int(seconds), 0)
    return f"{whole}s" if whole <= _LAST_SECOND else f"{_LAST_SECOND + 1}s+"


def percent(part: int, whole: int) -> float:
    """A share in percent, cut to three decimals; 0.0 of nothing. Source: spec stats 3.1."""
    return part * 100_000 // whole / 1000 if whole else 0.0
