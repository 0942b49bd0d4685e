"""One destination inside a worker, with a mail host on a real socket."""

import asyncio

import msgspec

from pillarbox.relay.job import Outcome
from pillarbox.relay.site import FIRST_CONNECTIONS, Site
from pillarbox.relay.turns import Turns
from pillarbox.relay.worker import way
from tests.doubles.dns import DnsZone
from tests.doubles.mx import ScriptedMx
from tests.unit.relay.test_crew import JOB, SETUP

BULK = 40
RECORDS = {"one.example": {"MX": ["10 mx.example"]}, "mx.example": {"A": ["127.0.0.1"]}}


async def test_what_people_wait_for_overtakes_bulk_mail() -> None:
    outcomes: list[Outcome] = []
    done = asyncio.Event()

    def report(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if len(outcomes) == BULK + 1:
            done.set()

    async with ScriptedMx() as mx, DnsZone(RECORDS) as zone, asyncio.TaskGroup() as tasks:
        setup = msgspec.structs.replace(
            SETUP,
            mx_port=mx.port,
            dns_servers=(zone.address,),
            egress_allow=("127.0.0.0/8",),
        )
        site = Site(
            "one.example", way(setup), sign=lambda job: job.raw, report=report, turns=Turns()
        )
        for number in range(BULK):
            job = msgspec.structs.replace(
                JOB, message_key=number, raw=b"X: y\r\n\r\n", is_bulk=True
            )
            site.add(job, tasks)
        await asyncio.sleep(0)  # every connection there may be is on its way to carry bulk mail
        site.add(msgspec.structs.replace(JOB, message_key=BULK, raw=b"X: y\r\n\r\n"), tasks)
        async with asyncio.timeout(20):
            await done.wait()
        site.stop()
    order = [outcome.message_key for outcome in outcomes]
    assert sorted(order) == list(range(BULK + 1))
    assert order.index(BULK) <= FIRST_CONNECTIONS
