"""Testing without sending: bounces of every type, the blackhole, Sandbox Servers. Source: spec sending 10."""

import asyncio
from typing import Any

import httpx
import pytest

from pillarbox.bounces.judge import judge
from pillarbox.bounces.model import TYPES, BounceType
from pillarbox.mail.parse import parse
from tests.conftest import ACCOUNT_TOKEN, SERVER_TOKEN
from tests.flows.client import MAIL, Client

DOMAIN = "bounce-testing.postmarkapp.com"
SUPPRESSING = {"HardBounce", "BadEmailAddress", "ManuallyDeactivated"}
FAKED = [kind for kind in TYPES if kind is not BounceType.SPAM_COMPLAINT]


async def bounces_of(client: Client, count: int) -> dict[str, dict[str, Any]]:
    """The bounces by recipient, once there are so many."""
    heard = client.running.app.wake.subscribe("events")
    async with asyncio.timeout(20):
        while len(found := await client.bounces()) < count:
            await heard.wait(20)
            heard.take()
    return {bounce["Email"]: bounce for bounce in found}


async def batch(client: Client, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = await client.http.post("/email/batch", json=[MAIL | one for one in messages])
    return list(answer.json())


@pytest.mark.parametrize("delivery", ["capture", "direct"])
async def test_every_type_bounces_at_once_and_nothing_leaves(serve, delivery) -> None:
    """With `direct` the only name server is one that nobody listens at."""
    settings = {"delivery": delivery, "sender_policy": "open", "dns_servers": "127.0.0.1:9"}
    async with serve(**settings) as running:
        client = Client(running)
        messages = [{"To": f"{kind}@{DOMAIN}", "Tag": f"t-{kind}"} for kind in FAKED]
        answers = await batch(client, messages)
        assert {answer["Message"] for answer in answers} == {"OK"}
        bounces = await bounces_of(client, len(FAKED))
        for kind, answer in zip(FAKED, answers, strict=True):
            bounce = bounces[f"{kind}@{DOMAIN}"]
            assert (bounce["Type"], bounce["TypeCode"], bounce["Name"], bounce["Description"]) == (
                kind,
                TYPES[kind].code,
                TYPES[kind].name,
                TYPES[kind].description,
            )
            assert bounce["Details"] == "Test bounce details"
            assert bounce["MessageID"] == answer["MessageID"]
            assert (bounce["Tag"], bounce["Subject"]) == (f"t-{kind}", "Hi")
            assert bounce["From"] == "shop@sender.example"
            assert bounce["Inactive"] == (kind in SUPPRESSING)
            assert bounce["CanActivate"] == TYPES[kind].can_activate
            (event, *changes) = await client.events(answer["MessageID"])
            assert event["Type"] == "Bounced"
            assert event["Details"] == {
                "Summary": "Test bounce details",
                "BounceID": str(bounce["ID"]),
            }
            assert [e["Type"] for e in changes] == ["SubscriptionChanged"] * (kind in SUPPRESSING)
        again = await batch(client, messages)
        inactive = {
            kind for kind, answer in zip(FAKED, again, strict=True) if answer["ErrorCode"] == 406
        }
        assert inactive == SUPPRESSING


async def test_the_report_of_a_fake_bounce_means_what_it_says(serve) -> None:
    async with serve() as running:
        client = Client(running)
        await batch(client, [{"To": f"{kind}@{DOMAIN}"} for kind in FAKED])
        bounces = await bounces_of(client, len(FAKED))
        for kind in FAKED:
            bounce = bounces[f"{kind}@{DOMAIN}"]
            one = (await client.http.get(f"/bounces/{bounce['ID']}")).json()
            dump = (await client.http.get(f"/bounces/{bounce['ID']}/dump")).json()
            assert bounce["DumpAvailable"] == one["DumpAvailable"] == ("Content" in one)
            assert dump == {"Body": one.get("Content", "")}
            if "message/delivery-status" not in dump["Body"]:
                continue
            found = judge(parse(dump["Body"].encode()), sent_to=bounce["Email"])
            assert found is not None
            assert found.verdict.type in {kind, "Blocked", "Transient", "Unknown"}


@pytest.mark.parametrize("local", ["SpamComplaint", "spam_complaint", "nonsense"])
async def test_a_complaint_cannot_be_simulated(serve, local) -> None:
    async with serve() as running:
        client = Client(running)
        await client.send(To=f"{local}@{DOMAIN}")
        (bounce,) = (await bounces_of(client, 1)).values()
        assert (bounce["Type"], bounce["CanActivate"]) == ("HardBounce", True)
        assert (await client.send(To=f"{local}@{DOMAIN}"))["ErrorCode"] == 406
        activated = await client.http.put(f"/bounces/{bounce['ID']}/activate")
        assert activated.json()["Bounce"]["Inactive"] is False
        assert (await client.send(To=f"{local}@{DOMAIN}"))["ErrorCode"] == 0


async def test_the_header_wins_and_own_domains_can_be_chosen(serve) -> None:
    own = {"bounce_testing_domain": "Bounce.example.", "blackhole_domain": "hole.example"}
    async with serve(**own) as running:
        client = Client(running)
        header = {"Headers": [{"Name": "X-PM-Bounce-Type", "Value": "dns_error"}]}
        sent = await batch(
            client,
            [
                {"To": f"SoftBounce@{DOMAIN}"} | header,
                {"To": "SoftBounce@bounce.example"},
                {"To": "x@hole.example"},
                {"To": "y@blackhole.postmarkapp.com"},
                {"To": "ann@one.example"} | header,
            ],
        )
        bounces = await bounces_of(client, 2)
        assert {email: bounce["Type"] for email, bounce in bounces.items()} == {
            f"SoftBounce@{DOMAIN}": "DnsError",
            "SoftBounce@bounce.example": "SoftBounce",
        }
        wheres = []
        for one in sent[2:]:
            (event,) = await client.events(one["MessageID"])
            assert event["Type"] == "Delivered"
            wheres.append(event["Details"]["DestinationServer"])
        assert wheres == ["blackhole", "blackhole", "capture"]
        raw = (await client.http.get(f"/messages/outbound/{sent[4]['MessageID']}/dump")).json()
        assert "X-PM-Bounce-Type" not in raw["Body"]


async def test_a_sandbox_server_delivers_nothing_and_bounces_what_it_is_asked_to(serve) -> None:
    settings = {"delivery": "direct", "sender_policy": "open", "dns_servers": "127.0.0.1:9"}
    async with serve(**settings) as running:
        client = Client(running)
        async with httpx.AsyncClient(base_url=running.http) as account:
            made = await account.post(
                "/servers",
                json={"Name": "Sandbox", "DeliveryType": "Sandbox"},
                headers={"X-Postmark-Account-Token": ACCOUNT_TOKEN},
            )
        (token,) = made.json()["ApiTokens"]
        assert token != SERVER_TOKEN
        client.http.headers["X-Postmark-Server-Token"] = token
        header = {"Headers": [{"Name": "X-PM-Bounce-Type", "Value": "Blocked"}]}
        plain, fake, asked = await batch(
            client, [{}, {"To": f"soft_bounce@{DOMAIN}"}, {"To": "bo@one.example"} | header]
        )
        (event,) = await client.events(plain["MessageID"])
        assert (event["Type"], event["Details"]["DeliveryMessage"]) == (
            "Delivered",
            "smtp;250 2.0.0 OK (sandbox blackhole)",
        )
        for one, kind in ((fake, "SoftBounce"), (asked, "Blocked")):
            (event,) = await client.events(one["MessageID"])
            assert event["Type"] == "Bounced"
            bounce = (await client.http.get(f"/bounces/{event['Details']['BounceID']}")).json()
            assert bounce["Type"] == kind
        details = await client.details(plain["MessageID"])
        assert details["Sandboxed"] is True
        found = await client.http.get("/stats/outbound")
        assert (found.json()["Sent"], found.json()["Bounced"]) == (3, 2)
