"""What a process counts."""

import pytest

from pillarbox.meters import Histogram
from pillarbox.relay.providers import OTHER, provider_of


def test_a_histogram_counts_what_is_at_most_a_bound() -> None:
    meter = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        meter.observe(value)
    meter.observe(2.0, 3)
    assert meter.cumulative() == [("1.0", 2.0), ("2.0", 6.0), ("+Inf", 7.0)]
    assert meter.total == 18.0


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("gmail-smtp-in.l.google.com", "google"),
        ("shop-example.mail.protection.OUTLOOK.com.", "microsoft"),
        ("mx.example.org", OTHER),
        ("com", OTHER),
    ],
)
def test_large_providers_have_names(host: str, provider: str) -> None:
    assert provider_of(host) == provider
