"""What answers mean and when calls are made again. Source: spec webhooks 6.2 to 6.4."""

from datetime import UTC, datetime, timedelta

import pytest

from pillarbox import config
from pillarbox.webhook_delivery.schedule import INBOUND_MINUTES, Ladder, judge, judge_inbound
from pillarbox.webhooks.model import AttemptOutcome

AT = datetime(2026, 3, 4, tzinfo=UTC)
GOOD, BAD, AGAIN = AttemptOutcome.SUCCESS, AttemptOutcome.FAILURE, AttemptOutcome.RETRY


@pytest.mark.parametrize(
    ("status", "event", "inbound"),
    [
        *((status, GOOD, GOOD) for status in (200, 201, 202, 204, 299)),
        *((status, AGAIN, AGAIN) for status in (0, 301, 304, 399, 408, 429, 500, 502, 503, 599)),
        *((status, BAD, AGAIN) for status in (400, 401, 404, 405, 406, 410, 422, 451, 499)),
        (403, BAD, BAD),
    ],
)
def test_what_a_status_means(status, event, inbound):
    assert judge(status) is event
    assert judge_inbound(status) is inbound


def delays(ladder: Ladder) -> list[int]:
    """The minutes before each repetition."""
    found: list[int] = []
    while (due := ladder.next_try(len(found) + 1, AT)) is not None:
        found.append((due - AT) // timedelta(minutes=1))
    return found


def test_the_ladder_of_events_is_a_setting():
    minutes = config.load({}, environment={}).webhooks_retry_minutes
    assert delays(Ladder(minutes)) == [1, 5, 15, 1, 5, 10, 10, 10, 15]
    assert [Ladder(minutes).remaining(made) for made in range(10)] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]


def test_the_ladder_of_inbound_mail():
    assert delays(Ladder(INBOUND_MINUTES)) == [1, 5, 10, 10, 10, 15, 30, 60, 120, 360]


def test_a_ladder_without_rungs_is_one_attempt():
    assert delays(Ladder(())) == []
    assert Ladder(()).remaining(0) == 0
