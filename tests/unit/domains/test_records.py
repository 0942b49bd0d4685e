"""Which records a domain should have, and how each stands."""

from datetime import UTC, datetime, timedelta

import pytest

from pillarbox.config import load
from pillarbox.domains.model import SAFE_AFTER, Alias, DkimKey, Domain, KeyState
from pillarbox.domains.records import Match, Purpose, Record, State, records, state

NOW = datetime(2026, 3, 4, 14, 15, 2, tzinfo=UTC)
CONFIG = load({"hostname": "mail.example"}, environment={})


def a_key(state: KeyState) -> DkimKey:
    return DkimKey(domain="shop.example", selector=state, pem=b"broken", state=state, since=NOW)


def a_domain(*states: KeyState, tracking: str = "") -> Domain:
    return Domain(
        id=1001,
        name="shop.example",
        created_at=NOW,
        changed_at=NOW,
        keys={state: a_key(state) for state in states},
        tracking=Alias(host=tracking),
    )


def a_record(purpose: Purpose, *, is_verified: bool = False) -> Record:
    return Record(purpose=purpose, host="h.example", type="TXT", value="v", is_verified=is_verified)


def test_the_key_to_publish_comes_first_and_empty_hosts_are_left_out() -> None:
    domain = a_domain(*KeyState, tracking="click.shop.example")
    assert [one.purpose for one in records(domain, CONFIG)] == [
        Purpose.DKIM_NEXT,
        Purpose.DKIM,
        Purpose.DKIM_OLD,
        Purpose.TRACKING,
        Purpose.SPF,
        Purpose.DMARC,
    ]


@pytest.mark.parametrize(
    ("purpose", "is_verified", "match", "expected"),
    [
        (Purpose.DKIM_NEXT, False, Match.FOUND, State.GOOD),
        (Purpose.DKIM_NEXT, False, Match.MISSING, State.WAITING),
        (Purpose.DKIM_NEXT, False, Match.OTHER, State.WRONG),
        (Purpose.DKIM_NEXT, False, Match.UNKNOWN, State.WAITING),
        (Purpose.DKIM, True, Match.MISSING, State.LOST),
        (Purpose.DKIM, True, Match.UNKNOWN, State.GOOD),
        (Purpose.RETURN_PATH, True, Match.OTHER, State.LOST),
        (Purpose.SPF, False, Match.MISSING, State.OPTIONAL),
        (Purpose.SPF, False, Match.FOUND, State.GOOD),
        (Purpose.DMARC, False, Match.UNKNOWN, State.UNKNOWN),
    ],
)
def test_a_record_stands_as_dns_shows_it(purpose, is_verified, match, expected) -> None:
    assert state(a_record(purpose, is_verified=is_verified), match, NOW) is expected


def test_an_old_key_is_kept_for_as_long_as_mail_may_be_on_its_way() -> None:
    old = records(a_domain(KeyState.ACTIVE, KeyState.REVOKED), CONFIG)[1]
    assert state(old, Match.FOUND, NOW + SAFE_AFTER) is State.KEEP
    assert state(old, Match.MISSING, NOW + SAFE_AFTER + timedelta(seconds=1)) is State.REMOVABLE
