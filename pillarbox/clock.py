"""The one source of time. Tests pass a clock that they set; nothing else reads the machine's."""

import time
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
"""Postmark's days, and its times without an offset."""


class Clock(Protocol):
    """Tells the time of day as an aware UTC datetime."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        return datetime.fromtimestamp(time.time(), UTC)
