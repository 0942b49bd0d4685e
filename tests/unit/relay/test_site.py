"""One destination inside a worker, with a mail host on a real socket."""

import asyncio

import msgspec

from pillarbox.relay.job import Job, Outcome, Result
from pillarbox.relay.site import FIRST_CONNECTIONS, Report, Site
from pillarbox.relay.turns import Turns
from pillarbox.relay.worker import way
from tests.doubles.dns import DnsZone
from tests.doubles.mx import STALL, ScriptedMx
from tests.unit.relay.test_crew import JOB, SETUP

BULK = 40
RECORDS = {"one.example": {"MX": ["10 mx.example"]}, "mx.example": {"A": ["127.0.0.1"]}}


def a_site(mx: ScriptedMx, zone: DnsZone, tasks: asyncio.TaskGroup, report: Report) -> Site:
    setup = msgspec.structs.replace(
        SETUP, mx_port=mx.port, dns_servers=(zone.address,), egress_allow=("127.0.0.0/8",)
    )
    return Site(
        "one.example",
        way(setup),
        sign=lambda job: job.raw,
        report=report,
        turns=Turns(),
        tasks=tasks,
    )


def a_job(number: int, *, is_bulk: bool = False) -> Job:
    return msgspec.structs.replace(JOB, message_key=number, raw=b"X: y\r\n\r\n", is_bulk=is_bulk)


async def test_what_people_wait_for_overtakes_bulk_mail() -> None:
    outcomes: list[Outcome] = []
    done = asyncio.Event()

    def report(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if len(outcomes) == BULK + 1:
            done.set()

    async with ScriptedMx() as mx, DnsZone(RECORDS) as zone, asyncio.TaskGroup() as tasks:
        site = a_site(mx, zone, tasks, report)
        for number in range(BULK):
            site.add(a_job(number, is_bulk=True))
        await asyncio.sleep(0)  # every connection there may be is on its way to carry bulk mail
        site.add(a_job(BULK))
        async with asyncio.timeout(20):
            await done.wait()
        site.stop()
    order = [outcome.message_key for outcome in outcomes]
    assert sorted(order) == list(range(BULK + 1))
    assert order.index(BULK) <= FIRST_CONNECTIONS


async def test_a_second_copy_waits_for_the_connection_that_is_being_opened() -> None:
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    async with ScriptedMx() as mx, DnsZone(RECORDS) as zone, asyncio.TaskGroup() as tasks:
        site = a_site(mx, zone, tasks, outcomes.put_nowait)
        site.add(a_job(1))
        site.add(a_job(2))
        assert site.runners == 1
        async with asyncio.timeout(20):
            assert {(await outcomes.get()).message_key for _ in range(2)} == {1, 2}
        site.stop()


async def test_a_connection_on_which_nothing_moves_keeps_nobody_waiting() -> None:
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    async with (  # the connections end before the tasks that use them
        asyncio.TaskGroup() as tasks,
        ScriptedMx(final=(STALL, "250 2.0.0 Ok")) as mx,
        DnsZone(RECORDS) as zone,
    ):
        site = a_site(mx, zone, tasks, outcomes.put_nowait)
        site.add(a_job(1))
        site.add(a_job(2))
        async with asyncio.timeout(20):
            first = await outcomes.get()
        assert first.result is Result.DELIVERED
        assert mx.connections == 2
        site.stop()
