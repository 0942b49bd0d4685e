"""Outcomes on their way from a worker to the dispatcher, gathered while more are to come.

Each report costs the dispatcher a turn of its loop and a part of a transaction, however little it says.
"""

import asyncio
from collections.abc import Callable

from pillarbox.relay.job import Outcome

MOST_TOGETHER = 16
TOGETHER_S = 0.01


class Reports:
    """Tells of outcomes at once when nothing else is in hand, else soon and together with others."""

    def __init__(self, tell: Callable[[list[Outcome]], None]) -> None:
        self._tell = tell
        self._in_hand = 0
        self._outcomes: list[Outcome] = []
        self._timer: asyncio.TimerHandle | None = None

    def took(self, jobs: int) -> None:
        """So many outcomes more are to come."""
        self._in_hand += jobs

    def add(self, outcome: Outcome) -> None:
        """One of them has come."""
        self._in_hand -= 1
        self._outcomes.append(outcome)
        if self._in_hand == 0 or len(self._outcomes) >= MOST_TOGETHER:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TOGETHER_S, self.flush)

    def flush(self) -> None:
        """Tell what has come so far."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._outcomes:
            outcomes, self._outcomes = self._outcomes, []
            self._tell(outcomes)
