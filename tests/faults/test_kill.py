"""kill -9 at any moment: what was answered with 200 or 250 is delivered, whatever happens."""

import asyncio
from pathlib import Path

import pytest

from tests import process
from tests.doubles.dns import DnsZone
from tests.doubles.mx import ScriptedMx
from tests.faults.load import Load

ROUNDS = 6


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_no_accepted_message_is_lost_when_the_process_is_killed_under_load(
    tmp_path: Path, database_url: str | None
) -> None:
    zone = {f"d{n}.example": {"MX": ["10 mx.example"]} for n in range(5)}
    accepted: set[str] = set()
    async with DnsZone(zone | {"mx.example": {"A": ["127.0.0.1"]}}) as dns, ScriptedMx() as mx:
        settings = {
            "DELIVERY": "direct",
            "SENDER_POLICY": "open",
            "DNS_SERVERS": dns.address,
            "MX_PORT": str(mx.port),
            "EGRESS_ALLOW": "127.0.0.0/8",
            "DATABASE_URL": database_url or "",
        }
        loop = asyncio.get_running_loop()

        def storm(number: int) -> None:
            """Load a fresh process and kill it after a number of acceptances that differs each round."""
            load = Load(process.start(tmp_path, **settings))
            with load.running(f"{number}", http=4, smtp=1):
                load.wait_for(50 + 37 * number)
                load.server.kill()
            assert load.server.process.stdout is not None
            load.server.process.stdout.close()
            accepted.update(load.accepted)

        for number in range(ROUNDS):
            await loop.run_in_executor(None, storm, number)

        # The last start finds what is left; copies that were in hand are due when their lease ends.
        server = await loop.run_in_executor(None, lambda: process.start(tmp_path, **settings))
        arrived: dict[str, int] = {}
        try:
            async with asyncio.timeout(120):
                while accepted - arrived.keys():
                    mx.arrived.clear()
                    arrived = count_subjects(mx)
                    if accepted - arrived.keys():
                        await mx.arrived.wait()
        except TimeoutError:
            pass
        await loop.run_in_executor(None, server.terminate)
        assert server.process.stdout is not None
        server.process.stdout.close()
        assert accepted - arrived.keys() == set()
        # Twice only where a process died between the final dot and the written outcome.
        assert sum(count - 1 for count in arrived.values()) < ROUNDS * 250


def count_subjects(mx: ScriptedMx) -> dict[str, int]:
    """How often each subject arrived."""
    arrived: dict[str, int] = {}
    for message in mx.messages:
        subject = message.data.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()
        arrived[subject] = arrived.get(subject, 0) + 1
    return arrived
