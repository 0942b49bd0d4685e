"""The checks of a mail go on while name servers of other senders are silent."""

import asyncio
from dataclasses import replace
from pathlib import Path

from pillarbox import config
from pillarbox.inbound import checks
from pillarbox.inbound.checks import Checks
from pillarbox.mail.dns import Resolver
from pillarbox.mail.lookups import Patience
from tests.doubles.dns import TIMEOUT, DnsZone
from tests.unit.inbound.test_read import received

MAIL = b"Subject: x\r\n\r\nx\r\n"


async def test_mail_of_others_does_not_wait_for_a_silent_name_server(tmp_path: Path) -> None:
    silent = {f"d{number}.example": TIMEOUT for number in range(2 * checks.THREADS)}
    async with DnsZone(
        {"corp.example": {"TXT": ["v=spf1 ip4:198.51.100.9 -all"]}, **silent}
    ) as zone:
        resolver = Resolver((zone.address,), timeout_s=600, tries=1)
        made = Checks(
            config.load({"data_dir": str(tmp_path)}, environment={}),
            resolver,
            patience=Patience(within_s=600, soon_s=0.05, most=2),
        )
        await made.check(received(MAIL), "")  # from now on the resolver remembers its answers
        async with asyncio.TaskGroup() as tasks:
            others = [
                tasks.create_task(
                    made.check(replace(received(MAIL), mail_from=f"amy@{domain}"), "")
                )
                for domain in silent
            ]
            await asyncio.sleep(0)  # they all stand before the next one
            found = await made.check(received(MAIL), "")
            assert "spf=pass" in dict(found.headers)["Authentication-Results"]
            assert sum(not other.done() for other in others) >= 1
            await resolver.close()  # ends what is being waited for
        await resolver.close()  # and what they asked after that
        results = {dict(other.result().headers)["Authentication-Results"] for other in others}
        assert all("spf=temperror" in result for result in results)
