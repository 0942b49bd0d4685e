"""Statistics."""

from datetime import timedelta

from sweep import (
    TAG,
    check,
)

from official.client import START, server


@check
def stats_overview() -> None:
    found = server.stats.overview()
    assert found.sent > 70
    assert found.opens >= found.unique_opens > 0
    assert found.total_clicks >= found.unique_links_clicked > 0
    assert 0 < found.bounce_rate < 100
    tagged = server.stats.overview(tag=TAG, message_stream="outbound")
    assert tagged.sent == 24
    window = server.stats.overview(
        tag=TAG, from_date=START - timedelta(days=20), to_date=START - timedelta(days=10)
    )
    assert 0 < window.sent < tagged.sent


@check
def stats_sent() -> None:
    found = server.stats.sent_counts(tag=TAG)
    assert found.sent == sum(day.sent for day in found.days) == 24


@check
def stats_bounces() -> None:
    found = server.stats.bounce_counts()
    assert found.hard_bounce == sum(day.hard_bounce for day in found.days) >= 3


@check
def stats_spam() -> None:
    found = server.stats.spam_counts()
    assert found.spam_complaint == sum(day.spam_complaint for day in found.days) == 1


@check
def stats_tracked() -> None:
    found = server.stats.tracked_counts()
    assert found.tracked == sum(day.tracked for day in found.days) > 70


@check
def stats_opens() -> None:
    found = server.stats.open_counts()
    assert found.opens == sum(day.opens for day in found.days) > 0
    assert found.unique == sum(day.unique for day in found.days) > 0


@check
def stats_open_platforms() -> None:
    found = server.stats.platform_usage()
    assert found.desktop == sum(day.desktop for day in found.days) > 0


@check
def stats_email_clients() -> None:
    found = server.stats.email_client_usage()
    assert found.model_extra
    for name, total in found.model_extra.items():
        assert total == sum(day.get(name, 0) for day in found.days)


@check
def stats_read_times() -> None:
    found = server.stats.read_times()
    assert found.model_extra
    assert found.days


@check
def stats_clicks() -> None:
    found = server.stats.click_counts()
    assert found.clicks == sum(day.clicks for day in found.days) > 0


@check
def stats_browsers() -> None:
    found = server.stats.browser_usage()
    assert found.model_extra


@check
def stats_click_platforms() -> None:
    found = server.stats.browser_platform_usage()
    assert found.desktop == sum(day.desktop for day in found.days) > 0


@check
def stats_click_location() -> None:
    found = server.stats.click_location()
    assert found.html == sum(day.html for day in found.days) > 0
