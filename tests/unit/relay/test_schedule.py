"""The retry ladder."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from pillarbox.relay.schedule import LONGEST, WINDOW, next_try

START = datetime(2026, 3, 4, tzinfo=UTC)


class Middle(random.Random):
    """No jitter."""

    @override
    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def ladder() -> list[timedelta]:
    now, pauses = START, []
    for attempt in range(1, 100):
        due = next_try(attempt, received_at=START, now=now, rng=Middle())
        if due is None:
            break
        pauses.append(due - now)
        now = due
    return pauses


def test_pauses_double_from_a_minute_to_an_hour() -> None:
    minutes = [pause.total_seconds() / 60 for pause in ladder()]
    assert minutes[:8] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_the_last_try_falls_on_the_end_of_the_window() -> None:
    assert sum(ladder(), timedelta()) == WINDOW


@given(st.integers(1, 60), st.floats(0, WINDOW.total_seconds() - 1), st.integers())
def test_every_try_is_later_than_now_and_within_reach(attempts: int, age: float, seed: int) -> None:
    now = START + timedelta(seconds=age)
    due = next_try(attempts, received_at=START, now=now, rng=random.Random(seed))
    assert due is not None
    assert now < due <= min(now + LONGEST * 1.2, START + WINDOW)


def test_nothing_is_tried_after_the_window() -> None:
    assert next_try(1, received_at=START, now=START + WINDOW, rng=Middle()) is None
