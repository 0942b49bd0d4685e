"""Delivery to a mail transfer agent that others wrote: Postfix of the distribution."""

import asyncio
import os
import re

import dkim
import pytest

from pillarbox.domains import keys, store
from tests.doubles import postfix
from tests.doubles.dns import DnsZone
from tests.flows.client import Client


@pytest.fixture(scope="module")
def host():
    if not postfix.is_installed() or os.geteuid() != 0:
        if os.environ.get("CI") == "true":
            pytest.fail("Postfix is missing, or this is not root")
        pytest.skip("needs Postfix, and root to start it")
    with postfix.mail_host() as host:
        yield host


async def arrival(host: postfix.MailHost, message_id: str) -> bytes:
    """The message once it is there: Postfix queues before it delivers."""
    async with asyncio.timeout(20):
        while True:
            for mail in host.inbox:
                if message_id.encode() in mail:
                    return mail
            await asyncio.sleep(0.02)


async def test_signed_mail_arrives_under_tls_and_verifies(serve, host) -> None:
    zone = {"one.example": {"MX": ["10 mx.example"]}, "mx.example": {"A": ["127.0.0.1"]}}
    async with (
        DnsZone(zone) as names,
        serve(
            delivery="direct",
            dns_servers=names.address,
            mx_port=str(host.port),
            egress_allow="127.0.0.0/8",
        ) as running,
    ):
        with running.app.db.transaction() as tx:
            key = keys.new_key("sender.example", at=tx.now)
            domain_id = store.insert_domain(tx, "sender.example")
            store.insert_key(tx, domain_id, key)
        await running.app.db.write(lambda tx: store.activate_key(tx, domain_id))
        client = Client(running)
        sent = await client.send(
            Subject="Grüße " + "und noch mehr " * 20,
            HtmlBody="<p>Ünïcödé</p>\n.\n..dots" + "x" * 3000,
            Cc="nobody@one.example",
            Attachments=[{"Name": "ä.dat", "Content": "AAECAwQ=", "ContentType": "application/x"}],
        )
        events = {e["Recipient"]: e for e in await client.events(sent["MessageID"], 3)}
        mail = await arrival(host, sent["MessageID"])
        bounce = (await client.bounces())[0]
    delivered = events["ann@one.example"]
    assert delivered["Type"] == "Delivered"
    assert delivered["Details"]["DeliveryMessage"].startswith("smtp;250 2.0.0 Ok: queued as ")
    assert delivered["Details"]["DestinationServer"] == "mx.example (127.0.0.1)"
    assert (bounce["Type"], bounce["Email"]) == ("HardBounce", "nobody@one.example")
    assert "550 5.1.1 <nobody@one.example>" in bounce["Details"]
    assert re.search(rb"Received: from pillarbox\.example .*\n\s+\(using TLSv1", mail), mail[:800]
    record = keys.record(key).encode()
    # Postfix put its own lines on top and stored bare line feeds; neither is part of what was signed.
    assert dkim.verify(mail.replace(b"\n", b"\r\n"), dnsfunc=lambda name, timeout=5: record)
