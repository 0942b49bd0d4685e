"""When DNS is looked at again by itself: often while something was just published, then ever more rarely. Pure."""

from datetime import datetime, timedelta

DAILY = timedelta(days=1)
_STEPS = (
    (timedelta(hours=1), timedelta(minutes=5)),
    (timedelta(days=2), timedelta(hours=1)),
    (timedelta(days=7), timedelta(hours=6)),
)


def next_check(now: datetime, *, changed_at: datetime, is_settled: bool) -> datetime:
    """The next look. What is settled is looked at once a day, and so is what nobody has published for a week."""
    if not is_settled:
        for age, pause in _STEPS:
            if now - changed_at < age:
                return now + pause
    return now + DAILY
