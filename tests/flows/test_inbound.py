"""The walks of the user guide for inbound mail, over real sockets. Source: spec inbound 7."""

import asyncio
import base64
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import pytest

from pillarbox.inbound.store.messages import TOPIC
from tests.doubles.dns import DnsZone
from tests.doubles.hook import HookSink
from tests.doubles.spamd import Spamd
from tests.flows.client import Client

HOST = "inbound.pillarbox.example"


def a_mail(**changes: str) -> EmailMessage:
    mail = EmailMessage()
    values = {"From": "Amy Lund <amy@corp.example>", "Subject": "Re: Your ticket"}
    for name, value in (values | changes).items():
        mail[name.replace("_", "-")] = value
    mail.set_content("It works now, thanks.\n")
    return mail


class Mailbox(Client):
    """A Server that takes mail in."""

    async def address(self, mailbox_hash: str = "") -> str:
        server = (await self.http.get("/server")).json()
        local, _, domain = server["InboundAddress"].partition("@")
        return f"{local}+{mailbox_hash}@{domain}" if mailbox_hash else f"{local}@{domain}"

    async def change(self, **settings: Any) -> None:
        answer = await self.http.put("/server", json=settings)
        assert answer.status_code == 200, answer.text

    async def deliver(
        self, mail: EmailMessage | bytes, *recipients: str, sender: str = "amy@corp.example"
    ) -> str:
        """Hand a mail in at the MX; the answer."""
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1", port=self.running.mx_port, start_tls=False, use_tls=False
        )
        async with client:
            raw = mail if isinstance(mail, bytes) else mail.as_bytes()
            _, answer = await client.sendmail(sender, list(recipients), raw)
        return answer

    async def listed(self, status: str, count: int = 1) -> list[dict[str, Any]]:
        """The inbound messages of a status once there are so many, newest first."""
        async with asyncio.timeout(20):
            while True:
                answer = await self.http.get(
                    "/messages/inbound", params={"count": 50, "offset": 0, "status": status}
                )
                found = answer.json()["InboundMessages"]
                if len(found) >= count:
                    return list(found)
                await asyncio.sleep(0.02)

    async def shown(self, message_id: str) -> dict[str, Any]:
        answer = await self.http.get(f"/messages/inbound/{message_id}/details")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


async def test_mail_to_the_inbound_address_arrives(serve):
    async with serve() as running:
        box = Mailbox(running)
        address = await box.address("ticket-88Xy")
        answer = await box.deliver(
            a_mail(To=f"Shop Support <{address}>, copy@corp.example"), address
        )
        (item,) = await box.listed("failed")  # there is no hook to call
        assert item["MessageID"] in answer
        assert item["From"] == "amy@corp.example"
        assert item["FromFull"] == {
            "Email": "amy@corp.example",
            "Name": "Amy Lund",
            "MailboxHash": "",
        }
        assert item["To"] == f'"Shop Support" <{address}>, copy@corp.example'
        assert item["BccFull"] == []
        assert item["OriginalRecipient"] == address
        assert item["MailboxHash"] == "ticket-88Xy"
        assert item["MessageStream"] == "inbound"
        details = await box.shown(item["MessageID"])
        assert details["TextBody"] == "It works now, thanks.\n"
        names = [header["Name"] for header in details["Headers"]]
        assert names[:2] == ["Return-Path", "Received"]
        assert "Subject" not in names


async def test_an_inbound_domain_takes_every_address(serve):
    async with serve(inbound_mx_check="off") as running:
        box = Mailbox(running)
        await box.change(InboundDomain="in.corp.example")
        await box.deliver(a_mail(To="anything@in.corp.example"), "anything@in.corp.example")
        (item,) = await box.listed("failed")
        assert item["OriginalRecipient"] == "anything@in.corp.example"


async def test_a_reply_names_its_record(serve):
    async with serve() as running:
        box = Mailbox(running)
        address = await box.address("record-17")
        mail = a_mail(To=address, In_Reply_To="<88Xy.1@shop.example>")
        mail.set_content(
            "Sounds good.\n\nOn Mon, Oct 5, 2026 at 9:12 AM Ola <o@x.example> wrote:\n> ?\n"
        )
        await box.deliver(mail, address)
        (item,) = await box.listed("failed")
        assert item["MailboxHash"] == "record-17"
        assert (await box.shown(item["MessageID"]))["StrippedTextReply"] == "Sounds good."


async def test_forwarded_mail_counts_as_a_blind_copy(serve):
    async with serve() as running:
        box = Mailbox(running)
        address = await box.address()
        await box.deliver(a_mail(To="support@corp.example"), address)
        (item,) = await box.listed("failed")
        assert item["To"] == "support@corp.example"
        assert item["OriginalRecipient"] == address
        assert [full["Email"] for full in item["BccFull"]] == [address]


async def test_a_rule_blocks_until_it_is_bypassed(serve):
    async with serve() as running:
        box = Mailbox(running)
        await box.change(InboundHookUrl="https://app.example/in")
        await box.http.post("/triggers/inboundrules", json={"Rule": "junk.example"})
        await box.deliver(a_mail(From="x@junk.example"), await box.address())
        (item,) = await box.listed("blocked")
        details = await box.shown(item["MessageID"])
        assert details["BlockedReason"] == "Inbound request blocked by domain rule: x@junk.example"
        answer = await box.http.put(f"/messages/inbound/{item['MessageID']}/bypass")
        assert answer.json()["ErrorCode"] == 0
        assert await box.listed("blocked", 0) == []


async def test_a_rule_is_held_against_the_envelope_too(serve):
    async with serve() as running:
        box = Mailbox(running)
        await box.http.post("/triggers/inboundrules", json={"Rule": "x@junk.example"})
        await box.deliver(a_mail(), await box.address(), sender="x@junk.example")
        (item,) = await box.listed("blocked")
        details = await box.shown(item["MessageID"])
        assert details["BlockedReason"] == "Inbound request blocked by email rule: x@junk.example"


async def test_an_inline_image_keeps_its_content_id(serve):
    async with serve() as running:
        box = Mailbox(running)
        mail = a_mail()
        mail.add_alternative('<img src="cid:logo@corp">', subtype="html")
        html = mail.get_payload()[1]  # type: ignore[index]
        html.add_related(b"\x89PNG", "image", "png", cid="<logo@corp>")  # type: ignore[union-attr]
        await box.deliver(mail, await box.address())
        (item,) = await box.listed("failed")
        (attachment,) = item["Attachments"]
        assert attachment["ContentID"] == "logo@corp"
        assert attachment["ContentLength"] == 4
        assert "cid:logo@corp" in (await box.shown(item["MessageID"]))["HtmlBody"]


async def test_each_recipient_gets_a_message_of_its_own(serve):
    async with serve(inbound_mx_check="off") as running:
        box = Mailbox(running)
        await box.change(InboundDomain="*.corp.example")
        wanted = ["a@in.corp.example", "b@in.corp.example", await box.address("x")]
        await box.deliver(a_mail(To=wanted[0]), *wanted, wanted[1].upper())
        items = await box.listed("failed", 3)
        assert {item["OriginalRecipient"] for item in items} == set(wanted)
        assert len({item["MessageID"] for item in items}) == 3


@pytest.mark.parametrize(
    "address",
    [
        "someone@elsewhere.example",
        f"{'0' * 32}@{HOST}",
        f"postmaster@{HOST}",
        f"support@{HOST}",
        "postmaster@pillarbox.example",
        "pm_bounces+aaaaaaaaaaaaaaaaaaaaaaaa@pillarbox.example",
        "a%elsewhere.example@pillarbox.example",
        '"a@elsewhere.example"@pillarbox.example',
        "a@[127.0.0.1]",
    ],
)
async def test_what_does_not_belong_here_is_refused(serve, address):
    async with serve() as running:
        box = Mailbox(running)
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
            await box.deliver(a_mail(), address)
        ((_, code, text),) = [
            (one.recipient, one.code, one.message) for one in refused.value.recipients
        ]
        assert (code, text[:6]) == (550, "5.1.1 ")


@pytest.mark.parametrize(("score", "status"), [(5.0, "failed"), (5.1, "blocked"), (-0.1, "failed")])
async def test_beyond_the_threshold_mail_is_blocked(serve, score, status):
    async with Spamd(score=score) as spamd, serve(spam_server=spamd.url) as running:
        box = Mailbox(running)
        await box.change(InboundSpamThreshold=5)
        await box.deliver(a_mail(), await box.address())
        (item,) = await box.listed(status)
        details = await box.shown(item["MessageID"])
        spam = [
            (one["Name"], one["Value"])
            for one in details["Headers"]
            if one["Name"].startswith("X-Spam")
        ]
        assert spam[1:3] == [
            ("X-Spam-Status", "Yes" if score >= 5 else "No"),
            ("X-Spam-Score", str(score)),
        ]
        blocked = details.get("BlockedReason")
        assert blocked == (
            "Inbound request blocked by spam threshold." if status == "blocked" else None
        )


async def test_without_a_scanner_there_is_no_score_and_no_block(serve):
    async with serve(spam_server="spamd://127.0.0.1:9") as running:
        box = Mailbox(running)
        await box.change(InboundSpamThreshold=1)
        await box.deliver(a_mail(), await box.address())
        (item,) = await box.listed("failed")
        names = [one["Name"] for one in (await box.shown(item["MessageID"]))["Headers"]]
        assert not any(name.startswith("X-Spam") for name in names)


async def test_what_is_known_of_the_sender_stands_in_the_headers(serve):
    records = {"corp.example": {"TXT": ["v=spf1 ip4:127.0.0.1 -all"]}}
    async with (
        DnsZone(records) as zone,
        serve(sender_checks="on", dns_servers=zone.address) as running,
    ):
        box = Mailbox(running)
        await box.deliver(a_mail(), await box.address())
        (item,) = await box.listed("failed")
        headers = (await box.shown(item["MessageID"]))["Headers"]
        assert [one["Name"] for one in headers][:5] == [
            "Return-Path",
            "Received",
            "Received-SPF",
            "Authentication-Results",
            "Received",
        ]
        assert headers[2]["Value"].startswith("pass (corp.example: Sender is authorized to use")
        dump = await box.http.get(f"/messages/inbound/{item['MessageID']}/dump")
        assert dump.json()["Body"].startswith("Received: by pillarbox.example (inbound)")


async def test_mail_of_any_kind_is_kept(serve):
    sources = [b"", b"\r\n", b"no header at all\r\n", b"\xff\xfe\r\n\r\n\x80\r\n", b"Subject\r\n"]
    async with serve() as running:
        box = Mailbox(running)
        address = await box.address()
        for source in sources:
            await box.deliver(source, address, sender="")
        items = await box.listed("failed", len(sources))
        assert [item["From"] for item in items] == ["<>"] * len(sources)


async def test_attachments_beyond_35_mb_are_refused(serve):
    async with serve() as running:
        box = Mailbox(running)
        address = await box.address()
        files = base64.encodebytes(b"\0" * (35 * 1024 * 1024 + 1)).replace(b"\n", b"\r\n")
        head = b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await box.deliver(head + files, address)
        assert (refused.value.code, refused.value.message[:5]) == (552, "5.3.4")


async def test_mail_is_told_at_once_and_as_things_are(serve):
    """It goes from the MX to its hook without waiting in a queue; what a hook does not take, the queue has."""
    async with HookSink() as sink, serve(egress_allow="127.0.0.0/8") as running:
        box = Mailbox(running)
        queued = running.app.wake.subscribe(TOPIC)
        sink.status = lambda said: 200 if said["Subject"] == "first" else 500
        await box.change(InboundHookUrl=sink.url())
        for subject in ("first", "second"):
            await box.deliver(a_mail(Subject=subject), await box.address())
        hits = await sink.wait(2)
        (told,), (waiting,) = await box.listed("processed"), await box.listed("scheduled")
        await box.change(InboundHookUrl="")
        await box.deliver(a_mail(Subject="third"), await box.address())
        (untold,) = await box.listed("failed")
    assert not queued.is_set
    assert {hit.json["MessageID"] for hit in hits} == {told["MessageID"], waiting["MessageID"]}
    assert [one["Subject"] for one in (told, waiting, untold)] == ["first", "second", "third"]
    assert len(sink.hits) == 2
