"""What webhooks tell of opens and clicks travels in their events."""

from datetime import UTC, datetime
from typing import Any

from pillarbox.tracking.model import (
    ClickLocation,
    Hit,
    HitKind,
    Place,
    Platform,
    Product,
    facts_text,
    with_facts,
)

WHERE: dict[str, Any] = {
    "kind": HitKind.CLICK,
    "server_id": 1,
    "stream_key": 2,
    "message_key": 3,
    "message_id": "0199c0de-0000-7001-8000-000000000003",
    "recipient": "ann@one.example",
    "tag": "a",
    "at": datetime(2026, 3, 4, tzinfo=UTC),
}
FACTS: dict[str, Any] = {
    "platform": Platform.MOBILE,
    "user_agent": "Mozilla/5.0 – ü",
    "read_seconds": 5,
    "client": Product("Mobile Safari 18.6", "Apple Computer, Inc.", "Mobile Safari"),
    "os": Product("iOS 18", "Apple Computer, Inc.", "iOS"),
    "place": Place(country="Portugal", country_code="PT", ip="203.0.113.77"),
    "link": "https://shop.example/?a=b",
    "location": ClickLocation.TEXT,
}


def test_what_is_written_down_is_read_back():
    assert with_facts(Hit(**WHERE), facts_text(Hit(**WHERE, **FACTS))) == Hit(**WHERE, **FACTS)


def test_a_hit_of_which_nothing_is_known():
    assert with_facts(Hit(**WHERE), facts_text(Hit(**WHERE))) == Hit(**WHERE)


def test_erased_facts_leave_the_hit_as_it_is():
    assert with_facts(Hit(**WHERE), "") == Hit(**WHERE)
