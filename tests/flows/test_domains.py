"""Walks 10 and 11, whole: DNS, API, delivery and the confirmation page on real sockets."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import dkim
import httpx
import pytest

from pillarbox.mail.parse import parse
from tests.conftest import ACCOUNT_TOKEN, SERVER_TOKEN, Running
from tests.doubles.dns import DnsZone
from tests.doubles.mx import ScriptedMx

MAIL = {"From": "shop@sender.example", "To": "ann@one.example", "Subject": "Hi", "TextBody": "x"}


@pytest.fixture
async def mx() -> AsyncIterator[ScriptedMx]:
    async with ScriptedMx() as mx:
        yield mx


@pytest.fixture
async def zone() -> AsyncIterator[DnsZone]:
    async with DnsZone(
        {
            "one.example": {"MX": ["10 mx.example"]},
            "sender.example": {"MX": ["10 mx.example"]},
            "mx.example": {"A": ["127.0.0.1"]},
        }
    ) as zone:
        yield zone


@pytest.fixture
def direct(serve, mx, zone):
    def run(**changes: str):
        return serve(
            **{
                "delivery": "direct",
                "dns_servers": zone.address,
                "mx_port": str(mx.port),
                "egress_allow": "127.0.0.0/8",
            }
            | changes
        )

    return run


def client(running: Running) -> httpx.AsyncClient:
    tokens = {"X-Postmark-Server-Token": SERVER_TOKEN, "X-Postmark-Account-Token": ACCOUNT_TOKEN}
    return httpx.AsyncClient(base_url=running.http, headers=tokens)


async def arrived(running: Running, mx: ScriptedMx, count: int) -> list[Any]:
    """What the mail host has got, once it is so much."""
    heard = running.app.wake.subscribe("events")
    async with asyncio.timeout(30):
        while len(mx.messages) < count:
            await heard.wait(20)
            heard.take()
    return list(mx.messages)


def signer(raw: bytes, zone: DnsZone) -> str | None:
    """The d= of a signature that DNS confirms; None for none, or a bad one."""

    def txt(name: bytes, timeout: int = 5) -> bytes:
        records = zone.zone.get(name.decode().rstrip("."), {})
        assert isinstance(records, dict)
        return str((records.get("TXT") or [""])[0]).encode()

    if not dkim.verify(raw, dnsfunc=txt):
        return None
    found = re.search(rb"d=([a-z.]+);", raw)
    return found[1].decode() if found else None


async def verify(api: httpx.AsyncClient, zone: DnsZone, name: str, **more: str) -> Any:
    """Register a domain, publish what it asks for, have it found."""
    domain = (await api.post("/domains", json={"Name": name} | more)).json()
    zone.zone[domain["DKIMPendingHost"]] = {"TXT": [domain["DKIMPendingTextValue"]]}
    if domain["ReturnPathDomain"]:
        zone.zone[domain["ReturnPathDomain"]] = {"CNAME": [domain["ReturnPathDomainCNAMEValue"]]}
    await api.put(f"/domains/{domain['ID']}/verifyReturnPath")
    verified = await api.put(f"/domains/{domain['ID']}/verifyDkim")
    assert verified.json()["DKIMUpdateStatus"] == "Verified"
    return verified.json()


async def test_a_verified_domain_signs_and_its_return_path_is_used(direct, mx, zone) -> None:
    async with direct() as running, client(running) as api:
        assert (await api.post("/email", json=MAIL)).json()["ErrorCode"] == 400
        domain = await verify(api, zone, "sender.example", ReturnPathDomain="rp.sender.example")
        assert domain["ReturnPathDomainVerified"] is True
        assert (await api.post("/email", json=MAIL)).json()["ErrorCode"] == 0
        (message,) = await arrived(running, mx, 1)
        assert message.mail_from.strip("<>").endswith("@rp.sender.example")
        assert signer(message.data, zone) == "sender.example"

        del zone.zone["rp.sender.example"]
        await api.put(f"/domains/{domain['ID']}/verifyReturnPath")
        await api.post("/email", json=MAIL)
        _, message = await arrived(running, mx, 2)
        assert message.mail_from.strip("<>").endswith("@pillarbox.example")


async def test_a_signature_is_confirmed_by_a_mail_that_is_really_sent(direct, mx, zone) -> None:
    async with direct(hostname="mail.pillarbox.example") as running, client(running) as api:
        await verify(api, zone, "pillarbox.example")
        asked = {"FromEmail": "shop@sender.example", "Name": "Shop"}
        sender = (await api.post("/senders", json=asked)).json()
        (letter,) = await arrived(running, mx, 1)
        assert signer(letter.data, zone) == "pillarbox.example"
        assert (await api.post("/email", json=MAIL)).json()["ErrorCode"] == 401
        (path,) = re.findall(r"/signatures/confirm/[\w-]+", parse(letter.data).text or "")
        async with httpx.AsyncClient(base_url=running.http) as browser:
            assert (await browser.get(path)).status_code == 200
            assert (await browser.post(path)).status_code == 200
        assert (await api.get(f"/senders/{sender['ID']}")).json()["Confirmed"] is True
        assert (await api.post("/email", json=MAIL)).json()["ErrorCode"] == 0
        _, message = await arrived(running, mx, 2)
        assert signer(message.data, zone) == "pillarbox.example"  # its own domain is unverified
