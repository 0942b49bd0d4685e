"""Counting, in the transaction of what is counted. Source: spec stats 4.

accept -> sent; a bounce, complaint or SMTP API error -> bounced; hits of pixels and links -> opened, clicked
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from pillarbox.stats import store
from pillarbox.stats.model import (
    ALL,
    LONGEST_NAME,
    UNIQUE,
    Click,
    Kind,
    Open,
    Place,
    Sending,
    Sent,
    day_of,
    read_time,
    tag_key,
)
from pillarbox.storage.tx import Tx

_Name = tuple[Kind, str]


def sent(tx: Tx, messages: Sequence[Sending]) -> None:
    """Count messages that are taken in now: one statement, and for the whole commit two rows a tag at most."""
    day = day_of(tx.now)
    sums: dict[store.SentKey, Sent] = {}
    for message, times in Counter(messages).items():
        for tag in _tags(message.tag):
            key = (message.server_id, tag, day, message.stream_key)
            _add(sums.setdefault(key, Sent()), message, times * message.copies)
    store.add_sent(tx, sums)


def bounced(tx: Tx, place: Place, at: datetime, kind: str) -> None:
    """Count a bounce, complaint or SMTP API error; `kind` is its type's name on the wire."""
    _count(tx, [(place, at, [(Kind.BOUNCES, kind)])])


def opened(tx: Tx, hits: Sequence[Open]) -> None:
    """Count opens; platform, client and read time only of first ones."""
    _count(tx, [(hit.place, hit.at, _of_open(hit)) for hit in hits])


def clicked(tx: Tx, hits: Sequence[Click]) -> None:
    """Count clicks; platform, browser and location only of first ones."""
    _count(tx, [(hit.place, hit.at, _of_click(hit)) for hit in hits])


def _add(total: Sent, message: Sending, copies: int) -> None:
    total.sent += copies
    if message.has_open_tracking or message.has_link_tracking:
        total.tracked += copies
        total.with_open_tracking += copies * message.has_open_tracking
        total.with_link_tracking += copies * message.has_link_tracking
        total.links += copies * message.links


def _of_open(hit: Open) -> list[_Name]:
    names = [(Kind.OPENS, ALL)]
    if hit.is_first:
        names += [
            (Kind.OPENS, UNIQUE),
            (Kind.OPEN_PLATFORMS, hit.platform.value),
            (Kind.READ_TIMES, read_time(hit.read_s)),
        ]
        if hit.client:
            names.append((Kind.EMAIL_CLIENTS, hit.client[:LONGEST_NAME]))
    return names


def _of_click(hit: Click) -> list[_Name]:
    names = [(Kind.CLICKS, ALL)]
    if hit.is_first:
        names += [
            (Kind.CLICKS, UNIQUE),
            (Kind.CLICK_PLATFORMS, hit.platform.value),
            (Kind.CLICK_LOCATIONS, hit.location.value),
        ]
        if hit.browser:
            names.append((Kind.BROWSERS, hit.browser[:LONGEST_NAME]))
    return names


def _count(tx: Tx, happened: Iterable[tuple[Place, datetime, list[_Name]]]) -> None:
    counts: Counter[store.CountKey] = Counter()
    for place, at, names in happened:
        day = day_of(at)
        for tag in _tags(place.tag):
            for kind, name in names:
                counts[place.server_id, tag, kind.value, day, place.stream_key, name] += 1
    store.add_counts(tx, counts)


def _tags(tag: str | None) -> tuple[str, ...]:
    """The rows something counts in: that of all mail, and that of its tag."""
    return ("", tag_key(tag)) if tag else ("",)
