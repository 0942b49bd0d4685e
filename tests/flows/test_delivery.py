"""Walk 1, whole: from the API or SMTP to a mail host on a real socket, and back into the record."""

import asyncio
import smtplib
from datetime import timedelta
from typing import Any

import dkim
import pytest

from pillarbox.domains import keys, store
from pillarbox.domains.model import KeyState
from pillarbox.mail.verp import ReturnPaths
from pillarbox.outbound.accept import DELIVERY
from pillarbox.outbound.store import suspensions
from pillarbox.servers.store import servers
from tests.conftest import SERVER_TOKEN, SetClock
from tests.doubles.dns import SERVFAIL, DnsZone
from tests.doubles.mx import DROP, ScriptedMx
from tests.flows.client import Client


@pytest.fixture
async def mx():
    async with ScriptedMx() as mx:
        yield mx


@pytest.fixture
async def zone():
    """one.example and two.example at the scripted host."""
    records = {f"{n}.example": {"MX": ["10 mx.example"]} for n in ("one", "two")}
    async with DnsZone(records | {"mx.example": {"A": ["127.0.0.1"]}}) as zone:
        yield zone


@pytest.fixture
def direct(serve, mx, zone):
    def run(**changes):
        return serve(
            **{
                "delivery": "direct",
                "sender_policy": "open",
                "dns_servers": zone.address,
                "mx_port": str(mx.port),
                "egress_allow": "127.0.0.0/8",
            }
            | changes
        )

    return run


async def test_a_message_is_delivered_and_its_story_is_told(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        sent = await client.send(Cc="bo@two.example", Bcc="secret@two.example")
        events = await client.events(sent["MessageID"], 3)
        assert {e["Recipient"] for e in events} == {
            "ann@one.example",
            "bo@two.example",
            "secret@two.example",
        }
        assert events[0]["Type"] == "Delivered"
        assert events[0]["Details"] == {
            "DeliveryMessage": "smtp;250 2.0.0 Ok: queued",
            "DestinationServer": "mx.example (127.0.0.1)",
            "DestinationIP": "127.0.0.1",
        }
        details = await client.details(sent["MessageID"])
        assert details["Status"] == "Sent"
        assert len(mx.messages) == 3
        for message in mx.messages:
            assert b"secret@" not in message.data
        with running.app.db.transaction() as tx:
            paths = ReturnPaths(secret=servers.secret(tx))
        numbers = [paths.read(message.mail_from.strip("<>")) for message in mx.messages]
        assert len(set(numbers)) == 3
        assert None not in numbers


async def test_mail_from_a_domain_with_a_key_is_signed_and_verifies(direct, mx, zone) -> None:
    async with direct(sender_policy="verified") as running:
        client = Client(running)
        refused = await client.send()
        assert refused["ErrorCode"] == 400
        assert "(Shop <shop@sender.example>)" in refused["Message"]
        with running.app.db.transaction() as tx:
            key = keys.new_key("sender.example", at=tx.now)
            domain_id = store.insert_domain(tx, "sender.example")
            store.insert_key(tx, domain_id, key)
        await running.app.db.write(lambda tx: store.activate_key(tx, domain_id))
        sent = await client.send(HtmlBody="<p>Grüße</p>", Subject="Ünï")
        await client.events(sent["MessageID"])
        record = keys.record(key).encode()
        assert dkim.verify(mx.messages[0].data, dnsfunc=lambda name, timeout=5: record)
        assert not dkim.verify(
            mx.messages[0].data.replace(b"multipart", b"Multipart"),
            dnsfunc=lambda name, timeout=5: record,
        )
        assert key.state is KeyState.PENDING


async def test_greylisted_mail_is_tried_again_and_delivered(direct, mx) -> None:
    mx.rcpt = ["450 4.2.0 Greylisted, try again", "250 2.1.5 Ok"]
    clock = SetClock()
    async with direct(clock=clock) as running:
        client = Client(running)
        sent = await client.send()
        (first,) = await client.events(sent["MessageID"])
        assert (first["Type"], first["Details"]["DeliveryMessage"]) == (
            "Transient",
            "smtp;450 4.2.0 Greylisted, try again",
        )
        clock.advance(timedelta(minutes=2))
        running.app.wake.arrived(DELIVERY)
        events = await client.events(sent["MessageID"], 2)
        assert [e["Type"] for e in events] == ["Transient", "Delivered"]
        assert await client.bounces() == []


async def test_a_hard_bounce_suppresses_and_the_next_send_is_refused(direct, mx) -> None:
    mx.rcpt = "550 5.1.1 <ann@one.example>: User unknown"
    async with direct() as running:
        client = Client(running)
        sent = await client.send(Tag="receipt")
        events = await client.events(sent["MessageID"], 2)
        assert [e["Type"] for e in events] == ["Bounced", "SubscriptionChanged"]
        (bounce,) = await client.bounces()
        assert (bounce["Type"], bounce["Email"], bounce["Inactive"], bounce["Tag"]) == (
            "HardBounce",
            "ann@one.example",
            True,
            "receipt",
        )
        assert bounce["Details"] == "smtp;550 5.1.1 <ann@one.example>: User unknown"
        assert events[0]["Details"]["BounceID"] == str(bounce["ID"])
        again = await client.send()
        assert again["ErrorCode"] == 406
        assert "Found inactive addresses: ann@one.example." in again["Message"]
        activated = await client.http.put(f"/bounces/{bounce['ID']}/activate")
        assert activated.json()["Message"] == "OK"
        mx.rcpt = "250 2.1.5 Ok"
        assert (await client.send())["ErrorCode"] == 0


async def test_giving_up_bounces_with_the_type_of_the_last_answer(direct, mx) -> None:
    mx.final = "452 4.2.2 mailbox full"
    clock = SetClock()
    async with direct(clock=clock) as running:
        client = Client(running)
        sent = await client.send()
        events: list[dict[str, Any]] = []
        for count in range(1, 30):
            events = await client.events(sent["MessageID"], count)
            if events[-1]["Type"] == "Bounced":
                break
            clock.advance(timedelta(hours=1.3))
            running.app.wake.arrived(DELIVERY)
        assert [e["Type"] for e in events[:2]] == ["Transient", "Transient"]
        (bounce,) = await client.bounces()
        assert (bounce["Type"], bounce["Inactive"]) == ("SoftBounce", False)


@pytest.mark.parametrize(
    ("records", "kind", "details"),
    [
        ({"MX": ["0 ."]}, "HardBounce", "smtp;556 5.1.10 Recipient address has a null MX"),
        (None, "HardBounce", "smtp;550 5.1.2 bad destination system: no such domain"),
    ],
)
async def test_domains_without_mail_bounce_at_once(direct, zone, records, kind, details) -> None:
    if records:
        zone.zone["odd.example"] = records
    async with direct() as running:
        client = Client(running)
        sent = await client.send(To="ann@odd.example")
        await client.events(sent["MessageID"], 2)
        (bounce,) = await client.bounces()
        assert (bounce["Type"], bounce["Details"]) == (kind, details)


async def test_a_failing_resolver_only_delays(direct, zone) -> None:
    zone.zone["odd.example"] = SERVFAIL
    async with direct() as running:
        client = Client(running)
        sent = await client.send(To="ann@odd.example")
        (event,) = await client.events(sent["MessageID"])
        assert event["Type"] == "Transient"
        assert "4.4.3" in event["Details"]["DeliveryMessage"]


async def test_private_addresses_are_no_destination(direct) -> None:
    async with direct(egress_allow="") as running:
        client = Client(running)
        sent = await client.send()
        (event,) = await client.events(sent["MessageID"])
        assert event["Type"] == "Transient"
        assert "private or reserved address" in event["Details"]["DeliveryMessage"]


async def test_a_connection_is_used_again_and_survives_being_dropped_while_idle(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        for number in range(3):
            sent = await client.send()
            await client.events(sent["MessageID"])
            assert len(mx.messages) == number + 1
        assert mx.connections == 1
        mx.mail = [DROP, "250 2.1.0 Ok"]
        sent = await client.send()
        (event,) = await client.events(sent["MessageID"])
        assert event["Type"] == "Delivered"
        assert mx.connections == 2


async def test_relay_hands_everything_to_the_smarthost_with_login(serve) -> None:
    async with ScriptedMx(auth=("relay user", "pa:ss")) as smarthost:
        url = f"smtp://relay%20user:pa%3Ass@127.0.0.1:{smarthost.port}"
        async with serve(delivery="relay", sender_policy="open", relay_url=url) as running:
            client = Client(running)
            sent = await client.send(To="a@one.example, b@two.example")
            await client.events(sent["MessageID"], 2)
            assert {m.rcpts[0].strip("<>") for m in smarthost.messages} == {
                "a@one.example",
                "b@two.example",
            }


async def test_a_smarthost_that_wants_a_login_bounces_nothing(serve) -> None:
    async with ScriptedMx(mail="530 5.7.0 Authentication required") as smarthost:
        url = f"smtp://127.0.0.1:{smarthost.port}"
        async with serve(delivery="relay", sender_policy="open", relay_url=url) as running:
            client = Client(running)
            sent = await client.send()
            (event,) = await client.events(sent["MessageID"])
            assert event["Type"] == "Transient"
            assert event["Details"]["DeliveryMessage"] == "smtp;530 5.7.0 Authentication required"


async def test_captured_mail_never_leaves(serve) -> None:
    async with serve() as running:
        client = Client(running)
        sent = await client.send()
        (event,) = await client.events(sent["MessageID"])
        assert event["Type"] == "Delivered"
        assert event["Details"]["DestinationServer"] == "capture"


async def test_bounce_testing_addresses_bounce_as_they_say(serve) -> None:
    async with serve() as running:
        client = Client(running)
        sent = await client.send(To="soft_bounce@bounce-testing.postmarkapp.com")
        await client.events(sent["MessageID"])
        (bounce,) = await client.bounces()
        assert (bounce["Type"], bounce["Details"]) == ("SoftBounce", "Test bounce details")


async def test_a_template_that_does_not_fit_its_model_bounces(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)
        template = {"Name": "Lines", "Alias": "lines", "Subject": "Hi {{ a }}"}
        template["TextBody"] = "{{#each rows}}x{{/each}}"
        await client.http.post("/templates", json=template)
        message = {"From": "shop@sender.example", "To": "ann@one.example", "Tag": "t"}
        message |= {"TemplateAlias": "lines"}
        for rows in (3, ["a"]):
            model = {"TemplateModel": {"rows": rows}}
            answer = await client.http.post("/email/withTemplate", json=message | model)
            assert answer.json()["Message"] == "OK"
            (event,) = await client.events(answer.json()["MessageID"])
            assert event["Type"] == ("Bounced" if rows == 3 else "Delivered")
        (bounce,) = await client.bounces()
        assert (bounce["Type"], bounce["TypeCode"]) == ("TemplateRenderingFailed", 100010)
        assert (bounce["Inactive"], bounce["CanActivate"], bounce["Tag"]) == (False, False, "t")
        assert bounce["Details"] == (
            "'rows' is used like an array by the template, but is a scalar value or object in your model."
        )
        assert len(mx.messages) == 1


async def test_smtp_submission_is_the_same_walk(direct, mx) -> None:
    async with direct() as running:
        client = Client(running)

        def submit() -> bytes:
            with smtplib.SMTP("127.0.0.1", running.smtp_port) as smtp:
                smtp.login(SERVER_TOKEN, SERVER_TOKEN)
                smtp.mail("x@app.example")
                smtp.rcpt("ann@one.example")
                code, text = smtp.data(
                    b"From: Shop <shop@sender.example>\r\nTo: ann@one.example\r\n"
                    b"Subject: By SMTP\r\nX-PM-Tag: t\r\n\r\n.dots\r\n"
                )
                assert code == 250
                return text

        text = await asyncio.to_thread(submit)
        message_id = text.decode().rpartition(" ")[2]
        await client.events(message_id)
        details = await client.details(message_id)
        assert (details["Subject"], details["Tag"]) == ("By SMTP", "t")
        assert mx.messages[0].data.endswith(b"\r\n\r\n.dots\r\n")


async def test_what_smtp_cannot_accept_becomes_an_smtp_api_error(serve) -> None:
    async with serve() as running:
        client = Client(running)

        def submit() -> None:
            with smtplib.SMTP("127.0.0.1", running.smtp_port) as smtp:
                smtp.login(SERVER_TOKEN, SERVER_TOKEN)
                smtp.sendmail(
                    "x@app.example",
                    ["ann@one.example"],
                    "From: shop@sender.example\r\nX-PM-Message-Stream: nowhere\r\n\r\nx",
                )

        await asyncio.to_thread(submit)
        (bounce,) = await client.bounces()
        assert (bounce["Type"], bounce["TypeCode"]) == ("SMTPApiError", 100007)
        assert bounce["Details"] == "The stream provided: 'nowhere' does not exist on this server."
        assert (bounce["CanActivate"], bounce["Inactive"]) == (False, False)
        dump = await client.http.get(f"/bounces/{bounce['ID']}/dump")
        assert "1235" in dump.json()["Body"]
        assert "X-PM-Message-Stream: nowhere" in dump.json()["Body"]


async def test_mail_to_a_suspended_destination_waits_until_it_is_resumed(direct, mx) -> None:
    clock = SetClock()
    # Before the start: while a server runs, a message accepted in the same instant may still go out.
    async with direct(clock=clock) as first:
        await first.app.db.write(lambda tx: suspensions.suspend(tx, "one.example", by="test"))
    async with direct(clock=clock) as running:
        client, db = Client(running), running.app.db
        held = await client.send(To="ann@one.example, bo@two.example")
        (event,) = await client.events(held["MessageID"], 1)
        assert event["Recipient"] == "bo@two.example"
        clock.advance(timedelta(hours=13))  # longer than mail is tried
        mx.rcpt = ["450 4.2.0 Not now"]
        await db.write(lambda tx: suspensions.resume(tx, "one.example"))
        events = await client.events(held["MessageID"], 2)
        assert {e["Recipient"]: e["Type"] for e in events} == {
            "ann@one.example": "Bounced",
            "bo@two.example": "Delivered",
        }


async def test_a_suspension_that_stands_before_the_start_holds(direct, mx) -> None:
    async with direct() as first:
        await first.app.db.write(lambda tx: suspensions.suspend(tx, "one.example", by="test"))
    async with direct() as running:
        client = Client(running)
        await client.send(To="ann@one.example")
        other = await client.send(To="bo@two.example")
        await client.events(other["MessageID"], 1)
        assert [message.rcpts for message in mx.messages] == [["<bo@two.example>"]]
