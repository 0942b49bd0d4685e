"""What a mail is read as: a corpus with what is expected of it, and any bytes at all. Source: spec inbound 3."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.ids import KeyMaker, message_id
from pillarbox.inbound.read import attachment_contents, read, source_text, unread
from pillarbox.mail.parse import parse
from pillarbox.received.model import Received, Route, Target
from pillarbox.wire.inbound import InboundDetails
from tests.factories import surroundings

CORPUS = Path(__file__).parents[2] / "corpus" / "inbound"
MAILS = sorted(CORPUS.glob("*.eml"))
HOST = "mx.pillarbox.example"
RECIPIENT = "support+ticket-88Xy@in.corp.example"
COMMON = ("MessageID", "MessageStream", "Status", "OriginalRecipient", "MailboxHash")
OWN = 3  # Return-Path and the two Received that we add


def received(raw: bytes, **changes: str) -> Received:
    at = surroundings().at
    key = KeyMaker(lambda: int(at.timestamp() * 1000)).next()
    return Received(
        key=key,
        message_id=message_id(key),
        target=Target(route=Route.INBOUND, server_id=1001, stream_key=3),
        recipient=RECIPIENT,
        mail_from="amy@corp.example",
        peer_ip="198.51.100.9",
        helo="mail.corp.example",
        protocol="ESMTPS",
        received_at=at,
        raw=raw,
    )


def shown(raw: bytes) -> dict[str, Any]:
    reading = read(received(raw), parse(raw), host=HOST)
    details: dict[str, Any] = msgspec.to_builtins(
        InboundDetails.with_content(reading.message, reading.content)
    )
    for name in COMMON:
        del details[name]
    details["Headers"] = [[one["Name"], one["Value"]] for one in details["Headers"][OWN:]]
    details["Attachments"] = details["Attachments"][:3]
    details["Defects"] = list(reading.message.defects)
    return details


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.stem)
def test_the_corpus(mail):
    raw = mail.read_bytes().replace(b"\n", b"\r\n")
    expected = json.loads(mail.with_suffix(".json").read_text("utf-8"))
    assert shown(raw) == expected


def test_what_every_mail_has_in_common():
    raw = b"From: amy@corp.example\r\n\r\nx\r\n"
    reading = read(received(raw), parse(raw), host=HOST, checks=(("X-Spam-Status", "No"),))
    message, content = reading.message, reading.content
    assert (message.original_recipient, message.mailbox_hash) == (RECIPIENT, "ticket-88Xy")
    name = message.message_id
    hop = (
        f"from mail.corp.example ([198.51.100.9]) by {HOST} with ESMTPS id {name}; "
        "Wed, 04 Mar 2026 14:15:02 +0000"
    )
    assert content.headers == (
        ("Return-Path", "<amy@corp.example>"),
        ("Received", f"by {HOST} (inbound) id {name}; Wed, 04 Mar 2026 14:15:02 +0000"),
        ("X-Spam-Status", "No"),
        ("Received", hop),
    )


def test_verdicts_that_a_sender_wrote_are_not_shown_as_ours():
    forged = (
        f"Authentication-Results: {HOST}; spf=pass",
        f"Authentication-Results: (a (b)) {HOST.upper()} 1; spf=pass",
        f'Authentication-Results:\r\n "{HOST}" (c); spf=pass',
        f'Received-SPF: pass (x) receiver = "{HOST}"; client-ip=192.0.2.1',
        "X-Spam-Status: No",
        "x-spam-score: -9.9",
        "X-Spam-Tests: NONE",
        "X-Spam-Checker-Version: SpamAssassin 4.0.1",
    )
    kept = (
        f"Authentication-Results: other.example; spf=pass reason={HOST}",
        "Received-SPF: pass (other.example: ok) receiver=other.example",
        "X-Spam-Level: *",
    )
    raw = "\r\n".join(("From: a@b.example", *forged, *kept, "", "x\r\n")).encode()
    content = read(received(raw), parse(raw), host=HOST).content
    assert [": ".join(one) for one in content.headers[OWN:]] == list(kept)
    assert raw in content.raw


def test_the_source_begins_with_our_own_fields_and_ends_as_it_came():
    raw = b"Return-Path: <x@y.example>\r\nFrom: amy@corp.example\r\n\r\nGr\xfc\xdfe\r\n"
    content = read(received(raw), parse(raw), host=HOST).content
    assert content.raw.startswith(b"Received: by mx.pillarbox.example (inbound)")
    assert content.raw.endswith(raw)
    text = source_text(content.raw)
    assert "\r" not in text
    assert text.endswith("Grüße\n")
    assert source_text("Grüße\r\n".encode()) == "Grüße\n"


def test_attachments_come_back_in_their_order():
    raw = (CORPUS / "file_names.eml").read_bytes().replace(b"\n", b"\r\n")
    content = read(received(raw), parse(raw), host=HOST).content
    assert attachment_contents(content.raw) == [b"x", b"y", b"z"]


@pytest.mark.parametrize(
    ("head", "bcc"),
    [
        (f"To: {RECIPIENT}", []),
        (f"Cc: X <{RECIPIENT.upper()}>", []),
        (f"To: {RECIPIENT}\r\nBcc: {RECIPIENT}", []),
        ("To: other@corp.example", [RECIPIENT]),
        ("", [RECIPIENT]),
        ("Bcc: c@corp.example", [RECIPIENT, "c@corp.example"]),
    ],
)
def test_whom_the_envelope_adds(head, bcc):
    raw = f"From: a@corp.example\r\n{head}\r\n\r\nx\r\n".replace(
        "\r\n\r\n\r\n", "\r\n\r\n"
    ).encode()
    message = read(received(raw), parse(raw), host=HOST).message
    assert [one.email for one in message.bcc] == bcc


@given(
    st.binary(max_size=2000)
    | st.text(alphabet='From:<>@"();,=?\r\n\t -x', max_size=500).map(str.encode)
)
def test_any_bytes_are_read(raw):
    mail = received(raw)
    reading = read(mail, parse(raw), host=HOST)
    assert reading.content.raw.endswith(raw)
    assert len(attachment_contents(reading.content.raw)) == len(reading.message.attachments)
    msgspec.json.encode(InboundDetails.with_content(reading.message, reading.content))


def test_a_mail_nobody_can_read_is_shown_with_its_source():
    reading = unread(received(b"\xff"))
    assert reading.content.raw == b"\xff"
    assert reading.message.defects == ("not processed: the mail could not be read",)
    assert [one.email for one in reading.message.bcc] == [RECIPIENT]
