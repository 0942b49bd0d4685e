"""Receivers of webhooks that others wrote, fed by what the platform really posts."""

import asyncio
import json
import os
import re
import smtplib
from collections.abc import AsyncIterator
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.ids import key_of
from pillarbox.outbound.store import copies
from pillarbox.servers.store import servers
from tests.clients import platform
from tests.clients.test_python import HERE, environment
from tests.conftest import Running
from tests.flows.client import Client
from tests.flows.conftest import closing
from tests.flows.test_tracking import direct, mx
from tests.flows.test_webhooks import inbound_status

__all__ = ["closing", "direct", "mx"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

HEARD_WITHIN_S = 30
AUTH = {"Username": "anymail", "Password": "a-secret"}
EVERYTHING = {
    name: {"Enabled": True}
    for name in ("Delivery", "Bounce", "SpamComplaint", "Open", "Click", "SubscriptionChange")
}
NEWS = {
    "MessageStream": "broadcast",
    "HtmlBody": '<html><body><a href="https://shop.example/new?a=1&amp;b=2">New</a></body></html>',
    "Tag": "news",
    "Metadata": {"color": "green"},
    "TrackOpens": True,
    "TrackLinks": "HtmlOnly",
}
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"


class Anymail:
    """A Django project with anymail's views, in a process of its own; what its signals said."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{port}/postmark"

    async def hear(self) -> dict[str, Any]:
        """What the next signal says."""
        return dict(json.loads(await line(self._process)))


async def line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    async with asyncio.timeout(HEARD_WITHIN_S):
        return await process.stdout.readline()


@pytest.fixture
async def anymail() -> AsyncIterator[Anymail]:
    process = await asyncio.create_subprocess_exec(
        await asyncio.to_thread(environment, "anymail"),
        HERE / "anymail_receiver.py",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert process.stdin is not None
    try:
        yield Anymail(process, int(await line(process)))
    finally:
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def listen(client: Client, anymail: Anymail, stream: str) -> None:
    hook = {
        "Url": f"{anymail.url}/tracking/",
        "MessageStream": stream,
        "HttpAuth": AUTH,
        "Triggers": EVERYTHING,
    }
    assert (await client.http.post("/webhooks", json=hook)).status_code == 200


def is_about(heard: dict[str, Any], sent: dict[str, Any], kind: str) -> bool:
    """Whether a signal is of this kind and tells all of the message."""
    wanted = {
        "event_type": kind,
        "message_id": sent["MessageID"],
        "recipient": "ann@one.example",
        "tags": ["news"],
        "metadata": {"color": "green"},
    }
    return heard | wanted == heard


async def test_what_recipients_do(anymail, direct, mx, closing) -> None:
    """Delivered, opened, clicked, unsubscribed and back again."""
    async with direct() as running:
        client = Client(running)
        await listen(client, anymail, "broadcast")
        sent = await client.send(**NEWS)
        heard = await anymail.hear()
        assert is_about(heard, sent, "delivered")
        assert datetime.fromisoformat(heard["timestamp"]).tzinfo is not None
        html = mx.messages[0].data.replace(b"=\r\n", b"").replace(b"=3D", b"=").decode()
        paths = {
            kind: re.findall(rf"http://track\.example(/{kind}/[^\"<>\s]+)", html)[0]
            for kind in ("open", "3s", "u")
        }
        async with httpx.AsyncClient(
            base_url=running.http, headers={"User-Agent": AGENT}
        ) as reader:
            assert (await reader.get(paths["open"])).status_code == 200
            heard = await anymail.hear()
            assert is_about(heard, sent, "opened")
            assert heard["user_agent"] == AGENT
            assert (await reader.get(paths["3s"])).status_code == 302
            heard = await anymail.hear()
            assert is_about(heard, sent, "clicked")
            assert heard["click_url"] == "https://shop.example/new?a=1&b=2"
            await reader.post(paths["u"], data={"List-Unsubscribe": "One-Click"})
            heard = await anymail.hear()
            assert is_about(heard, sent, "unsubscribed")
            assert heard["reject_reason"] == "unsubscribed"
            await reader.post(paths["u"], data={"action": "resubscribe"})
            heard = await anymail.hear()
            assert (heard["event_type"], heard["recipient"]) == ("subscribed", "ann@one.example")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("HardBounce", {("bounced", "bounced")}),
        ("SoftBounce", {("bounced", "bounced")}),
        ("Blocked", {("rejected", "blocked")}),
        ("AutoResponder", {("autoresponded", None)}),
    ],
)
async def test_what_comes_back(
    anymail, direct, mx, closing, kind: str, said: set[tuple[str, str | None]]
) -> None:
    recipient = f"{kind}@bounce-testing.postmarkapp.com"
    async with direct() as running:
        client = Client(running)
        await listen(client, anymail, "outbound")
        sent = await client.send(To=recipient, Tag="news")
        count = 2 if kind == "HardBounce" else 1  # and it is held back
        heard = [await anymail.hear() for _ in range(count)]
        (bounce,) = await client.bounces()
    assert {(one["event_type"], one["reject_reason"]) for one in heard} == said
    assert {one["recipient"] for one in heard} == {recipient}
    assert {one["message_id"] for one in heard} == {sent["MessageID"]}
    assert str(bounce["ID"]) in {one["event_id"] for one in heard}


async def test_a_complaint(anymail, direct, mx, closing) -> None:
    async with direct() as running:
        client = Client(running)
        await listen(client, anymail, "broadcast")
        sent = await client.send(**NEWS)
        assert is_about(await anymail.hear(), sent, "delivered")
        with running.app.db.transaction() as tx:
            copy = copies.find(tx, key_of(sent["MessageID"]) or 0, 0)
            assert copy is not None
            complaint = NewBounce(
                type=BounceType.SPAM_COMPLAINT,
                rule="test",
                server_id=copy.server_id,
                stream_key=copy.stream_key,
                message_key=copy.message_key,
                message_id=copy.message_id,
                email=copy.email,
                sender=copy.sender,
                subject=copy.subject,
                tag=copy.tag,
                details="",
                at=tx.now,
            )
            record(tx, complaint)
            wakes = tx.wakes
        running.app.wake.notify(wakes, {})
        for _ in range(2):  # of the complaint, and that they are held back
            heard = await anymail.hear()
            assert is_about(heard, sent, "complained")
            assert heard["reject_reason"] == "spam"


def letter() -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Zoë <zoe@corp.example>"
    made["Subject"] = "Grüße"
    made["Date"] = "Wed, 04 Mar 2026 14:15:02 +0000"
    made["Message-ID"] = "<1@corp.example>"
    made.set_content("Hallo ü\n")
    made.add_alternative("<p>Hallo ü</p>\n", subtype="html")
    made.add_attachment("a note", filename="note.txt")
    return made


def take_in(running: Running, address: str) -> None:
    made = letter()
    made["To"] = address
    with smtplib.SMTP("127.0.0.1", running.mx_port) as smtp:
        smtp.send_message(made, "zoe@corp.example", [address])


def inbound_address(running: Running) -> str:
    with running.app.db.transaction() as tx:
        server = servers.list_servers(tx)[0]
    return f"{server.inbound_hash}+box@{running.app.config.inbound_domain}"


@pytest.mark.parametrize("is_raw", [False, True])
async def test_inbound_mail(anymail, direct, mx, closing, is_raw: bool) -> None:
    async with direct(sender_checks="off") as running:
        url = anymail.url.replace("://", "://anymail:a-secret@") + "/inbound/"
        changes = {"InboundHookUrl": url, "RawEmailEnabled": is_raw}
        client = Client(running)
        assert (await client.http.put("/server", json=changes)).status_code == 200
        address = inbound_address(running)
        await asyncio.to_thread(take_in, running, address)
        heard = await anymail.hear()
    assert heard["event_type"] == "inbound"
    assert re.fullmatch(r"[0-9a-f-]{36}", heard["event_id"])
    assert (heard["from"], heard["to"]) == ("Zoë <zoe@corp.example>", [address])
    assert (heard["subject"], heard["date"]) == ("Grüße", "2026-03-04T14:15:02+00:00")
    assert (heard["text"].strip(), heard["html"].strip()) == ("Hallo ü", "<p>Hallo ü</p>")
    assert (heard["envelope_sender"], heard["envelope_recipient"]) == ("zoe@corp.example", address)
    # As Postmark's, an attachment of no HTML has an empty ContentID, which anymail takes for one.
    note = heard["attachments" if is_raw else "inlines"]
    assert [(*one[:2], one[2].strip()) for one in note] == [("note.txt", "text/plain", "a note")]


@pytest.fixture
async def action_mailbox(tmp_path: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A Rails application with Action Mailbox, in a process of its own, and the address of its ingress."""
    platform.require("ruby")
    process = await asyncio.create_subprocess_exec(
        "ruby",
        HERE.parent / "ruby" / "receiver.rb",
        tmp_path,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    try:
        port = int(await line(process))
        path = "rails/action_mailbox/postmark/inbound_emails"
        yield process, f"http://actionmailbox:a-secret@127.0.0.1:{port}/{path}"
    finally:
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_a_mailbox_of_rails(action_mailbox, direct, mx, closing) -> None:
    process, url = action_mailbox
    async with direct(sender_checks="off") as running:
        client = Client(running)
        changes = {"InboundHookUrl": url, "RawEmailEnabled": True}
        assert (await client.http.put("/server", json=changes)).status_code == 200
        address = inbound_address(running)
        await asyncio.to_thread(take_in, running, address)
        heard = json.loads(await line(process))
        assert len(await inbound_status(running, "processed")) == 1  # it answered 204
    assert heard == {
        "from": '"Zoë" <zoe@corp.example>',
        "to": [address],
        "subject": "Grüße",
        "message_id": "1@corp.example",
        "text": "Hallo ü\r\n",
        "html": "<p>Hallo ü</p>\r\n",
        "attachments": [["note.txt", "text/plain", "a note\n"]],
    }
