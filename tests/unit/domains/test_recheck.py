"""The chore that looks at DNS by itself."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from pillarbox import roles
from pillarbox.app import App
from pillarbox.domains import keys, register, store
from pillarbox.domains.model import Aliases, Domain, KeyState
from pillarbox.domains.recheck import recheck
from tests.conftest import SetClock, Settings
from tests.doubles.dns import SERVFAIL, DnsZone

SOON = timedelta(minutes=5)
DAY = timedelta(days=1)
PEM = keys.new_pem()


@pytest.fixture
async def zone() -> AsyncIterator[DnsZone]:
    async with DnsZone() as zone:
        yield zone


@pytest.fixture
async def app(settings: Settings, clock: SetClock, zone: DnsZone) -> AsyncIterator[App]:
    made = settings(dns_servers=zone.address)
    made.data_dir.mkdir(exist_ok=True)
    opened, _ = roles.open_app(made, clock)
    yield opened
    await opened.resolver.close()
    opened.db.stop()


def a_domain(app: App, name: str = "one.example") -> Domain:
    with app.db.transaction() as tx:
        domain = register.create(tx, name, PEM)
        return register.edit(tx, domain, Aliases(return_path=f"rp.{name}"))


def read(app: App, name: str = "one.example") -> Domain:
    with app.db.transaction() as tx:
        found = store.find(tx, name)
    assert found is not None
    return found


def publish(zone: DnsZone, domain: Domain) -> None:
    key = domain.keys[KeyState.PENDING]
    zone.zone[key.host] = {"TXT": [keys.record(key)]}
    zone.zone[domain.return_path.host] = {"CNAME": ["pillarbox.example."]}


async def test_what_was_published_is_found_without_asking(app, clock, zone):
    domain = a_domain(app)
    await recheck(app)
    assert zone.queries == []  # it is too early
    clock.advance(SOON)
    await recheck(app)
    assert not read(app).is_verified
    publish(zone, domain)
    clock.advance(SOON)
    await recheck(app)
    assert read(app).is_settled


async def test_what_is_settled_is_looked_at_daily_and_a_lost_alias_more_often(app, clock, zone):
    publish(zone, a_domain(app))
    clock.advance(SOON)
    await recheck(app)
    asked = len(zone.queries)
    clock.advance(DAY - timedelta(seconds=1))
    await recheck(app)
    assert len(zone.queries) == asked
    clock.advance(timedelta(seconds=1))
    await recheck(app)
    assert len(zone.queries) > asked

    zone.zone.clear()
    clock.advance(DAY)
    await recheck(app)
    lost = read(app)
    assert (lost.return_path.is_verified, lost.is_verified) == (False, True)
    zone.zone["rp.one.example"] = {"CNAME": ["pillarbox.example."]}
    clock.advance(SOON)
    await recheck(app)
    assert read(app).return_path.is_verified


async def test_no_answer_changes_nothing(app, clock, zone):
    publish(zone, a_domain(app))
    clock.advance(SOON)
    await recheck(app)
    settled = read(app)
    zone.zone = dict.fromkeys(zone.zone, SERVFAIL)
    clock.advance(DAY)
    await recheck(app)
    assert read(app) == settled


async def test_many_are_all_looked_at_and_a_broken_one_stops_nobody(app, clock, zone):
    with app.db.transaction() as tx:
        made = [register.create(tx, f"d{n}.example", PEM) for n in range(30)]
        tx.run(
            update(store.dkim_keys)
            .where(store.dkim_keys.c.domain_id == made[0].id)
            .values(pem=b"broken")
        )
    for domain in made:
        key = domain.keys[KeyState.PENDING]
        zone.zone[key.host] = {"TXT": [keys.record(key)]}
    clock.advance(SOON)
    await recheck(app)
    assert [read(app, d.name).is_verified for d in made] == [False] + [True] * 29
