"""Verifying webhooks by calling them. Source: spec webhooks 2.9 and 4.12."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import httpx
import pytest

from pillarbox.api.main import build
from pillarbox.app import App
from pillarbox.domains.directory import Domains
from pillarbox.outbound.submit import Submission
from pillarbox.outgoing.http import Cause
from pillarbox.servers.directory import Directory
from tests.contract.conftest import refusal
from tests.contract.test_webhooks import ALL_ON, TEXTS
from tests.doubles.hook import HookSink

TRIGGERS = list(ALL_ON)


@pytest.fixture
async def sink() -> AsyncIterator[HookSink]:
    async with HookSink() as running:
        yield running


def client_of(app: App, api: httpx.AsyncClient, **settings) -> httpx.AsyncClient:
    """The API of an installation with other settings."""
    other = replace(app, config=replace(app.config, **settings))
    directory = Directory(app.db, monotonic=app.monotonic)
    submission = Submission(other, Domains(app.db, monotonic=app.monotonic))
    transport = httpx.ASGITransport(build(other, directory, submission))
    return httpx.AsyncClient(transport=transport, base_url=api.base_url, headers=api.headers)


LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture
async def local(app, api) -> AsyncIterator[httpx.AsyncClient]:
    """The API of an installation that may call loopback."""
    async with client_of(app, api, egress_allow=LOOPBACK) as client:
        yield client


async def saved(api):
    return (await api.get("/webhooks")).json()["Webhooks"]


def good(trigger):
    return {"TriggerType": trigger, "Success": True, "StatusCode": 200, "Message": "OK"}


def bad(trigger, status):
    text = f"Remote server returned an HTTP status code of {status}."
    return {"TriggerType": trigger, "Success": False, "StatusCode": status, "Message": text}


async def test_without_being_asked_nothing_is_called(local, sink):
    made = (await local.post("/webhooks", json={"Url": sink.url(), "Triggers": ALL_ON})).json()
    assert made["Status"] == "verified"
    assert sink.hits == []


@pytest.mark.parametrize("how", ["body", "query", "setting"])
async def test_each_trigger_that_is_on_is_called_once_before_saving(app, api, sink, how):
    body = {
        "Url": sink.url("/pm?env=prod"),
        "MessageStream": "broadcast",
        "HttpAuth": {"Username": "pmhook", "Password": "l4ntern-Quay"},
        "HttpHeaders": [{"Name": "X-Shop-Env", "Value": "prod"}],
        "Triggers": {"Bounce": {"Enabled": True}, "Delivery": {"Enabled": True}},
    }
    settings = {"egress_allow": LOOPBACK, "webhooks_verify": how == "setting"}
    if how == "body":
        body["Verify"] = True
    async with client_of(app, api, **settings) as local:
        query = "?verify=true" if how == "query" else ""
        answer = await local.post(f"/webhooks{query}", json=body)
    assert answer.status_code == 200
    assert answer.json()["Status"] == "verified"
    assert len(sink.hits) == 2
    for hit in sink.hits:
        assert hit.target == "/pm?env=prod"
        assert hit.headers["Host"] == f"127.0.0.1:{sink.port}"
        assert hit.headers["User-Agent"] == "Postmark"
        assert hit.headers["Content-Type"] == "application/json"
        assert hit.headers["Accept"] == "application/json"
        assert hit.headers["Content-Length"] == str(len(hit.body))
        assert hit.headers["Authorization"] == "Basic cG1ob29rOmw0bnRlcm4tUXVheQ=="
        assert hit.headers["X-Shop-Env"] == "prod"
        assert json.loads(hit.body)["MessageStream"] == "broadcast"
    told = {json.loads(hit.body)["RecordType"] for hit in sink.hits}
    assert told == {"Bounce", "Delivery"}


async def test_one_bad_answer_and_nothing_is_saved(local, sink):
    sink.status = lambda body: 500 if body["RecordType"] == "Bounce" else 200
    triggers = {"Bounce": {"Enabled": True}, "Delivery": {"Enabled": True}}
    answer = await local.post(
        "/webhooks", json={"Url": sink.url(), "Triggers": triggers, "Verify": True}
    )
    assert answer.status_code == 422
    assert answer.headers["X-PM-ApiErrorCode"] == "1364"
    assert answer.json() == {
        "Id": 0,
        "Url": sink.url(),
        "Success": False,
        "Results": [good("Delivery"), bad("Bounce", 500)],
        "Message": "1/2 triggers verified successfully",
        "ErrorCode": 1364,
    }
    assert await saved(local) == []


@pytest.mark.parametrize("status", [201, 202, 204, 301, 304, 400, 401, 403, 404, 410, 429, 503])
async def test_nothing_but_200_is_good(local, sink, status):
    sink.status = status
    body = {"Url": sink.url(), "Triggers": {"Click": {"Enabled": True}}, "Verify": True}
    answer = await local.post("/webhooks", json=body)
    assert answer.json()["Results"] == [bad("Click", status)]


async def test_a_url_that_cannot_be_called(local, sink):
    async with HookSink() as gone:
        url = gone.url()
    body = {"Url": url, "Triggers": {"Click": {"Enabled": True}}, "Verify": True}
    answer = await local.post("/webhooks", json=body)
    assert answer.json()["Results"] == [
        {
            "TriggerType": "Click",
            "Success": False,
            "StatusCode": 0,
            "Message": "Remote server could not be called: no connection could be made.",
        }
    ]


async def test_saving_without_verification(app, api, sink):
    settings = {"egress_allow": LOOPBACK, "webhooks_verify": True}
    async with client_of(app, api, **settings) as local:
        body = {"Url": sink.url(), "Triggers": ALL_ON}
        first = (await local.post("/webhooks", json=body | {"Verify": False})).json()
        second = (await local.post("/webhooks?VERIFY=false", json=body)).json()
    assert (first["Status"], second["Status"]) == ("unverified", "unverified")
    assert sink.hits == []


async def test_the_body_outranks_the_query(local, sink):
    body = {"Url": sink.url(), "Triggers": ALL_ON, "Verify": False}
    assert (await local.post("/webhooks?verify=true", json=body)).json()["Status"] == "unverified"
    assert sink.hits == []
    answer = await local.post("/webhooks?verify=perhaps", json=body)
    assert refusal(answer) == (422, 1361, "The value of 'Verify' is not valid.")


async def test_what_is_wrong_is_refused_before_anything_is_called(local, sink):
    body = {"Url": sink.url(), "Triggers": ALL_ON, "Verify": True}
    for wrong in ({"MessageStream": "nope"}, {"HttpHeaders": [{"Name": ""}]}, {"Status": "x"}):
        assert (await local.post("/webhooks", json=body | wrong)).status_code == 422
    assert sink.hits == []


async def test_editing_calls_what_changed(local, sink):
    body = {"Url": sink.url("/1"), "Triggers": {"Click": {"Enabled": True}}}
    path = f"/webhooks/{(await local.post('/webhooks', json=body)).json()['ID']}"

    async def called(**fields) -> list[tuple[str, str]]:
        sink.hits.clear()
        answer = await local.put(path, json=fields | {"Verify": True})
        assert answer.json()["Status"] == "verified"
        return sorted((hit.target, json.loads(hit.body)["RecordType"]) for hit in sink.hits)

    assert await called() == []
    assert await called(HttpHeaders=[], Triggers={"Click": {"Enabled": True}}) == []
    assert await called(Triggers={"Open": {"Enabled": True}}) == [("/1", "Open")]
    assert await called(Triggers={"Open": {"PostFirstOpenOnly": True}}) == []
    assert await called(Url=sink.url("/1")) == []
    assert await called(Url=sink.url("/2")) == [("/2", "Click"), ("/2", "Open")]
    assert await called(Triggers={"Open": {"Enabled": False}}) == []


async def test_an_edit_whose_calls_fail_changes_nothing(local, sink):
    body = {"Url": sink.url(), "Triggers": {"Click": {"Enabled": True}}}
    made = (await local.post("/webhooks", json=body)).json()
    sink.status = 404
    answer = await local.put(
        f"/webhooks/{made['ID']}", json={"Triggers": {"Open": {"Enabled": True}}, "Verify": True}
    )
    assert (answer.status_code, answer.json()["ErrorCode"]) == (422, 1364)
    assert answer.json()["Id"] == made["ID"]
    assert answer.json()["Results"] == [bad("Open", 404)]
    assert await saved(local) == [made]


async def test_an_edit_without_verification_leaves_what_it_touched_unverified(local, sink):
    body = {"Url": sink.url(), "Triggers": {"Click": {"Enabled": True}}}
    path = f"/webhooks/{(await local.post('/webhooks', json=body)).json()['ID']}"

    async def statuses(**fields) -> tuple[str, set[str]]:
        status = (await local.put(path, json=fields)).json()["Status"]
        shown = (await local.get(f"{path}/statistics")).json()["Statuses"]
        return status, {name for name, value in shown.items() if value == "unverified"}

    assert await statuses(HttpHeaders=[], Verify=False) == ("verified", set())
    on = {"Open": {"Enabled": True}}
    assert await statuses(Triggers=on, Verify=False) == ("unverified", {"Open"})
    assert await statuses(Triggers={"Bounce": {"Enabled": True}}) == ("unverified", {"Open"})
    assert sink.hits == []
    assert await statuses(Verify=True) == ("verified", set())
    assert [json.loads(hit.body)["RecordType"] for hit in sink.hits] == ["Open"]
    assert await statuses(Url=sink.url("/2"), Verify=False) == ("unverified", set(TRIGGERS))
    assert await statuses(Url=sink.url("/3")) == ("unverified", set(TRIGGERS))


@pytest.mark.parametrize("content", [b"", b" ", b"{}", b"null"])
async def test_verifying_again(local, sink, content):
    body = {"Url": sink.url(), "Triggers": ALL_ON, "Verify": False}
    made = (await local.post("/webhooks", json=body)).json()
    path = f"/webhooks/{made['ID']}"
    sink.status = lambda body: 500 if body["RecordType"] == "Open" else 200
    answer = await local.post(f"{path}/verify", content=content)
    assert answer.status_code == 200
    assert answer.json() == {
        "Id": made["ID"],
        "Url": sink.url(),
        "Success": False,
        "Results": [bad("Open", 500), *(good(trigger) for trigger in TRIGGERS[1:])],
        "Message": "5/6 triggers verified successfully",
    }
    assert (await local.get(path)).json()["Status"] == "unverified"
    statuses = (await local.get(f"{path}/statistics")).json()["Statuses"]
    assert statuses == dict.fromkeys(TRIGGERS, "verified") | {"Open": "unverified"}

    sink.status = 200
    answer = await local.post(f"{path}/verify/")
    assert answer.json()["Success"] is True
    assert answer.json()["Message"] == "6/6 triggers verified successfully"
    assert (await local.get(path)).json()["Status"] == "verified"


async def test_a_later_failure_does_not_silence_a_verified_webhook(local, sink):
    body = {"Url": sink.url(), "Triggers": {"Open": {"Enabled": True}}}
    made = (await local.post("/webhooks", json=body)).json()
    sink.status = 500
    answer = await local.post(f"/webhooks/{made['ID']}/verify")
    assert answer.json()["Success"] is False
    assert await saved(local) == [made]


async def test_verifying_with_nothing_on(local, sink):
    made = (await local.post("/webhooks", json={"Url": sink.url(), "Verify": False})).json()
    assert made["Status"] == "unverified"
    assert (await local.post(f"/webhooks/{made['ID']}/verify")).json() == {
        "Id": made["ID"],
        "Url": sink.url(),
        "Success": True,
        "Results": [],
        "Message": "0/0 triggers verified successfully",
    }
    assert (await saved(local))[0]["Status"] == "verified"
    assert sink.hits == []


async def test_verifying_a_webhook_that_does_not_exist(local):
    assert refusal(await local.post("/webhooks/1999999999/verify")) == (422, 1352, TEXTS[1352])


async def test_an_address_that_is_no_longer_allowed_is_not_called(app, api, local, sink):
    body = {"Url": sink.url(), "Triggers": {"Open": {"Enabled": True}}}
    made = (await local.post("/webhooks", json=body)).json()
    answer = await api.post(f"/webhooks/{made['ID']}/verify")
    text = f"Remote server could not be called: {Cause.REFUSED.value}."
    assert answer.json()["Results"][0]["Message"] == text
    assert sink.hits == []


SAMPLE_COMMON: dict[str, Any] = {
    "MessageID": "00000000-0000-0000-0000-000000000000",
    "Metadata": {"example": "value", "example_2": "value"},
    "MessageStream": "outbound",
}
SAMPLES: dict[str, dict[str, Any]] = {
    "Delivery": {
        "RecordType": "Delivery",
        "Recipient": "john@example.com",
        "DeliveredAt": "2026-03-04T14:15:02Z",
        "ServerID": 23,
        "Tag": "welcome-email",
        "Details": "Test delivery webhook details",
    },
    "Bounce": {
        "RecordType": "Bounce",
        "Email": "john@example.com",
        "BouncedAt": "2026-03-04T14:15:02Z",
        "ID": 42,
        "Type": "HardBounce",
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        "ServerID": 1234,
        "Tag": "Test",
        "Details": "Test bounce details",
        "From": "sender@example.com",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Test subject",
        "Content": "Test content",
    },
    "SpamComplaint": {
        "RecordType": "SpamComplaint",
        "Email": "john@example.com",
        "BouncedAt": "2026-03-04T14:15:02Z",
        "ID": 42,
        "Type": "SpamComplaint",
        "TypeCode": 100001,
        "Name": "Spam complaint",
        "Description": "The subscriber explicitly marked this message as spam.",
        "ServerID": 1234,
        "Tag": "Test",
        "Details": "Test spam complaint details",
        "From": "sender@example.com",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": False,
        "Subject": "Test subject",
        "Content": "Test content",
    },
    "Open": {
        "RecordType": "Open",
        "Recipient": "john@example.com",
        "ReceivedAt": "2026-03-04T14:15:02Z",
        "FirstOpen": True,
        "ReadSeconds": 5,
        "Platform": "WebMail",
        "Tag": "welcome-email",
    },
    "Click": {
        "RecordType": "Click",
        "Recipient": "john@example.com",
        "ReceivedAt": "2026-03-04T14:15:02Z",
        "ClickLocation": "HTML",
        "OriginalLink": "https://example.com",
        "Platform": "WebMail",
        "Tag": "welcome-email",
    },
    "SubscriptionChange": {
        "RecordType": "SubscriptionChange",
        "Recipient": "john@example.com",
        "ChangedAt": "2026-03-04T14:15:02Z",
        "ServerID": 23,
        "Origin": "Recipient",
        "SuppressSending": True,
        "SuppressionReason": "HardBounce",
        "Tag": "welcome-email",
    },
}


async def test_the_samples(local, sink):
    body = {"Url": sink.url(), "Triggers": ALL_ON, "Verify": True}
    assert (await local.post("/webhooks", json=body)).status_code == 200
    told = {}
    for hit in sink.hits:
        sent = json.loads(hit.body)
        told[sent["RecordType"]] = sent
    assert set(told) == set(SAMPLES)
    for trigger in ("Open", "Click"):
        assert told[trigger].pop("Client")["Family"] == "Chrome"
        assert told[trigger].pop("OS")["Name"] == "OS X 10.7 Lion"
        assert "Chrome" in told[trigger].pop("UserAgent")
        geo = told[trigger].pop("Geo")
        assert set(geo) == {
            "CountryISOCode", "Country", "RegionISOCode", "Region", "City", "Zip", "Coords", "IP",
        }  # fmt: skip
    assert told == {trigger: SAMPLE_COMMON | sample for trigger, sample in SAMPLES.items()}
