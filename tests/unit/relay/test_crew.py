"""The dispatcher's end of its workers."""

import asyncio
from collections.abc import Sequence

import msgspec

from pillarbox.relay.crew import Crew
from pillarbox.relay.job import Job, Setup

SETUP = Setup(
    hostname="pillarbox.example",
    mode="direct",
    relay_url=None,
    mx_port=25,
    dns_servers=("127.0.0.1:1",),
    egress_allow=(),
    secret=b"x" * 32,
    public_url="http://127.0.0.1",
)
JOB = Job(
    message_key=1,
    position=0,
    lease=1,
    domain="one.example",
    recipient="ann@one.example",
    return_path_host="mail.example",
    key="",
    raw=b"",
)


async def test_what_comes_while_it_stops_stays_with_the_caller() -> None:
    async def hear(_: Sequence[object]) -> None:
        raise AssertionError("nothing was in hand")

    crew = Crew(SETUP, 1, heard=hear, lost=hear)
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        await crew.start(tasks)
        await crew.stop()
        crew.send([(JOB, None)])


async def test_a_worker_is_kept_free_of_bulk_mail() -> None:
    async def hear(_: Sequence[object]) -> None:
        """Whatever comes of it."""

    one = msgspec.structs.replace(JOB, domain="[127.0.0.1]")  # refused without asking anybody
    crew = Crew(SETUP, 2, heard=hear, lost=hear)
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        await crew.start(tasks)
        for key in range(1, 6):
            crew.send([(msgspec.structs.replace(one, message_key=key, is_bulk=True), None)])
        assert [len(mate.jobs) for mate in crew._mates] == [0, 5]
        crew.send([(msgspec.structs.replace(one, message_key=9), None)])
        assert [len(mate.jobs) for mate in crew._mates] == [1, 5]
        await crew.stop()
