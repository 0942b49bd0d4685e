"""What DNS says of an installation."""

from datetime import UTC, datetime

import pytest

from pillarbox.checkup import machine, network
from pillarbox.config import load
from pillarbox.domains import keys
from pillarbox.domains.model import Alias, Domain, KeyState
from pillarbox.mail.dns import Resolver
from tests.doubles.dns import SERVFAIL, DnsZone

NOW = datetime(2026, 3, 4, tzinfo=UTC)
IN_ORDER = {
    "mail.example": {"A": ["192.0.2.1"], "MX": ["10 mail.example"], "TXT": ["v=spf1 a -all"]},
    "1.2.0.192.in-addr.arpa": {"PTR": ["mail.example"]},
    "gmail.com": {"MX": ["10 mx.gmail.com"]},
}
CHECKS = (network.address, network.pointer, network.bounces, network.spf)


async def found(zone_records) -> list[bool]:
    config = load({"hostname": "mail.example"}, environment={})
    async with DnsZone(zone_records) as zone:
        resolver = Resolver([zone.address])
        try:
            checks = [await network.dns(resolver)]
            checks += [await check(config, resolver) for check in CHECKS]
        finally:
            await resolver.close()
    assert all(check.is_ok or check.fix for check in checks)
    return [check.is_ok for check in checks]


@pytest.mark.parametrize(
    ("changes", "greens"),
    [
        ({}, [True] * 5),
        ({"1.2.0.192.in-addr.arpa": {"PTR": ["other.example"]}}, [True, True, False, True, True]),
        ({"mail.example": SERVFAIL}, [True] + [False] * 4),
        ({"mail.example": {"A": ["192.0.2.1"]}}, [True, True, True, False, False]),
        ({"gmail.com": SERVFAIL}, [False] + [True] * 4),
    ],
)
async def test_what_dns_says(changes, greens) -> None:
    assert await found(IN_ORDER | changes) == greens


async def test_the_records_of_a_domain() -> None:
    config = load({"hostname": "mail.example"}, environment={})
    key = keys.new_key("shop.example", at=NOW)
    domain = Domain(
        id=1,
        name="shop.example",
        return_path=Alias(host="pm-bounces.shop.example"),
        tracking=Alias(),
        keys={KeyState.PENDING: key},
        created_at=NOW,
        changed_at=NOW,
    )
    async with DnsZone({key.host: {"TXT": [keys.record(key)]}}) as zone:
        resolver = Resolver([zone.address])
        try:
            checks = await network.of_domains(config, resolver, [domain])
        finally:
            await resolver.close()
    stand = {check.name: check.is_ok for check in checks}
    assert stand == {
        "DKIM of shop.example": True,
        "Return-Path of shop.example": False,
        "DMARC of shop.example": False,
    }
    assert "v=DMARC1" in next(check.copy for check in checks if "DMARC" in check.name)


@pytest.mark.parametrize(
    ("url", "is_ok"),
    [
        ("https://mail.example.com", True),
        ("http://mail.example.com", False),
        ("https://127.0.0.1:8025", False),
        ("https://pillarbox.internal", False),
        ("https://localhost", False),
    ],
)
def test_the_public_url(url, is_ok) -> None:
    assert machine.public_url(load({"public_url": url}, environment={})).is_ok is is_ok


@pytest.mark.parametrize(
    ("listen", "is_ok"),
    [
        ("127.0.0.1:1026", False),
        ("127.0.0.1:25,[::1]:25,localhost:2525", False),
        (":25", True),
        ("127.0.0.1:1026,[::]:25", True),
        ("192.0.2.1:25", True),
    ],
)
def test_whether_others_can_hand_in_mail(listen, is_ok) -> None:
    check = machine.way_in(load({"inbound_listen": listen}, environment={}))
    assert (check.is_ok, check.copy) == (
        is_ok,
        "" if is_ok else "PILLARBOX_INBOUND_LISTEN=0.0.0.0:25",
    )
