"""Bounces and delivery statistics. Source: spec bounces 0.3 to 0.7, 1 to 5 and 8."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from pillarbox.bounces.model import TYPES, BounceType, NewBounce
from pillarbox.bounces.record import record
from tests.contract.conftest import refusal
from tests.contract.test_inbound_messages import BAD_QUERIES, PAGE


@pytest.fixture
def bounce(app, server):
    """Record a bounce of the first Server."""

    def put(*, stream="outbound", **changes):
        values = {
            "type": BounceType.HARD_BOUNCE,
            "rule": "test",
            "server_id": server.id,
            "stream_key": server.streams[stream].key,
            "message_key": None,
            "message_id": str(uuid.uuid4()),
            "email": "nobody@shop.example.org",
            "sender": "billing@example.com",
            "subject": "Your receipt",
            "tag": None,
            "details": "smtp;550 5.1.1 user unknown",
            "at": app.clock.now(),
        }
        with app.db.transaction() as tx:
            kept = record(tx, NewBounce(**values | changes))
        assert kept is not None
        return kept

    return put


async def found(api, **query):
    answer = await api.get("/bounces", params=PAGE | query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["TotalCount"] == len(body["Bounces"])
    return [item["ID"] for item in body["Bounces"]]


async def test_a_bounce_with_everything(api, bounce, server):
    kept = bounce(tag="receipt", content="Return-Path: <>\r\n")
    shown = {
        "RecordType": "Bounce",
        "ID": kept.id,
        "Type": "HardBounce",
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Tag": "receipt",
        "MessageID": kept.message_id,
        "ServerID": server.id,
        "MessageStream": "outbound",
        "Description": TYPES[BounceType.HARD_BOUNCE].description,
        "Details": "smtp;550 5.1.1 user unknown",
        "Email": "nobody@shop.example.org",
        "From": "billing@example.com",
        "BouncedAt": "2026-03-04T14:15:02.8782710Z",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Your receipt",
    }
    answer = await api.get("/bounces/?count=1&offset=0")
    assert answer.json() == {"TotalCount": 1, "Bounces": [shown]}
    one = await api.get(f"/bounces/{kept.id}")
    assert one.json() == shown | {"Content": "Return-Path: <>\r\n"}
    dump = await api.get(f"/bounces/{kept.id}/dump")
    assert dump.json() == {"Body": "Return-Path: <>\r\n"}


async def test_a_bounce_without_tag_and_report(api, bounce):
    kept = bounce()
    shown = (await api.get(f"/bounces/{kept.id}")).json()
    assert not {"Tag", "Content"} & set(shown)
    assert shown["DumpAvailable"] is False
    assert (await api.get(f"/bounces/{kept.id}/dump")).json() == {"Body": ""}


async def test_a_report_is_kept_for_thirty_days(api, bounce, app):
    kept = bounce(content="x")
    app.clock.advance(timedelta(days=31))
    shown = (await api.get(f"/bounces/{kept.id}")).json()
    assert (shown["DumpAvailable"], "Content" in shown) == (False, False)
    assert (await api.get(f"/bounces/{kept.id}/dump")).json() == {"Body": ""}


async def test_every_type(api, bounce):
    for number, kind in enumerate(BounceType):
        kept = bounce(type=kind, email=f"r{number}@shop.example.org")
        shown = (await api.get(f"/bounces/{kept.id}")).json()
        facts = TYPES[kind]
        assert shown["Type"] == kind.value
        assert shown["TypeCode"] == facts.code
        assert shown["Name"] == facts.name
        assert shown["Description"] == facts.description
        assert shown["Inactive"] is facts.deactivates
        assert shown["CanActivate"] is facts.can_activate
        assert await found(api, type=kind.value.upper()) == [kept.id]


async def test_filters(api, bounce, app):
    old = bounce(at=datetime(2026, 2, 1, 5, 0, 0, tzinfo=UTC), email="old_1%@a.example", tag="a")
    soft = bounce(type=BounceType.SOFT_BOUNCE, email="Soft@B.example")
    app.clock.advance(timedelta(seconds=1))
    other = bounce(stream="broadcast")
    assert await found(api) == [soft.id, old.id]
    assert await found(api, messagestream="Broadcast") == [other.id]
    assert await found(api, type="softbounce") == [soft.id]
    for text in ("true", "True", "1"):
        assert await found(api, inactive=text) == [old.id]
    for text in ("false", "FALSE", "0"):
        assert await found(api, inactive=text) == [soft.id]
    for name in ("emailFilter", "emailfilter", "EMAIL_FILTER"):
        assert await found(api, **{name: "OFT@b"}) == [soft.id]
    assert await found(api, emailFilter="_1%") == [old.id]
    assert await found(api, tag="a") == [old.id]
    assert await found(api, tag="A") == []
    assert await found(api, tag="") == [soft.id, old.id]
    assert await found(api, messageID=soft.message_id.upper()) == [soft.id]
    assert await found(api, fromdate="2026-02-02") == [soft.id]
    assert await found(api, todate="2026-02-01") == [old.id]
    assert await found(api, tag="a", type="HardBounce", inactive="true", unknown="x") == [old.id]


async def test_a_message_id_needs_no_paging(api, bounce):
    kept = bounce()
    answer = await api.get("/bounces", params={"messageID": kept.message_id})
    assert [item["ID"] for item in answer.json()["Bounces"]] == [kept.id]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        *BAD_QUERIES,
        ("count=1&offset=0&type=Nope", "The value of the 'type' parameter is not valid."),
        ("count=1&offset=0&inactive=x", "The value of the 'inactive' parameter is not valid."),
    ],
)
async def test_bad_queries(api, query, text):
    text = text.replace("500 messages", "500 bounces")
    assert refusal(await api.get(f"/bounces?{query}")) == (422, 1000, text)


async def test_a_stream_that_does_not_exist(api):
    answer = await api.get("/bounces", params=PAGE | {"messagestream": "nope"})
    text = "The message stream for the provided 'ID' was not found."
    assert refusal(answer) == (422, 1226, text)


@pytest.mark.parametrize("name", ["1", "abc", "-1", "1.5", "99999999999999999999"])
async def test_bounces_that_do_not_exist(api, name):
    for method, path in (("GET", ""), ("GET", "/dump"), ("PUT", "/activate")):
        answer = await api.request(method, f"/bounces/{name}{path}")
        assert refusal(answer) == (422, 1001, "The bounce was not found.")


async def test_an_id_that_was_forgotten(api):
    answer = await api.get("/bounces//dump")
    assert refusal(answer) == (400, 1002, "A 'bounceID' parameter is required.")


async def test_the_tags_of_bounces(api, bounce):
    assert (await api.get("/bounces/tags")).json() == []
    bounce()
    bounce(tag="welcome")
    bounce(tag="receipt", stream="broadcast")
    bounce(tag="welcome", email="x@y.example")
    bounce(tag="Zebra")
    assert (await api.get("/Bounces/Tags/")).json() == ["Zebra", "receipt", "welcome"]


async def test_activating(api, bounce):
    kept = bounce(content="x")
    before = (await api.get(f"/bounces/{kept.id}")).json()
    for _ in range(2):
        answer = await api.put(f"/bounces/{kept.id}/activate")
        assert answer.status_code == 200
        assert answer.json() == {"Message": "OK", "Bounce": before | {"Inactive": False}}
    complaint = bounce(type=BounceType.SPAM_COMPLAINT)
    answer = await api.put(f"/bounces/{complaint.id}/activate", content=b" ")
    text = "Due to the type of bounce, this address cannot be reactivated."
    assert refusal(answer) == (422, 1003, text)


async def test_delivery_statistics(api, bounce):
    empty = {"InactiveMails": 0, "Bounces": [{"Name": "All", "Count": 0}]}
    assert (await api.get("/deliverystats")).json() == empty
    bounce()
    bounce(email="two@shop.example.org")
    bounce(type=BounceType.SOFT_BOUNCE)
    bounce(type=BounceType.SPAM_COMPLAINT, email="three@shop.example.org")
    typed = [
        {"Type": "HardBounce", "TypeCode": 1, "Name": "Hard bounce", "Count": 2},
        {"Type": "SoftBounce", "TypeCode": 4096, "Name": "Soft bounce", "Count": 1},
        {"Type": "SpamComplaint", "TypeCode": 100001, "Name": "Spam complaint", "Count": 1},
    ]
    body = (await api.get("/deliveryStats/")).json()
    assert body == {"InactiveMails": 2, "Bounces": [{"Name": "All", "Count": 4}, *typed]}
    strict = await api.get("/deliverystats", headers={"X-Postmark-Client": "postmark-python"})
    assert strict.json()["Bounces"][0] == {"Type": "All", "TypeCode": 0, "Name": "All", "Count": 4}
