"""Reading outbound messages back. Source: spec messages 1 to 4, 10 and 11."""

from datetime import timedelta

import pytest

from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.ids import key_of
from tests.contract.conftest import refusal
from tests.contract.test_inbound_messages import BAD_QUERIES, NEVER, PAGE

STREAM_TEXT = "The message stream for the provided 'ID' was not found."


async def send(api, **fields):
    message = {"From": "joe@example.com", "To": "ann@example.org", "TextBody": "Hello"} | fields
    answer = await api.post("/email", json=message)
    assert answer.status_code == 200, answer.text
    return answer.json()["MessageID"]


async def found(api, **query):
    answer = await api.get("/messages/outbound", params=PAGE | query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["TotalCount"] == len(body["Messages"])
    return [item["MessageID"] for item in body["Messages"]]


async def test_a_message_with_everything(api):
    message_id = await send(
        api,
        From='"Doe, Joe" <joe@example.com>',
        To="Ann <ann@example.org>",
        Cc="c@example.org",
        Bcc="Bob <bob@example.org>",
        Subject="You are invited",
        Tag="invitation",
        HtmlBody="<p>Hello</p>",
        Metadata={"color": "blue", "client-id": "12345"},
        TrackOpens=True,
        TrackLinks="HtmlAndText",
        Attachments=[{"Name": "map.pdf", "Content": "aGk=", "ContentType": "application/pdf"}],
    )
    shown = {
        "Tag": "invitation",
        "MessageID": message_id,
        "MessageStream": "outbound",
        "To": [{"Email": "ann@example.org", "Name": "Ann"}],
        "Cc": [{"Email": "c@example.org", "Name": ""}],
        "Bcc": [{"Email": "bob@example.org", "Name": "Bob"}],
        "Recipients": ["ann@example.org", "c@example.org", "bob@example.org"],
        "ReceivedAt": "2026-03-04T14:15:02.8782710Z",
        "From": '"Doe, Joe" <joe@example.com>',
        "Subject": "You are invited",
        "Attachments": ["map.pdf"],
        "Status": "Queued",
        "TrackOpens": True,
        "TrackLinks": "HtmlAndText",
        "Metadata": {"color": "blue", "client-id": "12345"},
        "Sandboxed": False,
    }
    answer = await api.get("/messages/outbound/?count=1&offset=0")
    assert answer.json() == {"TotalCount": 1, "Messages": [shown]}
    path = f"/messages/outbound/{message_id.upper()}"
    details = (await api.get(f"{path}/details?includeMessageContent=Full")).json()
    body = details.pop("Body")
    assert details == shown | {
        "TextBody": "Hello",
        "HtmlBody": "<p>Hello</p>",
        "MessageEvents": [],
    }
    assert f"X-PM-Message-Id: {message_id}\r\n" in body
    assert "X-PM-Tag: invitation\r\n" in body
    assert (await api.get(f"{path}/dump")).json() == {"Body": body}


async def test_a_message_with_little(api):
    message_id = await send(api)
    [shown] = (await api.get("/messages/outbound", params=PAGE)).json()["Messages"]
    assert "Tag" not in shown
    assert (shown["Subject"], shown["From"]) == ("", "joe@example.com")
    assert (shown["Attachments"], shown["Metadata"]) == ([], {})
    assert (shown["TrackOpens"], shown["TrackLinks"]) == (False, "None")
    details = (await api.get(f"/messages/outbound/{message_id}/details")).json()
    assert details["TextBody"] == "Hello"
    assert "HtmlBody" not in details


async def test_events_in_order_with_texts_only(api, app, server):
    message_id = await send(api)
    told = [
        (EventType.TRANSIENT, {"DeliveryMessage": "smtp;451 4.7.1 later", "DestinationIP": "192.0.2.10"}),
        (EventType.DELIVERED, {"DeliveryMessage": "smtp;250 2.0.0 Ok"}),
        (EventType.OPENED, {"Summary": "Email opened with Mozilla/5.0"}),
        (EventType.LINK_CLICKED, {"Link": "https://example.com/a", "ClickLocation": "HTML"}),
        (EventType.SUBSCRIPTION_CHANGED, {"Origin": "Recipient", "SuppressSending": "True"}),
        (EventType.BOUNCED, {"Summary": "smtp;550", "BounceID": "4323372036854"}),
    ]  # fmt: skip
    with app.db.transaction() as tx:
        for kind, details in told:
            event = Event(
                server_id=server.id,
                stream_key=server.streams["outbound"].key,
                message_key=key_of(message_id),
                recipient="ann@example.org",
                type=kind,
                at=app.clock.now(),
                details=details,
            )
            events.append(tx, [event])
    details = (await api.get(f"/messages/outbound/{message_id}/details")).json()
    assert details["MessageEvents"] == [
        {
            "Recipient": "ann@example.org",
            "Type": kind.value,
            "ReceivedAt": "2026-03-04T14:15:02.8782710Z",
            "Details": texts,
        }
        for kind, texts in told
    ]


async def test_filters(api, app):
    one = await send(
        api,
        To="Ann@example.org",
        Cc="cc@example.org",
        Bcc="bcc@example.org",
        Subject="ÄRGER 100%_x",
        Tag="a",
        Metadata={"Color": "blue", "n": "1"},
    )
    app.clock.advance(timedelta(days=2))
    two = await send(api, From="Other@Example.com", To="zed@example.org", Subject="plain")
    other = await send(api, MessageStream="broadcast", Tag="a")
    assert await found(api) == [two, one]
    assert await found(api, messageStream="Broadcast") == [other]
    for address in ("ann@EXAMPLE.org", "cc@example.org", "bcc@example.org"):
        assert await found(api, recipient=address) == [one]
    assert await found(api, recipient="ann@example") == []
    for name in ("fromemail", "fromEmail"):
        assert await found(api, **{name: "other@example.COM"}) == [two]
    assert await found(api, tag="a") == [one]
    assert await found(api, tag="A") == []
    assert await found(api, subject="ärger 100%_") == [one]
    assert await found(api, subject="0_%") == []
    assert await found(api, subject="PLAI") == [two]
    assert await found(api, metadata_color="blue") == [one]
    assert await found(api, metadata_COLOR="Blue") == []
    assert await found(api, metadata_color="blue", metadata_n="1") == [one]
    assert await found(api, metadata_color="blue", metadata_n="2") == []
    assert await found(api, fromdate="2026-03-06") == [two]
    assert await found(api, toDate="2026-3-4") == [one]
    assert await found(api, fromdate="2026-03-04T09:15:02", todate="2026-03-04T09:15:03") == [one]
    assert await found(api, status="queued") == await found(api, status="QUEUED") == [two, one]
    for status in ("sent", "Processed"):
        assert await found(api, status=status) == []
    assert await found(api, tag="", type="readtimes") == [two, one]
    assert await found(api, recipient="cc@example.org", tag="a", subject="x") == [one]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        *BAD_QUERIES,
        ("count=1&offset=0&status=opened", "The value of the 'status' parameter is not valid."),
    ],
)
async def test_bad_queries(api, query, text):
    assert refusal(await api.get(f"/messages/outbound?{query}")) == (422, 700, text)


async def test_a_stream_that_does_not_exist(api):
    answer = await api.get("/messages/outbound", params=PAGE | {"messagestream": "nope"})
    assert refusal(answer) == (422, 1226, STREAM_TEXT)


@pytest.mark.parametrize("name", [NEVER, "123", "0ac29aee-e1cd-480d-b08d-4f48548ff48d"])
async def test_messages_that_do_not_exist(api, name):
    for part in ("details", "dump"):
        answer = await api.get(f"/messages/outbound/{name}/{part}")
        assert refusal(answer) == (422, 701, "This message was not found.")
