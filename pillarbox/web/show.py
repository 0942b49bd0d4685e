"""How values look on a page: times, sizes, and texts whose links can be followed. Pure."""

import re
from datetime import datetime, timedelta

from markupsafe import Markup, escape

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_link = re.compile(r"https?://[^\s<>\"'`{}|\\^\x00-\x1f\x7f-\x9f]+", re.IGNORECASE)
_AFTER_LINK = ".,;:!?)]*_'"


def iso(at: datetime) -> str:
    """An instant for `<time datetime>`."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc(at: datetime) -> str:
    """An instant in words, for where no script puts it into local time."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def clock(at: datetime) -> str:
    """The time of day in UTC, for where no script puts it into local time."""
    return f"{at:%H:%M:%S}"


def ago(at: datetime, now: datetime) -> str:
    """How long ago an instant was; its day when that is more than a week."""
    seconds = int((now - at).total_seconds())
    if seconds < 5:
        return "just now"
    if seconds < _MINUTE:
        return f"{seconds} s ago"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min ago"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h ago"
    if seconds < 7 * _DAY:
        return f"{seconds // _DAY} d ago"
    return f"{at.day} {at:%b %Y}"


def duration(step: timedelta) -> str:
    """A length of time in its two largest fitting units."""
    seconds = max(0.0, step.total_seconds())
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < _MINUTE:
        return f"{int(seconds)} s"
    if seconds < _HOUR:
        return _two(int(seconds), _MINUTE, "min", 1, "s")
    if seconds < _DAY:
        return _two(int(seconds), _HOUR, "h", _MINUTE, "min")
    return _two(int(seconds), _DAY, "d", _HOUR, "h")


def size(octets: int) -> str:
    """A number of bytes as people say it."""
    if octets < 1000:
        return f"{octets} B"
    if octets < 999_500:
        return f"{octets / 1000:.{1 if octets < 9950 else 0}f} kB"
    if octets < 999_500_000:
        return f"{octets / 1_000_000:.1f} MB"
    return f"{octets / 1_000_000_000:.1f} GB"


def count(number: int, noun: str) -> str:
    """`1 copy` needs no s, `2 copies` is for the caller: only nouns that take a plain s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def linked(text: str) -> Markup:
    """A text, escaped, with its web addresses as links that tell nobody where they were followed from."""
    pieces: list[Markup] = []
    position = 0
    for found in _link.finditer(text):
        url = found.group().rstrip(_AFTER_LINK)
        pieces.append(escape(text[position : found.start()]))
        pieces.append(
            Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(url)
        )
        position = found.start() + len(url)
    pieces.append(escape(text[position:]))
    return Markup("").join(pieces)


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    whole, rest = divmod(seconds, large)
    rest //= small
    return f"{whole} {large_name} {rest} {small_name}" if rest else f"{whole} {large_name}"
