"""What a process counts of its own work: plain numbers, cheap to add to, read by whoever exports them.

All of them belong to the event loop's thread, and begin anew when the process starts.
"""

from bisect import bisect_left
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

QUICK = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: for what a caller waits for."""
SLOW = (
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    300.0,
    900.0,
    3600.0,
    14400.0,
    43200.0,
)
"""Seconds: for what may take as long as mail is tried."""

KEPT_CALLS = 1000


class Histogram:
    """How often a value was at most each of some bounds; the last count is of values beyond all of them."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    def cumulative(self) -> list[tuple[str, float]]:
        """Pairs of a bound and how many values were at most that, as Prometheus wants them."""
        pairs, sum_so_far = [], 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            sum_so_far += count
            pairs.append((bound, float(sum_so_far)))
        return pairs


class ApiCall(NamedTuple):
    """A request to the API, without anything that it said. `code` is the ErrorCode, 0 for none."""

    at: datetime
    server_id: int
    method: str
    path: str
    status: int
    code: int
    seconds: float
    client: str


@dataclass(slots=True, kw_only=True)
class Meters:
    """The meters of one process.

    `accepting` is from a message's arrival to its commit, `attempts` one try over SMTP, `delivering` from accepted
    to delivered; `outcomes` is by (provider, outcome), `webhooks` by outcome. `calls` are the newest
    of the API, of all Servers.
    """

    accepting: Histogram = field(default_factory=lambda: Histogram(QUICK))
    refused: int = 0
    attempts: Histogram = field(default_factory=lambda: Histogram(SLOW))
    delivering: Histogram = field(default_factory=lambda: Histogram(SLOW))
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    calling: Histogram = field(default_factory=lambda: Histogram(QUICK))
    webhooks: Counter[str] = field(default_factory=Counter)
    calls: deque[ApiCall] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
