"""Routes: from a recipient's domain to the addresses to try."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from random import Random

import pytest

from pillarbox.mail.dns import Resolver
from pillarbox.mail.egress import Egress
from pillarbox.mail.mx import Host, NoRoute, RouteCause, route
from tests.doubles.dns import NULL_MX, NXDOMAIN, SERVFAIL, DnsZone

EGRESS = Egress(
    [ip_network("127.0.0.0/8"), ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")]
)
OWN = frozenset({"mail.pillarbox.test"})


@pytest.fixture
async def zone() -> AsyncIterator[DnsZone]:
    async with DnsZone() as zone:
        yield zone


@pytest.fixture
async def resolver(zone) -> AsyncIterator[Resolver]:
    resolver = Resolver([zone.address], timeout_s=0.2)
    yield resolver
    await resolver.close()


@pytest.fixture
def find(resolver):
    async def find(domain: str, *, egress: Egress = EGRESS, seed: int = 1) -> list[Host]:
        found = await route(
            domain, resolver=resolver, egress=egress, own_names=OWN, rng=Random(seed)
        )
        return found.hosts

    return find


@pytest.fixture
def fail(find):
    async def fail(domain: str, **options: Egress) -> NoRoute:
        with pytest.raises(NoRoute) as caught:
            await find(domain, **options)
        return caught.value

    return fail


async def test_hosts_come_in_the_order_of_preference_with_all_their_addresses(zone, find):
    zone.zone |= {
        "b.example": {"MX": ["20 backup.b.example", "10 mx.b.example"]},
        "mx.b.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
        "backup.b.example": {"A": ["192.0.2.9"]},
    }
    assert await find("b.example") == [
        Host("mx.b.example", "192.0.2.1"),
        Host("mx.b.example", "2001:db8::1"),
        Host("backup.b.example", "192.0.2.9"),
    ]


async def test_equal_preferences_are_shuffled(zone, find):
    names = [f"mx{i}.b.example" for i in range(4)]
    zone.zone["b.example"] = {"MX": [f"10 {name}" for name in names]}
    zone.zone |= {name: {"A": [f"192.0.2.{i}"]} for i, name in enumerate(names)}
    first = {(await find("b.example", seed=seed))[0].name for seed in range(40)}
    assert first == set(names)
    assert await find("b.example", seed=3) == await find("b.example", seed=3)


async def test_at_most_five_hosts_with_four_addresses_are_tried(zone, find):
    zone.zone["b.example"] = {"MX": [f"{i} mx{i}.b.example" for i in range(8)]}
    for i in range(8):
        zone.zone[f"mx{i}.b.example"] = {"A": [f"192.0.2.{i * 10 + n}" for n in range(6)]}
    hosts = await find("b.example")
    assert [host.name for host in hosts] == [f"mx{i}.b.example" for i in range(5) for _ in range(4)]


async def test_an_address_is_tried_once_even_with_two_names(zone, find):
    zone.zone |= {
        "b.example": {"MX": ["10 mx.b.example", "20 mail.b.example"]},
        "mx.b.example": {"A": ["192.0.2.1"]},
        "mail.b.example": {"A": ["192.0.2.1"]},
    }
    assert await find("b.example") == [Host("mx.b.example", "192.0.2.1")]


async def test_without_mx_the_domain_itself_takes_the_mail(zone, find):
    zone.zone["b.example"] = {"A": ["192.0.2.1"]}
    assert await find("B.example.") == [Host("b.example", "192.0.2.1")]


async def test_a_server_that_denies_a_name_for_lack_of_mx_does_not_bounce_the_mail(zone, find):
    zone.zone["b.example"] = {"MX": NXDOMAIN, "A": ["192.0.2.1"]}
    assert await find("b.example") == [Host("b.example", "192.0.2.1")]


async def test_aliases_work_for_domains_and_hosts(zone, find):
    zone.zone |= {
        "www.b.example": {"CNAME": ["b.example"]},
        "b.example": {"MX": ["10 mx.b.example"]},
        "mx.b.example": {"CNAME": ["real.b.example"]},
        "real.b.example": {"A": ["192.0.2.1"]},
    }
    assert await find("www.b.example") == [Host("mx.b.example", "192.0.2.1")]


@pytest.mark.parametrize(
    ("domain", "ip"),
    [("[192.0.2.7]", "192.0.2.7"), ("[IPv6:2001:DB8::7]", "2001:db8::7"), ("[ipv6:2001:db8::7]", "2001:db8::7")],
)  # fmt: skip
async def test_an_address_literal_is_its_own_route(zone, find, domain, ip):
    assert await find(domain) == [Host(domain, ip)]
    assert zone.queries == []


@pytest.mark.parametrize("domain", ["[b.example]", "[192.0.2.7", "[]", "[IPv6:]", "[1.2.3]"])
async def test_a_broken_literal_is_no_domain(fail, domain):
    assert (await fail(domain)).cause is RouteCause.NO_SUCH_DOMAIN


async def test_a_domain_that_does_not_exist_is_permanent(fail):
    failure = await fail("nowhere.example")
    assert failure.cause is RouteCause.NO_SUCH_DOMAIN
    assert failure.cause.is_permanent
    assert failure.text == "550 5.1.2 bad destination system: no such domain"


async def test_a_null_mx_is_permanent(zone, fail):
    zone.zone["b.example"] = {"MX": NULL_MX, "A": ["192.0.2.1"]}
    failure = await fail("b.example")
    assert failure.cause is RouteCause.NULL_MX
    assert failure.cause.is_permanent
    assert failure.text == "556 5.1.10 Recipient address has a null MX"


async def test_a_null_mx_among_real_ones_is_ignored(zone, find):
    zone.zone |= {
        "b.example": {"MX": [*NULL_MX, "10 mx.b.example"]},
        "mx.b.example": {"A": ["192.0.2.1"]},
    }
    assert await find("b.example") == [Host("mx.b.example", "192.0.2.1")]


@pytest.mark.parametrize(
    "records",
    [
        SERVFAIL,
        {"MX": SERVFAIL, "A": ["192.0.2.1"]},
        {"A": SERVFAIL},
        {"MX": NXDOMAIN, "A": SERVFAIL, "AAAA": SERVFAIL},
    ],
)
async def test_trouble_with_dns_is_temporary(zone, fail, records):
    zone.zone["b.example"] = records
    failure = await fail("b.example")
    assert failure.cause is RouteCause.DNS_FAILURE
    assert not failure.cause.is_permanent
    assert failure.text == "451 4.4.3 DNS lookup failed"


async def test_one_host_in_trouble_does_not_hide_the_others(zone, find):
    zone.zone |= {
        "b.example": {"MX": ["1 broken.b.example", "2 gone.b.example", "3 mx.b.example"]},
        "broken.b.example": SERVFAIL,
        "mx.b.example": {"A": ["192.0.2.1"]},
    }
    assert await find("b.example") == [Host("mx.b.example", "192.0.2.1")]


async def test_only_hosts_in_trouble_are_a_dns_failure(zone, fail):
    zone.zone |= {
        "b.example": {"MX": ["1 broken.b.example", "2 gone.b.example"]},
        "broken.b.example": SERVFAIL,
    }
    assert (await fail("b.example")).cause is RouteCause.DNS_FAILURE


async def test_hosts_without_addresses_are_temporary(zone, fail):
    zone.zone |= {
        "b.example": {"MX": ["1 gone.b.example", "2 empty.b.example"]},
        "empty.b.example": {},
    }
    failure = await fail("b.example")
    assert failure.cause is RouteCause.NO_ADDRESS
    assert not failure.cause.is_permanent


async def test_a_domain_with_neither_mx_nor_address_is_temporary(zone, fail):
    zone.zone["b.example"] = {"TXT": ["nothing here"]}
    assert (await fail("b.example")).cause is RouteCause.NO_ADDRESS


async def test_an_mx_that_is_ourselves_loops(zone, fail):
    zone.zone["b.example"] = {"MX": ["10 Mail.Pillarbox.test"]}
    failure = await fail("b.example")
    assert failure.cause is RouteCause.LOOP
    assert not failure.cause.is_permanent
    assert failure.text == "mail for b.example loops back to myself"


async def test_only_hosts_better_than_ourselves_are_tried(zone, find, fail):
    zone.zone |= {
        "b.example": {
            "MX": [
                "1 mx.b.example",
                "2 mail.pillarbox.test",
                "2 same.b.example",
                "3 worse.b.example",
            ]
        },
        "worst.example": {"MX": ["20 mail.pillarbox.test", "30 mx.b.example"]},
        "mx.b.example": {"A": ["192.0.2.1"]},
    }
    assert await find("b.example") == [Host("mx.b.example", "192.0.2.1")]
    assert (await fail("worst.example")).cause is RouteCause.LOOP


async def test_our_own_name_without_mx_loops(fail, zone):
    zone.zone["mail.pillarbox.test"] = {"A": ["192.0.2.1"]}
    assert (await fail("mail.pillarbox.test")).cause is RouteCause.LOOP


async def test_addresses_of_inner_networks_are_left_out(zone, find, fail):
    zone.zone |= {
        "b.example": {"MX": ["10 mx.b.example"]},
        "mx.b.example": {"A": ["10.0.0.1", "192.0.2.1", "169.254.169.254"]},
        "inner.example": {"MX": ["10 inner.example"], "A": ["10.0.0.1"], "AAAA": ["::1"]},
    }
    assert await find("b.example") == [Host("mx.b.example", "192.0.2.1")]
    assert (await fail("inner.example")).cause is RouteCause.LOOP
    assert (await fail("[10.0.0.1]")).cause is RouteCause.LOOP
    assert (await fail("[127.0.0.1]", egress=Egress([]))).cause is RouteCause.LOOP


async def test_the_texts_are_not_taken_for_something_else(zone, fail):
    # The classifier reads them: a domain in the text could look like a block list.
    zone.zone |= {"spamhaus.example": {"TXT": ["x"]}, "mailbox-full.example": {"A": ["10.0.0.1"]}}
    for domain in zone.zone:
        text = (await fail(domain)).text
        assert text.startswith("451 4.4.4 unable to route: ")
        assert domain not in text
