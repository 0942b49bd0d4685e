"""The scenario `search`: lists, searches and statistics of the API, and the activity page, over a million mails.

A server of its own, a database filled with rows (bench/fill), then one request after the other on one connection.
"""

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import msgspec

from pillarbox.bench.accounting import read_process
from pillarbox.bench.alone import opened
from pillarbox.bench.dns import Responder
from pillarbox.bench.fill import (
    COUNTED_TAG,
    DAYS,
    RARE_SUBJECT,
    RARE_TAG,
    YEAR,
    Filled,
    address,
    fill,
)
from pillarbox.bench.model import BenchError, BenchOptions, Door
from pillarbox.bench.postgres import Database as PostgresDatabase
from pillarbox.bench.rounds import percentile
from pillarbox.bench.server import Pillarbox
from pillarbox.clock import SystemClock
from pillarbox.ids import first_key

SEARCH = "search"
BAR_MS, PAGE_BAR_MS = 50.0, 100.0
_REQUESTS, _QUICK_REQUESTS = 40, 10
_WARM_UP = 3

MakePath = Callable[[int], str]
"""The path of a request, by its number: none is asked twice where that would be served from a cache."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What one kind of request took."""

    name: str
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    """CPU time of the server and of PostgreSQL, each request's share."""
    found: int | None
    """The TotalCount of the last answer, if it has one."""
    bar_ms: float = BAR_MS

    @property
    def verdict(self) -> str:
        """PASS or MISS."""
        return "PASS" if self.p95_ms <= self.bar_ms else "MISS"


@dataclass(frozen=True, slots=True)
class Timings:
    """All of a run."""

    messages: int
    database: str
    fill_s: float
    timings: list[Timing]
    left_out: list[str]


def measure(options: BenchOptions, base: Path, say: Callable[[str], None]) -> Timings:
    """Start a server, fill its database, ask everything. Raises BenchError."""
    messages = options.stored
    url = options.database_url
    database = PostgresDatabase(url, number=0) if url else None
    with ExitStack() as stack:
        dns = stack.enter_context(Responder())
        server = Pillarbox(base / "search", sink_port=9, dns=dns, database=database)
        stack.callback(server.stop)
        server.start()
        say(f"filling in {messages:,} messages")
        begun = time.monotonic()
        with opened(server.database_url()) as db:
            filled = fill(db, messages=messages)
        if database:
            database.settle()
        fill_s = time.monotonic() - begun
        say(f"filled in {fill_s:.0f} s; asking")
        client = _Client(server)
        stack.callback(client.close)
        requests = _QUICK_REQUESTS if options.quick else _REQUESTS
        timings, left_out = [], []
        for bar_ms, questions in ((BAR_MS, _questions), (PAGE_BAR_MS, _of_pages)):
            for name, path in questions(filled):
                timing = client.time(name, path, requests, bar_ms)
                if timing is None:
                    left_out.append(name)
                else:
                    timings.append(timing)
    return Timings(messages, "PostgreSQL" if url else "SQLite", fill_s, timings, left_out)


def as_json(found: Timings) -> str:
    """All of it, indented."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def as_text(found: Timings) -> str:
    """A table for a terminal."""
    size = f"{found.messages:,} messages of {DAYS} days on {found.database}"
    bar = f"bar: p95 {BAR_MS:.0f} ms, of pages {PAGE_BAR_MS:.0f} ms"
    lines = [
        f"search: {size}, filled in {found.fill_s:.0f} s; {bar}",
        "",
        f"{'request':<58}{'found':>10}{'CPU ms':>10}{'p50 ms':>10}{'p95 ms':>10}",
    ]
    for timing in found.timings:
        total = "" if timing.found is None else f"{timing.found:,}"
        figures = f"{timing.cpu_ms:>10.1f}{timing.p50_ms:>10.1f}{timing.p95_ms:>10.1f}"
        lines.append(f"{timing.name:<58}{total:>10}{figures}  {timing.verdict}")
    if found.left_out:
        lines += ["", "not in this version: " + ", ".join(found.left_out)]
    return "\n".join(lines)


class _Client:
    """One connection with the token of the first Server."""

    def __init__(self, server: Pillarbox) -> None:
        self._server = server
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", server.port(Door.HTTP), timeout=120.0
        )
        self._headers = {
            "X-Postmark-Server-Token": server.token(),
            "Accept": "application/json",
        }

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def time(self, name: str, path: MakePath, requests: int, bar_ms: float) -> Timing | None:
        """What such requests take; None when the server does not know the path. Raises BenchError."""
        took: list[float] = []
        body, used_s = b"", 0.0
        for number in range(_WARM_UP + requests):
            if number == _WARM_UP:
                used_s = -self._used_s()
            begun = time.perf_counter()
            self._connection.request("GET", path(number), headers=self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
            took.append((time.perf_counter() - begun) * 1000)
            if answer.status == http.client.NOT_FOUND:
                return None
            if answer.status != http.client.OK:
                raise BenchError(f"{path(number)}: {answer.status} {body[:200]!r}")
        total = json.loads(body).get("TotalCount") if body.startswith(b"{") else None
        p95 = percentile(took[_WARM_UP:], 95)
        cpu_ms = (used_s + self._used_s()) / requests * 1000
        return Timing(name, median(took[_WARM_UP:]), p95, cpu_ms, total, bar_ms)

    def _used_s(self) -> float:
        every = (read_process(pid) for pid in self._server.pids())
        return sum(process.own_s for process in every if process)


def _day(ago: int) -> str:
    return (SystemClock().now() - timedelta(days=ago)).strftime("%Y-%m-%d")


def _ask(path: str, query: Mapping[str, object] | None = None) -> MakePath:
    """The same request each time, but for values that are functions of its number."""

    def build(number: int) -> str:
        values = {k: v(number) if callable(v) else v for k, v in (query or {}).items()}
        return f"{path}?{urlencode(values)}" if values else path

    return build


def _questions(filled: Filled) -> Iterator[tuple[str, MakePath]]:
    yield from _of_messages(filled)
    yield from _of_bounces(filled)
    yield from _of_statistics()
    page = {"count": 50, "offset": 0}
    yield "suppressions, dump", _ask("/message-streams/outbound/suppressions/dump")
    yield "inbound list", _ask("/messages/inbound", page)
    yield "opens list", _ask("/messages/outbound/opens", page)
    yield "clicks list", _ask("/messages/outbound/clicks", page)


def _of_messages(filled: Filled) -> Iterator[tuple[str, MakePath]]:
    some: dict[str, object] = {"recipient": lambda n: address(n * 70 * 13)}
    dates: dict[str, object] = {"fromdate": _day(20), "todate": _day(10)}
    filters: dict[str, dict[str, object]] = {
        "first page": {},
        "count 500": {"count": 500},
        "offset 9,500": {"count": 500, "offset": 9500},
        "stream broadcast": {"messagestream": "broadcast"},
        "recipient": some,
        "sender": {"fromemail": "billing@sender.bench.example"},
        "sender unknown": {"fromemail": "nobody@sender.bench.example"},
        "tag": {"tag": COUNTED_TAG},
        "tag, offset 9,500": {"tag": COUNTED_TAG, "count": 500, "offset": 9500},
        "tag rare": {"tag": RARE_TAG},
        "status queued": {"status": "queued"},
        "status sent": {"status": "sent"},
        "ten days": dates,
        "subject rare": {"subject": RARE_SUBJECT},
        "subject common": {"subject": "order"},
        "subject unknown": {"subject": lambda n: f"nothing like {n} this"},
        "metadata": {"metadata_order": lambda n: n * 30},
        "metadata common": {"metadata_shop": "s9"},
        "tag, ten days": {"tag": COUNTED_TAG, **dates},
        "tag, sender": {"tag": COUNTED_TAG, "fromemail": "team@sender.bench.example"},
        "tag, status": {"tag": COUNTED_TAG, "status": "sent"},
        "tag, subject": {"tag": COUNTED_TAG, "subject": RARE_SUBJECT},
        "tag, subject common": {"tag": COUNTED_TAG, "subject": "order"},
        "recipient, tag": {**some, "tag": COUNTED_TAG},
        "sender, ten days": {"fromemail": "team@sender.bench.example", **dates},
        "metadata, tag": {"metadata_shop": "s9", "tag": COUNTED_TAG},
        "two of metadata": {"metadata_shop": "s9", "metadata_order": lambda n: n * 30},
    }
    for name, query in filters.items():
        yield f"messages, {name}", _ask("/messages/outbound", {"count": 50, "offset": 0} | query)
    for part in ("details", "dump"):
        yield f"message, {part}", _ask(f"/messages/outbound/{filled.message_id}/{part}")


def _of_bounces(filled: Filled) -> Iterator[tuple[str, MakePath]]:
    dates: dict[str, object] = {"fromdate": _day(20), "todate": _day(10)}
    filters: dict[str, dict[str, object]] = {
        "first page": {},
        "offset 9,500": {"count": 500, "offset": 9500},
        "type": {"type": "SoftBounce"},
        "inactive": {"inactive": "true"},
        "address part": {"emailFilter": "person777"},
        "address part unknown": {"emailFilter": "nobody"},
        "tag": {"tag": COUNTED_TAG},
        "message": {"messageID": filled.message_id},
        "ten days": dates,
        "type, inactive, ten days": {"type": "HardBounce", "inactive": "true", **dates},
        "tag, type": {"tag": COUNTED_TAG, "type": "Transient"},
    }
    for name, query in filters.items():
        yield f"bounces, {name}", _ask("/bounces", {"count": 50, "offset": 0} | query)
    yield "bounce", lambda n: f"/bounces/{filled.bounce_ids[n % len(filled.bounce_ids)]}"
    yield "bounces, tags", _ask("/bounces/tags")
    yield "delivery statistics", _ask("/deliverystats")


def _of_statistics() -> Iterator[tuple[str, MakePath]]:
    year: dict[str, object] = {"fromdate": _day(YEAR)}
    parts = (
        "",
        "/sends",
        "/bounces",
        "/spam",
        "/opens/platforms",
        "/opens/emailclients",
        "/clicks/location",
    )
    for part in parts:
        yield f"statistics of a year, {part or 'overview'}", _ask(f"/stats/outbound{part}", year)
    for name, more in (
        ("a tag", {"tag": COUNTED_TAG}),
        ("a stream", {"messagestream": "outbound"}),
    ):
        yield f"statistics of a year, overview of {name}", _ask("/stats/outbound", year | more)


def _of_pages(filled: Filled) -> Iterator[tuple[str, MakePath]]:
    """The activity page with what is typed into its search box: the whole page, as a browser asks for it."""
    yield "activity", _ask("/")
    yield "activity, older", _ask("/", {"before": first_key(SystemClock().now() - timedelta(30))})
    searches: dict[str, object] = {
        "recipient": lambda n: f"to:{address(n * 70 * 13)}",
        "part of a recipient": lambda n: f"to:person{n}77",
        "sender": "from:billing@sender.bench.example",
        "part of a sender": "from:billing",
        "tag": f"tag:{COUNTED_TAG}",
        "tag rare": f"tag:{RARE_TAG}",
        "stream": "stream:broadcast",
        "subject rare": f"subject:{RARE_SUBJECT}",
        "subject common": "subject:order",
        "text unknown": lambda n: f"nothing like {n} this",
        "status queued": "status:queued",
        "status bounced": "status:bounced",
        "is opened": "is:opened",
        "metadata": lambda n: f"metadata.order:{n * 30}",
        "metadata common": "metadata.shop:s9",
        "ten days": f"after:{_day(20)} before:{_day(10)}",
        "tag, is opened": f"tag:{COUNTED_TAG} is:opened",
        "sender, text, ten days": f"from:team@sender.bench.example after:{_day(20)} tomatoes",
        "recipient, tag": lambda n: f"to:{address(n * 70 * 13)} tag:{COUNTED_TAG}",
        "metadata, status": "metadata.shop:s9 status:bounced",
        "MessageID": filled.message_id,
    }
    for name, search in searches.items():
        yield f"activity, {name}", _ask("/", {"q": search})
    halfway = first_key(SystemClock().now() - timedelta(30))
    for name, search in (("text unknown", "nothing like this"), ("is opened", "is:opened")):
        yield f"activity, {name}, further back", _ask("/", {"q": search, "before": halfway})
