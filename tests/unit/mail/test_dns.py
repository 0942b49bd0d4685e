"""The resolver against a real name server that answers as scripted."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver
from tests.doubles import serve_in_thread
from tests.doubles.dns import NULL_MX, NXDOMAIN, REFUSED, SERVFAIL, TIMEOUT, DnsZone


class SetClock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def zone() -> AsyncIterator[DnsZone]:
    async with DnsZone() as zone:
        yield zone


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def resolver(zone, clock) -> AsyncIterator[Resolver]:
    resolver = Resolver([zone.address], clock=clock, timeout_s=0.2)
    yield resolver
    await resolver.close()


async def test_mail_exchangers_come_with_their_preferences(zone, resolver):
    zone.zone["b.example"] = {"MX": ["20 Backup.B.example", "10 mx.b.example"]}
    assert sorted(await resolver.mx("b.example")) == [
        (10, "mx.b.example"),
        (20, "backup.b.example"),
    ]


async def test_a_null_mx_has_an_empty_name(zone, resolver):
    zone.zone["b.example"] = {"MX": NULL_MX}
    assert await resolver.mx("b.example") == [(0, "")]


async def test_an_alias_is_followed(zone, resolver):
    zone.zone |= {
        "www.b.example": {"CNAME": ["b.example"]},
        "b.example": {"MX": ["1 mx.b.example"]},
    }
    assert await resolver.mx("www.b.example") == [(1, "mx.b.example")]
    assert await resolver.cname("www.b.example") == "b.example"
    assert await resolver.cname("b.example") is None


async def test_an_alias_to_a_name_without_such_records_is_an_empty_answer(zone, resolver):
    zone.zone |= {"www.b.example": {"CNAME": ["b.example"]}, "b.example": {"A": ["192.0.2.1"]}}
    assert await resolver.mx("www.b.example") == []


async def test_both_families_alternate_and_ipv4_comes_first(zone, resolver):
    zone.zone["b.example"] = {
        "A": ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
        "AAAA": ["2001:db8::1", "2001:db8::2"],
    }
    found = await resolver.addresses("b.example")
    assert [":" in ip for ip in found] == [False, True, False, True, False]


async def test_a_name_with_ipv6_only_has_those(zone, resolver):
    zone.zone["b.example"] = {"AAAA": ["2001:db8::1"]}
    assert await resolver.addresses("b.example") == ["2001:db8::1"]


async def test_a_name_without_addresses_is_an_empty_answer(zone, resolver):
    zone.zone["b.example"] = {"TXT": ["x"]}
    assert await resolver.addresses("b.example") == []


@pytest.mark.parametrize("fault", [SERVFAIL, NXDOMAIN, TIMEOUT])
async def test_one_broken_family_does_not_hide_the_other(zone, resolver, fault):
    zone.zone["four.example"] = {"A": ["192.0.2.1"], "AAAA": fault}
    zone.zone["six.example"] = {"A": fault, "AAAA": ["2001:db8::1"]}
    assert await resolver.addresses("four.example") == ["192.0.2.1"]
    assert await resolver.addresses("six.example") == ["2001:db8::1"]


async def test_no_addresses_and_a_failure_is_a_failure(zone, resolver):
    zone.zone["b.example"] = {"AAAA": SERVFAIL}
    with pytest.raises(DnsFailure):
        await resolver.addresses("b.example")
    zone.zone["c.example"] = {"A": NXDOMAIN, "AAAA": SERVFAIL}
    with pytest.raises(DnsFailure):
        await resolver.addresses("c.example")


async def test_half_a_denial_is_an_empty_answer(zone, resolver):
    zone.zone["b.example"] = {"AAAA": NXDOMAIN}
    assert await resolver.addresses("b.example") == []


async def test_strings_of_a_text_record_are_joined(zone, resolver):
    long = "v=DKIM1; p=" + "A" * 500
    zone.zone["b.example"] = {"TXT": [long, 'say "hi"', ""]}
    assert sorted(await resolver.txt("b.example")) == sorted([long, 'say "hi"', ""])


async def test_reverse_names_are_found(zone, resolver):
    zone.zone["9.2.0.192.in-addr.arpa"] = {"PTR": ["Mail.B.example"]}
    zone.zone["8.2.0.192.in-addr.arpa"] = {}
    assert await resolver.ptr("192.0.2.9") == ["mail.b.example"]
    assert await resolver.ptr("192.0.2.8") == []
    with pytest.raises(NoSuchDomain):
        await resolver.ptr("2001:db8::1")
    with pytest.raises(ValueError, match="address"):
        await resolver.ptr("b.example")


async def test_an_answer_too_big_for_udp_comes_over_tcp(zone, resolver):
    zone.zone["b.example"] = {"A": [f"10.0.{i // 200}.{i % 200}" for i in range(400)]}
    assert len(await resolver.addresses("b.example")) == 400


async def test_an_absurd_number_of_records_is_cut(zone, resolver):
    zone.zone["b.example"] = {"A": [f"10.0.{i // 200}.{i % 200}" for i in range(700)]}
    assert len(await resolver.addresses("b.example")) == 500


async def test_a_name_that_does_not_exist_is_no_such_domain(resolver):
    for ask in (resolver.mx, resolver.addresses, resolver.txt, resolver.cname):
        with pytest.raises(NoSuchDomain, match=r"nowhere\.example"):
            await ask("nowhere.example")


@pytest.mark.parametrize(
    "name", ["a..b", "x" * 64 + ".example", "x." * 140, "\ud800.example", "a b\0"]
)
async def test_a_name_that_cannot_exist_is_no_such_domain(zone, resolver, name):
    zone.zone["a b"] = {"MX": ["1 mx.b.example"]}
    with pytest.raises(NoSuchDomain):
        await resolver.mx(name)


@pytest.mark.parametrize("fault", [SERVFAIL, REFUSED, TIMEOUT])
async def test_a_server_in_trouble_is_a_failure(zone, resolver, fault):
    zone.zone["b.example"] = fault
    with pytest.raises(DnsFailure):
        await resolver.mx("b.example")


async def test_nobody_there_is_a_failure(clock):
    async with DnsZone() as gone:
        address = gone.address
    resolver = Resolver([address], clock=clock, timeout_s=0.2)
    with pytest.raises(DnsFailure):
        await resolver.mx("b.example")
    await resolver.close()


async def test_a_second_server_is_asked_when_the_first_is_silent(zone, clock):
    zone.zone["b.example"] = {"MX": ["1 mx.b.example"]}
    async with DnsZone({"b.example": TIMEOUT}) as silent:
        resolver = Resolver([silent.address, zone.address], clock=clock, timeout_s=0.2)
        assert await resolver.mx("b.example") == [(1, "mx.b.example")]
        await resolver.close()


async def test_names_are_the_same_in_any_letter_case_and_with_a_final_dot(zone, resolver):
    zone.zone["b.example"] = {"MX": ["1 mx.b.example"]}
    for name in ("b.example", "B.Example", "b.example."):
        assert await resolver.mx(name) == [(1, "mx.b.example")]
    assert zone.queries == [("b.example", "MX")]


@pytest.mark.parametrize(("ttl", "kept_s"), [(0, 5), (60, 60), (86_400, 3600)])
async def test_an_answer_is_kept_for_its_time_within_limits(zone, resolver, clock, ttl, kept_s):
    zone.ttl = ttl
    zone.zone["b.example"] = {"MX": ["1 mx.b.example"]}
    await resolver.mx("b.example")
    clock.now += kept_s - 0.1
    await resolver.mx("b.example")
    assert len(zone.queries) == 1
    clock.now += 0.2
    await resolver.mx("b.example")
    assert len(zone.queries) == 2


@pytest.mark.parametrize("records", [NXDOMAIN, {}])
async def test_that_something_is_missing_is_kept_for_a_minute(zone, resolver, clock, records):
    async def ask() -> None:
        try:
            assert await resolver.mx("b.example") == []
        except NoSuchDomain:
            assert records is NXDOMAIN

    zone.zone["b.example"] = records
    await ask()
    clock.now += 59
    await ask()
    assert len(zone.queries) == 1
    clock.now += 2
    await ask()
    assert len(zone.queries) == 2


async def test_a_failure_is_forgotten_after_seconds(zone, resolver, clock):
    zone.zone["b.example"] = SERVFAIL
    with pytest.raises(DnsFailure):
        await resolver.mx("b.example")
    zone.zone["b.example"] = {"MX": ["1 mx.b.example"]}
    with pytest.raises(DnsFailure):
        await resolver.mx("b.example")
    clock.now += 6
    assert await resolver.mx("b.example") == [(1, "mx.b.example")]


async def test_a_forgotten_name_is_asked_again(zone, resolver):
    assert await _txt_or_none(resolver) is None
    zone.zone["b.example"] = {"TXT": ["v=spf1 -all"]}
    assert await _txt_or_none(resolver) is None
    resolver.forget("B.example.")
    assert await _txt_or_none(resolver) == ["v=spf1 -all"]


async def _txt_or_none(resolver: Resolver) -> list[str] | None:
    try:
        return await resolver.txt("b.example")
    except NoSuchDomain:
        return None


async def test_what_the_caller_does_with_the_answer_does_not_matter(zone, resolver):
    zone.zone["b.example"] = {"MX": ["1 mx.b.example"]}
    (await resolver.mx("b.example")).clear()
    assert await resolver.mx("b.example") == [(1, "mx.b.example")]


async def test_equal_questions_at_the_same_time_are_asked_once(zone, resolver):
    zone.zone["b.example"] = {"MX": ["1 mx.b.example"]}
    answers = await asyncio.gather(*(resolver.mx("b.example") for _ in range(50)))
    assert answers == [[(1, "mx.b.example")]] * 50
    assert zone.queries == [("b.example", "MX")]


async def test_an_impatient_asker_does_not_spoil_the_answer_for_others(zone, resolver):
    zone.zone["b.example"] = {"MX": ["1 mx.b.example"]}
    loop = asyncio.get_running_loop()
    impatient = loop.create_task(resolver.mx("b.example"))
    patient = loop.create_task(resolver.mx("b.example"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == [(1, "mx.b.example")]
    assert impatient.cancelled()


async def test_the_cache_is_bounded_and_drops_the_oldest(zone, resolver, monkeypatch):
    monkeypatch.setattr("pillarbox.mail.dns._CACHE_SIZE", 10)
    for number in range(12):
        zone.zone[f"{number}.example"] = {"MX": ["1 mx.b.example"]}
        await resolver.mx(f"{number}.example")
    assert len(resolver._cache) == 10
    await resolver.mx("11.example")
    assert len(zone.queries) == 12
    await resolver.mx("0.example")
    assert len(zone.queries) == 13


async def test_closing_gives_up_what_is_being_asked(zone, clock):
    zone.zone["b.example"] = TIMEOUT
    resolver = Resolver([zone.address], clock=clock, timeout_s=30)
    question = asyncio.get_running_loop().create_task(resolver.mx("b.example"))
    await asyncio.sleep(0)
    await resolver.close()
    with pytest.raises(DnsFailure):
        await question
    await resolver.close()


def test_the_zone_can_serve_from_a_thread_of_its_own():
    async def ask(address: str) -> list[tuple[int, str]]:
        resolver = Resolver([address])
        try:
            return await resolver.mx("b.example")
        finally:
            await resolver.close()

    with serve_in_thread(lambda: DnsZone({"b.example": {"MX": ["1 mx.b.example"]}})) as zone:
        assert asyncio.run(ask(zone.address)) == [(1, "mx.b.example")]
        assert zone.queries == [("b.example", "MX")]
