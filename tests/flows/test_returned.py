"""What comes back by mail, over real sockets: to return paths, and to the address for complaints."""

import asyncio
import os
from typing import Any

import aiosmtplib
import pytest

from pillarbox.bench.ports import free_port
from pillarbox.bounces import orphans
from pillarbox.bounces.orphans import Why
from tests.doubles import postfix
from tests.doubles.dns import DnsZone
from tests.doubles.mx import ScriptedMx
from tests.flows.client import Client
from tests.unit.bounces.corpus import CORPUS, RETURN_PATH

HARD = (CORPUS / "dsn" / "postfix-user-unknown.eml").read_bytes()
COMPLAINT = (CORPUS / "arf" / "aol-masked-recipient.eml").read_bytes()


@pytest.fixture
async def mx():
    async with ScriptedMx() as mx:
        yield mx


@pytest.fixture
async def zone():
    records = {"one.example": {"MX": ["10 mx.example"]}, "mx.example": {"A": ["127.0.0.1"]}}
    async with DnsZone(records) as zone:
        yield zone


@pytest.fixture
def direct(serve, zone):
    def run(port: int, **changes: str):
        settings = {
            "delivery": "direct",
            "sender_policy": "open",
            "dns_servers": zone.address,
            "mx_port": str(port),
            "egress_allow": "127.0.0.0/8",
        }
        return serve(**settings | changes)

    return run


class Sender(Client):
    """A customer, and the world that answers his mail."""

    async def come_back(self, raw: bytes, recipient: str, *, sender: str = "") -> None:
        """A mail comes in at the MX."""
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1", port=self.running.mx_port, start_tls=False, use_tls=False
        )
        async with client:
            await client.sendmail(sender, [recipient], raw.replace(b"\n", b"\r\n"))

    async def orphans(self, count: int) -> list[orphans.Orphan]:
        async with asyncio.timeout(20):
            while True:
                found = await self.running.app.db.read(
                    lambda tx: orphans.list_orphans(tx, limit=10)
                )
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.02)

    async def bounce(self, message_id: str, count: int) -> dict[str, Any]:
        """The bounce of a message, once that has so many events."""
        await self.events(message_id, count)
        found = await self.http.get(f"/bounces?count=5&offset=0&messageID={message_id}")
        (bounce,) = found.json()["Bounces"]
        return dict(bounce)


async def test_a_report_on_delivered_mail_bounces_and_suppresses(direct, mx) -> None:
    async with direct(mx.port) as running:
        client = Sender(running)
        sent = await client.send(Tag="t")
        await client.events(sent["MessageID"])
        return_path = mx.messages[0].mail_from.strip("<>")
        report = HARD.replace(RETURN_PATH.encode(), return_path.encode())
        for _ in range(2):
            await client.come_back(report, return_path)
        bounce = await client.bounce(sent["MessageID"], 3)
        assert (bounce["Type"], bounce["Email"], bounce["Tag"]) == (
            "HardBounce",
            "ann@one.example",
            "t",
        )
        assert bounce["Details"] == 'X-Postfix; unknown user: "ann"'
        assert (bounce["Inactive"], bounce["DumpAvailable"]) == (True, True)
        dump = await client.http.get(f"/bounces/{bounce['ID']}/dump")
        assert dump.json()["Body"] == report.replace(b"\n", b"\r\n").decode()
        events = await client.events(sent["MessageID"], 3)
        assert [event["Type"] for event in events] == [
            "Delivered",
            "Bounced",
            "SubscriptionChanged",
        ]
        assert (await client.send())["ErrorCode"] == 406
        stats = (await client.http.get("/stats/outbound")).json()
        assert (stats["Sent"], stats["Bounced"]) == (1, 1)


async def test_a_complaint_is_found_by_the_return_path_it_brings_along(direct, mx) -> None:
    async with direct(mx.port) as running:
        client = Sender(running)
        sent = await client.send()
        await client.events(sent["MessageID"])
        return_path = mx.messages[0].mail_from.strip("<>")
        report = COMPLAINT.replace(RETURN_PATH.encode(), return_path.encode())
        await client.come_back(report, "FBL@pillarbox.example", sender="scomp@aol.example")
        bounce = await client.bounce(sent["MessageID"], 3)
        assert (bounce["Type"], bounce["CanActivate"]) == ("SpamComplaint", False)
        refused = await client.http.put(f"/bounces/{bounce['ID']}/activate")
        assert refused.json()["ErrorCode"] == 1003
        assert (await client.http.get("/stats/outbound")).json()["SpamComplaints"] == 1


async def test_forged_reports_have_no_effect(direct, mx) -> None:
    async with direct(mx.port) as running:
        client = Sender(running)
        sent = await client.send()
        await client.events(sent["MessageID"])
        genuine = mx.messages[0].mail_from.strip("<>")
        forged = genuine[:-25].rstrip("@") + "aaaa@pillarbox.example"
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await client.come_back(HARD, forged)
        await client.come_back(COMPLAINT, "fbl@pillarbox.example", sender="x@y.example")
        (orphan,) = await client.orphans(1)
        assert orphan.why is Why.UNSIGNED
        assert await client.bounces() == []
        assert (await client.send())["ErrorCode"] == 0


@pytest.fixture
def inbound_port() -> int:
    return free_port()


@pytest.fixture
def host(inbound_port: int):
    if not postfix.is_installed() or os.geteuid() != 0:
        if os.environ.get("CI") == "true":
            pytest.fail("Postfix is missing, or this is not root")
        pytest.skip("needs Postfix, and root to start it")
    with postfix.mail_host(bounces_to=inbound_port) as host:
        yield host


async def test_reports_of_a_real_postfix(direct, host, inbound_port) -> None:
    """It takes each mail, finds out only then that it cannot be delivered, and reports to the return path."""
    async with direct(host.port, inbound_listen=f"127.0.0.1:{inbound_port}") as running:
        client = Sender(running)
        sent = {
            name: await client.send(To=f"{name.title()}@one.example")
            for name in ("gone", "full", "slow", "list")
        }
        found = {
            name: await client.bounce(one["MessageID"], 3 if name == "gone" else 2)
            for name, one in sent.items()
        }
        assert {name: (bounce["Type"], bounce["Email"]) for name, bounce in found.items()} == {
            "gone": ("HardBounce", "Gone@one.example"),
            "full": ("SoftBounce", "Full@one.example"),
            "slow": ("Transient", "Slow@one.example"),
            "list": ("SoftBounce", "List@one.example"),
        }
        assert found["gone"]["Details"] == "X-Postfix; User unknown in directory"
        assert found["gone"]["Inactive"]
        dump = (await client.http.get(f"/bounces/{found['gone']['ID']}/dump")).json()["Body"]
        assert "Final-Recipient: rfc822; x@gone.example" in dump
        assert f"X-PM-Message-Id: {sent['gone']['MessageID']}" in dump
        assert (await client.send(To="gone@one.example"))["ErrorCode"] == 406
        assert (await client.send(To="full@one.example"))["ErrorCode"] == 0
