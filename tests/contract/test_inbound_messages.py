"""Reading inbound messages back. Source: spec messages 5 to 7, 10 and 11; inbound 6.3."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from pillarbox import ids
from pillarbox.inbound.model import (
    Correspondent,
    InboundAttachment,
    InboundContent,
    InboundMessage,
    InboundStatus,
)
from pillarbox.inbound.store import messages
from tests.contract.conftest import refusal

HASH = "7d3a4c0d9b1e"
TO = f"{HASH}+ticket42@inbound.example.net"
NEVER = "0199c0de-0000-7001-8000-000000000000"
DATE = "Thu, 12 Feb 2026 17:48:22 +0300"
PAGE = {"count": 50, "offset": 0}


@pytest.fixture
def keep(app, server):
    """Keep an inbound message of the first Server; its MessageID."""

    def put(*, content=None, **changes):
        key = app.keys.next()
        values = {
            "key": key,
            "message_id": ids.message_id(key),
            "server_id": server.id,
            "stream_key": server.streams["inbound"].key,
            "stream": "inbound",
            "received_at": app.clock.now(),
            "status": InboundStatus.PROCESSED,
            "original_recipient": TO,
            "sender": Correspondent("jim@example.org", "Jim"),
            "to": (Correspondent(TO),),
            "subject": "Re: your ticket",
            "date": DATE,
        }
        message = InboundMessage(**values | changes)
        with app.db.transaction() as tx:
            messages.insert_message(
                tx, message, content or InboundContent(raw=b"Subject: x\r\n\r\n")
            )
        return message.message_id

    return put


async def found(api, **query):
    answer = await api.get("/messages/inbound", params=PAGE | query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"TotalCount", "InboundMessages"}
    assert body["TotalCount"] == len(body["InboundMessages"])
    return [message["MessageID"] for message in body["InboundMessages"]]


ITEM = {
    "From": "jim@example.org",
    "FromName": "Jim",
    "FromFull": {"Email": "jim@example.org", "Name": "Jim", "MailboxHash": ""},
    "To": TO,
    "ToFull": [{"Email": TO, "Name": "", "MailboxHash": "ticket42"}],
    "Cc": "",
    "CcFull": [],
    "Bcc": "",
    "BccFull": [],
    "ReplyTo": "",
    "OriginalRecipient": TO,
    "Subject": "Re: your ticket",
    "Date": DATE,
    "MailboxHash": "ticket42",
    "Tag": "",
    "Attachments": [],
    "Status": "Processed",
    "MessageStream": "inbound",
}


async def test_nothing_yet(api):
    answer = await api.get("/messages/inbound?count=1&offset=0")
    assert answer.json() == {"TotalCount": 0, "InboundMessages": []}


async def test_a_plain_message(api, keep):
    message_id = keep()
    answer = await api.get("/messages/inbound/?count=1&offset=0")
    assert answer.json() == {
        "TotalCount": 1,
        "InboundMessages": [ITEM | {"MessageID": message_id}],
    }
    assert (await api.get(f"/messages/inbound/{message_id}/details")).json() == ITEM | {
        "MessageID": message_id,
        "TextBody": "",
        "HtmlBody": "",
        "StrippedTextReply": "",
        "Headers": [],
    }


async def test_a_message_with_everything(api, keep):
    amy = Correspondent("amy+x@corp.example", 'Amy "A" Lund')
    content = InboundContent(
        raw="Subject: ü\r\n\r\nHi".encode(),
        text="Hi\0 there",
        html="<p>Hi</p>",
        stripped_reply="Hi",
        headers=(("Received-SPF", "Pass"), ("Message-ID", "<a1@x>"), ("Received-SPF", "again")),
    )
    message_id = keep(
        content=content,
        sender=amy,
        to=(Correspondent(TO, "Shop Support"), Correspondent("copy@corp.example")),
        cc=(amy,),
        bcc=(Correspondent("b@corp.example"),),
        reply_to="amy@corp.example",
        tag="welcome",
        attachments=(
            InboundAttachment(name="log.txt", content_type="text/plain", length=512),
            InboundAttachment(name="i.png", content_type="image/png", content_id="c1", length=0),
        ),
    )
    full = {"Email": "amy+x@corp.example", "Name": 'Amy "A" Lund', "MailboxHash": "x"}
    assert (await api.get(f"/messages/inbound/{message_id.upper()}/details")).json() == ITEM | {
        "MessageID": message_id,
        "From": "amy+x@corp.example",
        "FromName": 'Amy "A" Lund',
        "FromFull": full,
        "To": f'"Shop Support" <{TO}>, copy@corp.example',
        "ToFull": [
            {"Email": TO, "Name": "Shop Support", "MailboxHash": "ticket42"},
            {"Email": "copy@corp.example", "Name": "", "MailboxHash": ""},
        ],
        "Cc": '"Amy \\"A\\" Lund" <amy+x@corp.example>',
        "CcFull": [full],
        "Bcc": "b@corp.example",
        "BccFull": [{"Email": "b@corp.example", "Name": "", "MailboxHash": ""}],
        "ReplyTo": "amy@corp.example",
        "Tag": "welcome",
        "Attachments": [
            {"Name": "log.txt", "ContentType": "text/plain", "ContentID": "", "ContentLength": 512},
            {"Name": "i.png", "ContentType": "image/png", "ContentID": "c1", "ContentLength": 0},
        ],
        "TextBody": "Hi there",
        "HtmlBody": "<p>Hi</p>",
        "StrippedTextReply": "Hi",
        "Headers": [
            {"Name": "Received-SPF", "Value": "Pass"},
            {"Name": "Message-ID", "Value": "<a1@x>"},
            {"Name": "Received-SPF", "Value": "again"},
        ],
    }
    dump = await api.get(f"/messages/inbound/{message_id}/dump")
    assert dump.json() == {"Body": "Subject: ü\r\n\r\nHi"}


@pytest.mark.parametrize(
    ("header", "listed"),
    [
        (DATE, DATE),
        ("Tue, 06 Oct 2026 19:02:11 +0530 (IST)", "Tue, 06 Oct 2026 19:02:11 +0530"),
        ("Tue, 06 Oct 2026 13:02:11 +0000 (GMT) (x)", "Tue, 06 Oct 2026 13:02:11 +0000"),
        ("6 Oct 2026 13:02:11 GMT", "6 Oct 2026 13:02:11 GMT"),
        ("", "Wed, 04 Mar 2026 09:15:02 -0500"),
        ("yesterday", "Wed, 04 Mar 2026 09:15:02 -0500"),
        ("99 Foo 2026", "Wed, 04 Mar 2026 09:15:02 -0500"),
    ],
)
async def test_the_date_can_always_be_read(api, keep, header, listed):
    message_id = keep(date=header)
    shown = (await api.get(f"/messages/inbound/{message_id}/details")).json()["Date"]
    assert shown == listed
    assert parsedate_to_datetime(shown).year == 2026


async def test_a_message_without_a_sender(api, keep):
    message_id = keep(sender=Correspondent(""))
    shown = (await api.get(f"/messages/inbound/{message_id}/details")).json()
    assert shown["From"] == shown["FromFull"]["Email"] == "<>"


async def test_filters(api, keep, app):
    old = keep(received_at=datetime(2026, 2, 1, 5, 0, 0, tzinfo=UTC))
    other = keep(
        original_recipient=f"{HASH}@inbound.example.net",
        sender=Correspondent("Amy@Corp.example"),
        subject="ÄRGER mit 100%_Rabatt",
        tag="a",
        received_at=app.clock.now() - timedelta(seconds=1),
    )
    new = keep()
    assert await found(api) == [new, other, old]
    assert await found(api, recipient=TO.upper()) == [new, old]
    assert await found(api, recipient=f"{HASH}@inbound.example.net") == [other]
    assert await found(api, recipient=HASH) == []
    for name in ("fromemail", "fromEmail", "from_email"):
        assert await found(api, **{name: "amy@corp.EXAMPLE"}) == [other]
    assert await found(api, subject="ärger MIT 100%_r") == [other]
    assert await found(api, subject="TICKET") == [new, old]
    assert await found(api, subject="10_%") == []
    for name in ("mailboxhash", "mailboxHash"):
        assert await found(api, **{name: "ticket42"}) == [new, old]
    assert await found(api, mailboxhash="Ticket42") == []
    assert await found(api, tag="a") == [other]
    assert await found(api, tag="A") == []
    assert await found(api, tag="") == [new, other, old]
    assert await found(api, fromdate="2026-02-01") == [new, other, old]
    assert await found(api, fromDate="2026-02-02") == [new, other]
    assert await found(api, todate="2026-02-01") == [old]
    assert await found(api, todate="2026-01-31") == []
    assert await found(api, todate="2026-02-01T00:00:00") == [old]
    assert await found(api, fromdate="2026-02-01T05:00:00.0000001Z") == [new, other, old]
    assert await found(api, messagestream="Inbound") == [new, other, old]
    assert await found(api, messagestream="outbound") == []
    assert await found(api, recipient=TO, tag="a") == []
    assert await found(api, tag="a", fromemail="amy@corp.example", subject="mit") == [other]
    assert await found(api, type="readtimes") == [new, other, old]


async def test_each_status(api, keep):
    kept = {status: keep(status=status) for status in InboundStatus}
    assert await found(api) == [kept[InboundStatus.PROCESSED]]
    assert await found(api, status="") == [kept[InboundStatus.PROCESSED]]
    for status, message_id in kept.items():
        for text in (status.value, status.value.lower(), status.value.upper()):
            assert await found(api, status=text) == [message_id]
    assert await found(api, status="sent") == [kept[InboundStatus.PROCESSED]]
    details = (await api.get(f"/messages/inbound/{kept[InboundStatus.FAILED]}/details")).json()
    assert details["Status"] == "Failed"


async def test_pages(api, keep, app):
    kept = []
    for _ in range(5):
        kept.append(keep())
        app.clock.advance(timedelta(seconds=1))
    kept.reverse()
    for offset in range(6):
        answer = await api.get("/messages/inbound", params={"count": 2, "offset": offset})
        body = answer.json()
        assert body["TotalCount"] == 5
        shown = [message["MessageID"] for message in body["InboundMessages"]]
        assert shown == kept[offset : offset + 2]
    assert (await api.get("/messages/inbound?count=0&offset=0")).json() == {
        "TotalCount": 5,
        "InboundMessages": [],
    }


COUNT = "The 'count' parameter is required and must be a positive integer."
OFFSET = "The 'offset' parameter is required and must be a non-negative integer."
BAD = "The value of the '{}' parameter is not valid."
BAD_QUERIES = [
    ("", COUNT),
    ("count=1", OFFSET),
    ("offset=0", COUNT),
    ("count=x&offset=0", COUNT),
    ("count=-1&offset=0", COUNT),
    ("count=1&offset=-1", OFFSET),
    ("count=1&offset=x", OFFSET),
    ("count=501&offset=0", "You may only request up to 500 messages per call."),
    ("count=500&offset=9501", "Count + Offset cannot exceed 10000 messages."),
    ("count=1&offset=0&fromdate=soon", BAD.format("fromdate")),
    ("count=1&offset=0&todate=2026-13-01", BAD.format("todate")),
]


@pytest.mark.parametrize(
    ("query", "text"), [*BAD_QUERIES, ("count=1&offset=0&status=opened", BAD.format("status"))]
)
async def test_bad_queries(api, query, text):
    assert refusal(await api.get(f"/messages/inbound?{query}")) == (422, 700, text)


async def test_a_stream_that_does_not_exist(api):
    answer = await api.get("/messages/inbound", params=PAGE | {"messagestream": "nope"})
    text = "The message stream for the provided 'ID' was not found."
    assert refusal(answer) == (422, 1226, text)


@pytest.mark.parametrize(
    "name", [NEVER, "123", "not-a-uuid", "0ac29aee-e1cd-480d-b08d-4f48548ff48d"]
)
async def test_messages_that_do_not_exist(api, name):
    for part in ("details", "dump"):
        answer = await api.get(f"/messages/inbound/{name}/{part}")
        assert refusal(answer) == (422, 701, "This message was not found.")
    answer = await api.put(f"/messages/inbound/{name}/bypass")
    assert refusal(answer) == (422, 701, "This message was not found or cannot be bypassed.")
    answer = await api.put(f"/messages/inbound/{name}/retry")
    assert refusal(answer) == (422, 701, "This message was not found or cannot be retried.")


async def test_an_outbound_message_is_no_inbound_one(api):
    message = {"From": "a@sender.example", "To": "b@one.example", "TextBody": "x"}
    message_id = (await api.post("/email", json=message)).json()["MessageID"]
    assert (await api.get(f"/messages/inbound/{message_id}/details")).status_code == 422


@pytest.mark.parametrize("content", [b"", b"{}", b" ", b"null"])
async def test_letting_a_blocked_message_through(api, keep, app, content):
    reason = "Inbound request blocked by domain rule: bad@example.org"
    message_id = keep(status=InboundStatus.BLOCKED, blocked_reason=reason)
    path = f"/messages/inbound/{message_id}"
    details = (await api.get(f"{path}/details")).json()
    assert (details["Status"], details["BlockedReason"]) == ("Blocked", reason)

    answer = await api.put(f"{path}/bypass", content=content)
    assert answer.status_code == 200
    assert answer.json() == {
        "ErrorCode": 0,
        "Message": f"Successfully bypassed message: {message_id}.",
    }
    details = (await api.get(f"{path}/details")).json()
    assert details["Status"] == "Scheduled"
    assert "BlockedReason" not in details
    with app.db.transaction() as tx:
        row = tx.rows(messages.inbound_messages.select())[0]
    assert (row.due_at, row.attempts, row.lease) == (app.clock.now(), 0, None)
    assert (await api.put(f"{path}/bypass")).status_code == 422


@pytest.mark.parametrize("status", [InboundStatus.FAILED, InboundStatus.SCHEDULED])
async def test_calling_the_hook_of_a_failed_message_again(api, keep, app, status):
    message_id = keep(status=status)
    app.clock.advance(timedelta(hours=1))
    answer = await api.put(f"/messages/inbound/{message_id}/retry/")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ErrorCode": 0, "Message": f"Successfully rescheduled failed message: {message_id}."},
    )
    assert await found(api, status="scheduled") == [message_id]
    with app.db.transaction() as tx:
        assert tx.rows(messages.inbound_messages.select())[0].due_at == app.clock.now()


@pytest.mark.parametrize("status", list(InboundStatus))
async def test_what_is_in_another_state_cannot_be_resumed(api, keep, status):
    path = f"/messages/inbound/{keep(status=status)}"
    if status is not InboundStatus.BLOCKED:
        answer = await api.put(f"{path}/bypass")
        text = "This message was not found or cannot be bypassed."
        assert refusal(answer) == (422, 701, text)
    if status not in (InboundStatus.FAILED, InboundStatus.SCHEDULED):
        answer = await api.put(f"{path}/retry")
        text = "This message was not found or cannot be retried."
        assert refusal(answer) == (422, 701, text)
    assert (await api.get(f"{path}/details")).json()["Status"] == status.value
