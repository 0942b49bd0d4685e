"""When DNS is looked at again."""

from datetime import UTC, datetime, timedelta

import pytest

from pillarbox.domains.schedule import next_check

NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "pause"),
    [
        (timedelta(0), timedelta(minutes=5)),
        (timedelta(minutes=59), timedelta(minutes=5)),
        (timedelta(hours=1), timedelta(hours=1)),
        (timedelta(hours=47), timedelta(hours=1)),
        (timedelta(days=2), timedelta(hours=6)),
        (timedelta(days=7), timedelta(days=1)),
        (timedelta(days=700), timedelta(days=1)),
    ],
)
def test_what_is_not_found_yet_is_looked_for_ever_more_rarely(age, pause):
    assert next_check(NOW, changed_at=NOW - age, is_settled=False) == NOW + pause


def test_what_is_settled_is_looked_at_daily():
    assert next_check(NOW, changed_at=NOW, is_settled=True) == NOW + timedelta(days=1)
