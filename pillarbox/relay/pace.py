"""Whether a copy should wait for a connection that is busy, or have one opened for it. Pure.

Opening costs both sides more than a message does (greeting, EHLO, TLS), so that a copy waits where it is likely to
be carried before a new connection would be there, or so soon that nobody notices. Whoever waits in vain is found
by the caller, after `patience_s`.
"""

from dataclasses import dataclass

_WEIGHT = 0.2  # of what was seen last
_UNNOTICED_S = 0.05
_TURNS = 4  # of the loop that carrying a copy takes, amply counted
_LEAST_PATIENCE_S, _MOST_PATIENCE_S = 0.25, 2.0


@dataclass(slots=True)
class Pace:
    """How long one destination takes to open a connection, and to carry one copy; 0 is not known yet."""

    opening_s: float = 0.0
    carrying_s: float = 0.0

    def opened(self, seconds: float) -> None:
        """A connection was opened in this time."""
        self.opening_s = _mean(self.opening_s, seconds)

    def carried(self, seconds: float) -> None:
        """A copy was carried in this time."""
        self.carrying_s = _mean(self.carrying_s, seconds)

    def is_worth_opening(self, *, waiting: int, connections: int, lag_s: float = 0.0) -> bool:
        """Whether the last of `waiting` copies gets away sooner on a new connection; all `connections` are busy.

        Before both times are known they count as equal. `lag_s` is how late things run here: where the processor
        is what everything waits for, connections do not help.
        """
        if not connections:
            return True
        # A busy connection is half through on average, then takes its share of those ahead.
        copies = 0.5 + (waiting - 1) / connections
        if not self.opening_s or not self.carrying_s:
            return copies > 1
        theirs_s = self.carrying_s - _TURNS * lag_s
        return copies * theirs_s > max(self.opening_s, _UNNOTICED_S)

    @property
    def patience_s(self) -> float:
        """How long copies may wait while nothing is carried before a connection is opened all the same."""
        return min(_MOST_PATIENCE_S, max(_LEAST_PATIENCE_S, 2 * self.opening_s))


def _mean(before: float, now: float) -> float:
    return before + _WEIGHT * (now - before) if before else now
