"""Payloads are those of the specification, to the byte. Source: spec webhooks 4.2 to 4.11, inbound 4."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec import structs

from pillarbox.bounces.model import TYPES, Bounce, BounceType
from pillarbox.events.model import Event, EventType
from pillarbox.inbound.model import (
    Correspondent,
    InboundAttachment,
    InboundContent,
    InboundMessage,
    InboundStatus,
)
from pillarbox.outbound.model import Told
from pillarbox.tracking.model import ClickLocation, Hit, HitKind, Place, Platform, Product
from pillarbox.wire import events as wire
from pillarbox.wire.inbound import hook_body

ORDER = "5b2f3a0c-7d0e-4e43-9a35-0d2a6fd6c1b7"
NEWS = "0f0a5a2e-5e84-4d55-8b0f-2f6b1f2f1c11"

BOUNCE = """{"RecordType": "Bounce", "MessageStream": "outbound", "ID": 730041178, "Type": "HardBounce",
  "TypeCode": 1, "Name": "Hard bounce", "Tag": "order-confirmation",
  "MessageID": "5b2f3a0c-7d0e-4e43-9a35-0d2a6fd6c1b7",
  "Metadata": {"order_id": "A-10077", "tenant": "north"}, "ServerID": 61204,
  "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
  "Details": "smtp;550 5.1.1 <mira.k@customer.example>: Recipient address rejected: User unknown",
  "Email": "mira.k@customer.example", "From": "orders@shop.example",
  "BouncedAt": "2026-10-02T09:14:07.1234560Z", "DumpAvailable": true, "Inactive": true,
  "CanActivate": true, "Subject": "Your order A-10077"}"""
COMPLAINT = """{"RecordType": "SpamComplaint", "MessageStream": "broadcast", "ID": 730041902,
  "Type": "SpamComplaint", "TypeCode": 100001, "Name": "Spam complaint", "Tag": "october-news",
  "MessageID": "0f0a5a2e-5e84-4d55-8b0f-2f6b1f2f1c11", "Metadata": {}, "ServerID": 61204,
  "Description": "The subscriber explicitly marked this message as spam.", "Details": "",
  "Email": "lena@freemail.example", "From": "news@shop.example",
  "BouncedAt": "2026-10-03T18:40:11.0931240Z", "DumpAvailable": true, "Inactive": true,
  "CanActivate": false, "Subject": "October news"}"""
SMTP_ERROR = """{"RecordType": "Bounce", "MessageStream": "outbound", "ID": 730042277,
  "Type": "SMTPApiError", "TypeCode": 100007, "Name": "SMTP API error", "Tag": "",
  "MessageID": "5b2f3a0c-7d0e-4e43-9a35-0d2a6fd6c1b7", "Metadata": {}, "ServerID": 61204,
  "Description": "An error occurred while accepting an email through the SMTP API.",
  "Details": "You tried to send", "Email": "mira.k@customer.example", "From": "orders@shop.example",
  "BouncedAt": "2026-10-04T11:20:30.0000000Z", "DumpAvailable": false, "Inactive": false,
  "CanActivate": false, "Subject": "Your order A-10101"}"""
DELIVERY = """{"MessageID": "5b2f3a0c-7d0e-4e43-9a35-0d2a6fd6c1b7",
  "Recipient": "mira.k@customer.example", "DeliveredAt": "2026-10-02T09:14:05Z",
  "Details": "smtp;250 2.0.0 OK 1790932445 a1-20020a056000 - mx7", "Tag": "", "ServerID": 61204,
  "Metadata": {}, "RecordType": "Delivery", "MessageStream": "outbound"}"""
OPEN = """{"RecordType": "Open", "MessageStream": "outbound", "Metadata": {"order_id": "A-10077"},
  "FirstOpen": true, "Recipient": "mira.k@customer.example",
  "MessageID": "5b2f3a0c-7d0e-4e43-9a35-0d2a6fd6c1b7", "ReceivedAt": "2026-10-02T10:02:44Z",
  "Platform": "Desktop", "ReadSeconds": 5, "Tag": "order-confirmation",
  "UserAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.2.0",
  "OS": {"Name": "Linux", "Family": "Linux", "Company": "Canonical Ltd."},
  "Client": {"Name": "Thunderbird 140.2.0", "Family": "Thunderbird", "Company": "Mozilla Foundation"},
  "Geo": {"IP": "203.0.113.77", "City": "Porto", "Country": "Portugal", "CountryISOCode": "PT",
          "Region": "Porto", "RegionISOCode": "13", "Zip": "4000", "Coords": "41.1496,-8.611"}}"""
CLICK = """{"RecordType": "Click", "MessageStream": "outbound", "Metadata": {},
  "Recipient": "mira.k@customer.example", "MessageID": "5b2f3a0c-7d0e-4e43-9a35-0d2a6fd6c1b7",
  "ReceivedAt": "2026-10-02T10:03:10Z", "Platform": "Mobile", "ClickLocation": "HTML",
  "OriginalLink": "https://shop.example/orders/A-10077?utm_source=mail", "Tag": "order-confirmation",
  "UserAgent": "Mozilla/5.0 (iPhone)",
  "OS": {"Name": "iOS 18", "Family": "iOS", "Company": "Apple Computer, Inc."},
  "Client": {"Name": "Mobile Safari 18.6", "Family": "Safari", "Company": "Apple Computer, Inc."},
  "Geo": {}}"""
UNSUBSCRIBED = """{"RecordType": "SubscriptionChange", "MessageID": "0f0a5a2e-5e84-4d55-8b0f-2f6b1f2f1c11",
  "ServerID": 61204, "MessageStream": "broadcast", "ChangedAt": "2026-10-03T18:44:00Z",
  "Recipient": "lena@freemail.example", "Origin": "Recipient", "SuppressSending": true,
  "SuppressionReason": "ManualSuppression", "Tag": "october-news", "Metadata": {"list": "monthly"}}"""
REACTIVATED = """{"RecordType": "SubscriptionChange", "MessageID": null, "ServerID": 61204,
  "MessageStream": "outbound", "ChangedAt": "2026-10-05T07:00:00Z",
  "Recipient": "mira.k@customer.example", "Origin": "Customer", "SuppressSending": false,
  "SuppressionReason": null, "Tag": null, "Metadata": {}}"""

NEWS_MESSAGE = Told(message_id=NEWS, tag="october-news", metadata={"list": "monthly"})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def an_event(kind: EventType, when: str, **changes: Any) -> Event:
    values: dict[str, Any] = {
        "server_id": 61204,
        "stream_key": 1,
        "message_key": 5,
        "recipient": "mira.k@customer.example",
        "type": kind,
        "at": at(when),
        "details": {},
    }
    return Event(**values | changes)


def a_bounce(**changes: Any) -> Bounce:
    values: dict[str, Any] = {
        "id": 730041178,
        "type": BounceType.HARD_BOUNCE,
        "message_id": ORDER,
        "server_id": 61204,
        "stream": "outbound",
        "tag": "order-confirmation",
        "email": "mira.k@customer.example",
        "sender": "orders@shop.example",
        "subject": "Your order A-10077",
        "details": "smtp;550 5.1.1 <mira.k@customer.example>: Recipient address rejected: User unknown",
        "at": at("2026-10-02T09:14:07.123456"),
        "inactive": True,
        "has_dump": True,
        "content": None,
    }
    return Bounce(**values | changes)


LENA = a_bounce(
    id=730041902,
    type=BounceType.SPAM_COMPLAINT,
    message_id=NEWS,
    tag="october-news",
    details="",
    email="lena@freemail.example",
    sender="news@shop.example",
    subject="October news",
    at=at("2026-10-03T18:40:11.093124"),
)
REFUSED = a_bounce(
    id=730042277,
    type=BounceType.SMTP_API_ERROR,
    tag=None,
    details="You tried to send",
    subject="Your order A-10101",
    at=at("2026-10-04T11:20:30"),
    inactive=False,
    has_dump=False,
)
OPENED = Hit(
    kind=HitKind.OPEN,
    server_id=61204,
    stream_key=1,
    stream="outbound",
    message_key=5,
    message_id=ORDER,
    recipient="mira.k@customer.example",
    tag="order-confirmation",
    at=at("2026-10-02T10:02:44.9"),
    platform=Platform.DESKTOP,
    user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.2.0",
    read_seconds=5,
    client=Product("Thunderbird 140.2.0", "Mozilla Foundation", "Thunderbird"),
    os=Product("Linux", "Canonical Ltd.", "Linux"),
    place=Place(
        country="Portugal",
        country_code="PT",
        region="Porto",
        region_code="13",
        city="Porto",
        zip="4000",
        coords="41.1496,-8.611",
        ip="203.0.113.77",
    ),
)
CLICKED = replace(
    OPENED,
    kind=HitKind.CLICK,
    at=at("2026-10-02T10:03:10"),
    platform=Platform.MOBILE,
    user_agent="Mozilla/5.0 (iPhone)",
    client=Product("Mobile Safari 18.6", "Apple Computer, Inc.", "Safari"),
    os=Product("iOS 18", "Apple Computer, Inc.", "iOS"),
    place=Place(),
    link="https://shop.example/orders/A-10077?utm_source=mail",
    location=ClickLocation.HTML,
)
DELIVERED = an_event(
    EventType.DELIVERED,
    "2026-10-02T09:14:05.999999",
    details={"DeliveryMessage": "smtp;250 2.0.0 OK 1790932445 a1-20020a056000 - mx7"},
)
HELD_BACK = an_event(
    EventType.SUBSCRIPTION_CHANGED,
    "2026-10-03T18:44:00",
    recipient="lena@freemail.example",
    details={
        "Origin": "Recipient",
        "SuppressSending": "True",
        "SuppressionReason": "ManualSuppression",
    },
)
LET_GO = an_event(
    EventType.SUBSCRIPTION_CHANGED,
    "2026-10-05T07:00:00",
    details={"Origin": "Customer", "SuppressSending": "False"},
)


@pytest.mark.parametrize(
    ("said", "example"),
    [
        (wire.bounce(a_bounce(), {"order_id": "A-10077", "tenant": "north"}, "outbound"), BOUNCE),
        (wire.bounce(LENA, {}, "broadcast"), COMPLAINT),
        (wire.bounce(REFUSED, {}, "outbound"), SMTP_ERROR),
        (
            wire.delivery(DELIVERED, Told(message_id=ORDER, tag=None, metadata={}), "outbound"),
            DELIVERY,
        ),
        (wire.opened(OPENED, {"order_id": "A-10077"}, is_first=True), OPEN),
        (wire.clicked(CLICKED, {}), CLICK),
        (wire.subscription(HELD_BACK, NEWS_MESSAGE, "broadcast"), UNSUBSCRIBED),
        (wire.subscription(LET_GO, NEWS_MESSAGE, "outbound"), REACTIVATED),
    ],
)
def test_examples_of_the_specification(said, example):
    assert said.decode() == json.dumps(json.loads(example), separators=(",", ":"))


def test_content_is_there_only_when_it_was_asked_for():
    assert "Content" not in json.loads(wire.bounce(a_bounce(), {}, "outbound"))
    shown = json.loads(wire.bounce(a_bounce(content="Return-Path: <>"), {}, "outbound"))
    assert list(shown)[-1] == "Content"
    assert shown["Content"] == "Return-Path: <>"


@pytest.mark.parametrize("kind", list(BounceType))
def test_every_type_has_its_name_and_record_type(kind):
    shown = json.loads(wire.bounce(a_bounce(type=kind), {}, "outbound"))
    facts = TYPES[kind]
    assert (shown["Type"], shown["TypeCode"], shown["Name"]) == (kind.value, facts.code, facts.name)
    is_complaint = kind is BounceType.SPAM_COMPLAINT
    assert shown["RecordType"] == ("SpamComplaint" if is_complaint else "Bounce")
    assert shown["CanActivate"] is facts.can_activate


def test_a_sandbox_says_what_postmark_says():
    event = structs.replace(
        DELIVERED, details={"DeliveryMessage": "x", "DestinationServer": "sandbox"}
    )
    said = wire.delivery(event, NEWS_MESSAGE, "outbound")
    assert json.loads(said)["Details"] == "smtp;250 2.0.0 OK (sandbox blackhole)"


@pytest.mark.parametrize("origin", ["Customer", "Admin"])
def test_a_suppression_by_hand_names_no_message(origin):
    details = HELD_BACK.details | {"Origin": origin}
    said = json.loads(
        wire.subscription(structs.replace(HELD_BACK, details=details), NEWS_MESSAGE, "x")
    )
    assert (said["MessageID"], said["Tag"], said["Metadata"]) == (None, None, {})
    assert said["SuppressionReason"] == "ManualSuppression"


def test_a_hard_bounce_names_its_message():
    details = HELD_BACK.details | {"SuppressionReason": "HardBounce"}
    said = json.loads(
        wire.subscription(structs.replace(HELD_BACK, details=details), NEWS_MESSAGE, "x")
    )
    assert (said["MessageID"], said["Tag"]) == (NEWS, "october-news")


def test_zeros_may_stand_for_no_message():
    said = json.loads(wire.subscription(LET_GO, None, "x", no_message=wire.NO_MESSAGE))
    assert said["MessageID"] == "00000000-0000-0000-0000-000000000000"


def test_what_is_not_known_of_a_hit():
    """The image proxy of the specification, 4.6."""
    bare = replace(
        OPENED,
        tag=None,
        platform=Platform.UNKNOWN,
        client=Product("Gmail", "Google", "Gmail"),
        os=Product(),
        place=Place(),
    )
    said = json.loads(wire.opened(bare, {}, is_first=False))
    assert said["OS"] == {"Name": "unknown", "Company": "unknown", "Family": "unknown"}
    assert said["Client"] == {"Name": "Gmail", "Company": "Google", "Family": "Gmail"}
    assert (said["Geo"], said["Platform"], said["Tag"], said["FirstOpen"]) == (
        {},
        "Unknown",
        "",
        False,
    )


def test_who_clicks_in_web_mail_is_in_a_browser():
    said = json.loads(wire.clicked(replace(CLICKED, platform=Platform.WEBMAIL), {}))
    assert said["Platform"] == "Desktop"


def test_instants_are_in_utc_and_whole_seconds():
    local = OPENED.at.astimezone(timezone(timedelta(hours=2)))
    said = json.loads(wire.opened(replace(OPENED, at=local), {}, is_first=True))
    assert said["ReceivedAt"] == "2026-10-02T10:02:44Z"


INBOUND = """{"FromName": "Amy Lund", "MessageStream": "inbound", "From": "amy@corp.example",
  "FromFull": {"Email": "amy@corp.example", "Name": "Amy Lund", "MailboxHash": ""},
  "To": "\\"Shop Support\\" <3f0c+ticket-88Xy@in.platform.example>, copy@corp.example",
  "ToFull": [
    {"Email": "3f0c+ticket-88Xy@in.platform.example", "Name": "Shop Support", "MailboxHash": "ticket-88Xy"},
    {"Email": "copy@corp.example", "Name": "", "MailboxHash": ""}],
  "Cc": "", "CcFull": [], "Bcc": "", "BccFull": [],
  "OriginalRecipient": "3f0c+ticket-88Xy@in.platform.example", "Subject": "Re: Your ticket",
  "MessageID": "b7f6a0d4-2c11-4a86-a2f6-c0f2a79f5e21", "ReplyTo": "", "MailboxHash": "ticket-88Xy",
  "Date": "Tue, 6 Oct 2026 15:32:11 +0200 (CEST)", "TextBody": "It works now, thanks.\\n",
  "HtmlBody": "<div>It works now, thanks.</div>", "StrippedTextReply": "It works now, thanks.",
  "Tag": "", "Headers": [{"Name": "Return-Path", "Value": "<amy@corp.example>"}],
  "Attachments": [{"Name": "note.txt", "Content": "aGVsbG8gd29ybGQ=", "ContentType": "text/plain",
                   "ContentLength": 11, "ContentID": ""}]}"""
AMY = InboundMessage(
    key=5,  # type: ignore[arg-type]
    message_id="b7f6a0d4-2c11-4a86-a2f6-c0f2a79f5e21",
    server_id=61204,
    stream_key=3,
    stream="inbound",
    received_at=at("2026-10-06T13:32:14"),
    status=InboundStatus.QUEUED,
    original_recipient="3f0c+ticket-88Xy@in.platform.example",
    sender=Correspondent("amy@corp.example", "Amy Lund"),
    to=(
        Correspondent("3f0c+ticket-88Xy@in.platform.example", "Shop Support"),
        Correspondent("copy@corp.example"),
    ),
    subject="Re: Your ticket",
    date="Tue, 6 Oct 2026 15:32:11 +0200 (CEST)",
    attachments=(InboundAttachment(name="note.txt", content_type="text/plain", length=11),),
)
AMYS = InboundContent(
    raw=b"x",
    text="It works now, thanks.\n",
    html="<div>It works now, thanks.</div>",
    stripped_reply="It works now, thanks.",
    headers=(("Return-Path", "<amy@corp.example>"),),
)


def test_inbound_example_of_the_specification():
    said = hook_body(AMY, AMYS, [b"hello world"], None)
    assert said.decode() == json.dumps(json.loads(INBOUND), separators=(",", ":"))


def test_the_source_comes_before_the_tag_when_it_is_wanted():
    said = json.loads(hook_body(AMY, AMYS, [b""], "Received: x\n\ny"))
    keys = list(said)
    assert keys[keys.index("StrippedTextReply") + 1 : keys.index("Tag")] == ["RawEmail"]
    assert said["RawEmail"] == "Received: x\n\ny"
