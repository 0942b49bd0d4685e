"""What an answer means, and when a call is made again. Pure. Source: spec webhooks 6.2 to 6.4."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pillarbox.webhooks.model import AttemptOutcome

INBOUND_MINUTES = (1, 5, 10, 10, 10, 15, 30, 60, 120, 360)
INBOUND_TIMEOUT_S = 120.0
_MAY_PASS = frozenset({408, 429})


@dataclass(frozen=True, slots=True)
class Ladder:
    """How often a call is repeated: the minutes between the end of one attempt and the next."""

    minutes: Sequence[int]

    def remaining(self, attempts: int) -> int:
        """How many times a call is repeated at most after one that comes after so many attempts."""
        return max(len(self.minutes) - attempts, 0)

    def next_try(self, attempts: int, ended_at: datetime) -> datetime | None:
        """When a call is made again after so many attempts, the last of which just ended; None when never."""
        if attempts > len(self.minutes):
            return None
        return ended_at + timedelta(minutes=self.minutes[attempts - 1])


def judge(status: int) -> AttemptOutcome:
    """What a status means for the call of an event; 0 is no answer."""
    if 200 <= status < 300:
        return AttemptOutcome.SUCCESS
    if 400 <= status < 500 and status not in _MAY_PASS:
        return AttemptOutcome.FAILURE
    return AttemptOutcome.RETRY


def judge_inbound(status: int) -> AttemptOutcome:
    """The same for the hook of inbound mail, which stops at nothing but 403."""
    if 200 <= status < 300:
        return AttemptOutcome.SUCCESS
    return AttemptOutcome.FAILURE if status == 403 else AttemptOutcome.RETRY
