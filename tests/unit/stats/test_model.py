"""Days, tags, read times and rates."""

from datetime import UTC, date, datetime

import pytest

from pillarbox.stats.model import date_of, day_of, percent, read_time, tag_key


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 4, 4, 59, 59, tzinfo=UTC), 20260303),
        (datetime(2026, 3, 4, 5, 0, tzinfo=UTC), 20260304),
        (datetime(2026, 7, 4, 3, 59, 59, tzinfo=UTC), 20260703),
        (datetime(2026, 7, 4, 4, 0, tzinfo=UTC), 20260704),
        (datetime(2025, 12, 31, 23, 0, tzinfo=UTC), 20251231),
        (datetime(1, 1, 1, tzinfo=UTC), 10101),
    ],
)
def test_the_day_of_an_instant(at, day):
    assert day_of(at) == day


def test_a_day_is_a_date():
    assert date_of(20260304) == date(2026, 3, 4)
    assert date_of(10101) == date(1, 1, 1)


@pytest.mark.parametrize(
    ("part", "whole", "rate"),
    [
        (64, 615, 10.406),
        (10, 615, 1.626),
        (0, 615, 0.0),
        (0, 0, 0.0),
        (1, 3, 33.333),
        (2, 3, 66.666),
        (1, 100_001, 0.0),
        (3, 1, 300.0),
        (7, 0, 0.0),
    ],
)
def test_a_rate_is_cut_not_rounded(part, whole, rate):
    found = percent(part, whole)
    assert found == rate
    assert isinstance(found, float)


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (None, "unknown"),
        (0, "0s"),
        (0.99, "0s"),
        (1, "1s"),
        (19.99, "19s"),
        (20, "20s+"),
        (3600, "20s+"),
        (-0.5, "0s"),
    ],
)
def test_read_times(seconds, bucket):
    assert read_time(seconds) == bucket


def test_a_long_tag_is_kept_as_a_digest_of_its_own():
    assert tag_key(None) == tag_key("") == ""
    assert tag_key("ä" * 100) == "ä" * 100
    long = [tag_key("a" * 101), tag_key("a" * 102), tag_key("\ud800" * 1000)]
    assert len(set(long)) == 3
    assert all(len(key) == 49 for key in long)
