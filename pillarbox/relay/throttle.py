"""How many copies one destination gets at a time. Pure.

The allowance grows while the destination answers and shrinks when it does not: slow or dead destinations end up
with one, good ones with many (additive increase, multiplicative decrease).
"""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Throttle:
    """One destination's allowance: `limit` now, never above `most`, never below one."""

    limit: float
    most: int

    def answered(self) -> None:
        """The destination took or clearly refused a copy."""
        self.limit = min(self.most, self.limit + 10 / self.limit)

    def lagged(self, enough: int) -> None:
        """The destination took its time: what keeps its connections busy is enough, more would only wait."""
        if self.limit > enough:
            self.limit = max(float(enough), self.limit / 2)
        else:
            self.limit = min(float(enough), self.limit + 10 / self.limit)

    def struggled(self) -> None:
        """The destination could not be reached, or asked to slow down."""
        self.limit = max(1.0, self.limit / 2)
