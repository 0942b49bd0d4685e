"""When to try again, and when to give up. Pure. Source: spec bounce-classification 1; RFC 5321 section 4.5.4.1."""

import random
from datetime import datetime, timedelta

WINDOW = timedelta(hours=12)
FIRST = timedelta(minutes=1)
LONGEST = timedelta(hours=1)
JITTER = 0.2


def next_try(
    attempts: int, *, received_at: datetime, now: datetime, rng: random.Random
) -> datetime | None:
    """The instant of the next attempt after `attempts` failed ones; None when the window is used up.

    1, 2, 4, ... minutes, at most an hour apart, each up to a fifth earlier or later, so that what failed together
    does not come back together. The last try falls on the end of the window.
    """
    give_up = received_at + WINDOW
    if now >= give_up:
        return None
    pause = min(LONGEST, FIRST * (1 << min(attempts - 1, 10)))
    return min(now + pause * (1 + rng.uniform(-JITTER, JITTER)), give_up)
