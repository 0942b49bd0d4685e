"""How many requests a token may make: a bucket for each, in this process. Source: spec overview 5.3.

A bucket is one number: when it will be full again. A request takes one part out of it; the emptiest it may get is
BURST_S seconds from full.
"""

import math
from collections.abc import Callable

from pillarbox.errors import Problem, Refused

BURST_S = 10.0
"""A token that was quiet may make the requests of so many seconds at once."""
MAX_KNOWN = 10_000
"""More buckets than that are kept only while they are not full."""


class Pace:
    """Counts the requests of good tokens; what has no token never gets here."""

    def __init__(self, per_second: int, *, monotonic: Callable[[], float]) -> None:
        self._step = 1 / per_second
        self._monotonic = monotonic
        self._full_at: dict[bytes, float] = {}

    def check(self, token: bytes) -> None:
        """Count a request. Refuses RATE_LIMITED, and does not count it then."""
        now = self._monotonic()
        token = token.strip().lower()
        full_at = max(self._full_at.get(token, now), now) + self._step
        late = full_at - now - BURST_S
        if late > 1e-9:  # sums of fractions
            raise Refused(Problem.RATE_LIMITED, retry_after=str(math.ceil(late)))
        if len(self._full_at) >= MAX_KNOWN:
            self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        self._full_at[token] = full_at
