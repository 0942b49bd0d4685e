"""Message streams through the API. Source: spec servers-and-streams 4, 5 and 7."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.contract.conftest import refusal

MEMBERS = [
    "ID",
    "ServerID",
    "Name",
    "Description",
    "MessageStreamType",
    "CreatedAt",
    "UpdatedAt",
    "ArchivedAt",
    "ExpectedPurgeDate",
    "SubscriptionManagementConfiguration",
]
NEWS = {"ID": "news", "Name": "News", "MessageStreamType": "Broadcasts"}
TYPE = 422, 1221, "The 'MessageStreamType' associated with this request was invalid."
NO_ID = 422, 1222, "A valid 'ID' must be provided."
NO_NAME = 422, 1223, "A valid 'Name' must be provided."
LONG_NAME = 422, 1224, "The 'Name' is too long, it is limited to 100 characters."
NOT_FOUND = 422, 1226, "The message stream for the provided 'ID' was not found."
BAD_ID = (
    422,
    1227,
    (
        "The 'ID' must be a non-empty string starting with a letter of the English alphabet. It is limited to "
        "lowercase letters of the English alphabet, numbers, and '-', '_' characters. It is limited to a length "
        "of 30 characters."
    ),
)
SECOND_INBOUND = 422, 1228, "A server can only have one inbound stream."
PERMANENT = 422, 1229, "You cannot archive the default transactional and inbound streams."
TAKEN = 422, 1230, "The 'ID' provided already exists for this server."
LONG_TEXT = 422, 1231, "The 'Description' is too long, it is limited to 1000 characters."
NOT_ARCHIVED = 422, 1232, "You cannot unarchive this message stream anymore."
PREFIX = 422, 1233, "The 'ID' must not start with the 'pm-' prefix."
HTML = 422, 1234, "The 'Description' must not contain HTML tags."
RESERVED = 422, 1237, "This 'ID' is reserved."
UNSUPPORTED = 422, 1239, "The 'UnsubscribeHandlingType' is not supported for this stream type."
UNKNOWN_HANDLING = 422, 1240, "The 'UnsubscribeHandlingType' is invalid."


def handling(word: str | None) -> dict[str, Any]:
    return {"SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": word}}


async def create(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await api.post("/message-streams", json=NEWS | values)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def slugs(api: httpx.AsyncClient, **query: Any) -> list[str]:
    shown = (await api.get("/message-streams", params=query)).json()
    assert list(shown) == ["MessageStreams", "TotalCount"]
    assert all(list(stream) == MEMBERS for stream in shown["MessageStreams"])
    assert shown["TotalCount"] == len(shown["MessageStreams"])
    return [stream["ID"] for stream in shown["MessageStreams"]]


async def test_the_default_streams(api, server):
    found = [(await api.get(f"/message-streams/{s}")).json() for s in await slugs(api)]
    facts = [(s["ID"], s["Name"], s["MessageStreamType"], *s[MEMBERS[-1]].values()) for s in found]
    assert facts == [
        ("outbound", "Default Transactional Stream", "Transactional", "None"),
        ("broadcast", "Default Broadcast Stream", "Broadcasts", "Postmark"),
        ("inbound", "Default Inbound Stream", "Inbound", "None"),
    ]
    assert found[0] == found[0] | {
        "ServerID": server.id,
        "Description": None,
        "CreatedAt": "2026-03-04T14:15:02.8782710Z",
        "UpdatedAt": None,
        "ArchivedAt": None,
        "ExpectedPurgeDate": None,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"MessageStreamType": "All"}, ["outbound", "broadcast", "inbound", "news"]),
        ({"messagestreamtype": "inbound"}, ["inbound"]),
        ({"MessageStreamType": "TRANSACTIONAL"}, ["outbound"]),
        ({"MessageStreamType": "Broadcasts"}, ["broadcast", "news"]),
        ({"MessageStreamType": ""}, ["outbound", "broadcast", "inbound", "news"]),
        ({"count": "1", "offset": "3"}, ["outbound", "broadcast", "inbound", "news"]),
    ],
)
async def test_the_list_by_type(api, query, expected):
    await create(api)
    assert await slugs(api, **query) == expected


async def test_a_type_to_list_that_there_is_not(api):
    answer = await api.get("/message-streams", params={"MessageStreamType": "Broadcast"})
    assert refusal(answer) == TYPE


async def test_a_new_stream(api, server):
    made = await create(api, Description="Monthly", **handling("custom"))
    assert made == {
        "ID": "news",
        "ServerID": server.id,
        "Name": "News",
        "Description": "Monthly",
        "MessageStreamType": "Broadcasts",
        "CreatedAt": "2026-03-04T14:15:02.8782710Z",
        "UpdatedAt": None,
        "ArchivedAt": None,
        "ExpectedPurgeDate": None,
        "SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "Custom"},
    }
    assert (await api.get("/message-streams/NEWS")).json() == made
    mail = {"From": "a@a.example", "To": "b@b.example", "TextBody": "x", "MessageStream": "News"}
    assert (await api.post("/email", json=mail)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "word", "expected"),
    [
        ("broadcasts", None, "Postmark"),
        ("Broadcasts", "POSTMARK", "Postmark"),
        ("Broadcasts", "Custom", "Custom"),
        ("transactional", None, "None"),
        ("Transactional", "none", "None"),
        ("Transactional", "Postmark", "Postmark"),
        ("Transactional", "Custom", "Custom"),
        ("Broadcasts", "None", UNSUPPORTED),
        ("Inbound", "Postmark", UNSUPPORTED),
        ("Inbound", "Custom", UNSUPPORTED),
        ("Broadcasts", "Mailchimp", UNKNOWN_HANDLING),
        ("Transactional", "", "None"),
        ("Broadcasts", "", "Postmark"),
    ],
)
async def test_who_handles_unsubscribes(api, kind, word, expected):
    answer = await api.post(
        "/message-streams", json=NEWS | {"MessageStreamType": kind} | handling(word)
    )
    if isinstance(expected, tuple):
        assert refusal(answer) == expected
    else:
        assert answer.json()[MEMBERS[-1]] == {"UnsubscribeHandlingType": expected}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"MessageStreamType": None}, TYPE),
        ({"MessageStreamType": ""}, TYPE),
        ({"MessageStreamType": "Broadcast"}, TYPE),
        ({"MessageStreamType": "x", "ID": ""}, TYPE),
        ({"ID": None}, NO_ID),
        ({"ID": ""}, NO_ID),
        ({"ID": "", "Name": ""}, NO_ID),
        ({"ID": "News"}, BAD_ID),
        ({"ID": "1news"}, BAD_ID),
        ({"ID": "-news"}, BAD_ID),
        ({"ID": "ne ws"}, BAD_ID),
        ({"ID": "nëws"}, BAD_ID),
        ({"ID": "news\n"}, BAD_ID),
        ({"ID": "x" * 31}, BAD_ID),
        ({"ID": "pm-news"}, PREFIX),
        ({"ID": "all"}, RESERVED),
        ({"ID": "outbound"}, TAKEN),
        ({"ID": "outbound", "Name": ""}, TAKEN),
        ({"Name": None}, NO_NAME),
        ({"Name": ""}, NO_NAME),
        ({"Name": " "}, NO_NAME),
        ({"Name": "x" * 101}, LONG_NAME),
        ({"Name": "x" * 101, "Description": "<"}, LONG_NAME),
        ({"Description": "x" * 1001}, LONG_TEXT),
        ({"Description": "<b>"}, HTML),
        ({"Description": "a > b"}, HTML),
        ({"Description": "<b>"} | handling("x"), HTML),
        ({"MessageStreamType": "Inbound"} | handling("x"), UNKNOWN_HANDLING),
        ({"MessageStreamType": "inbound"}, SECOND_INBOUND),
        ({"Name": 5}, (422, 403, "Invalid request field(s): $.Name")),
    ],
)
async def test_streams_that_are_refused(api, values, expected):
    assert refusal(await api.post("/message-streams", json=NEWS | values)) == expected
    assert await slugs(api) == ["outbound", "broadcast", "inbound"]


@pytest.mark.parametrize("slug", ["a", "x" * 30, "a-_9", "test-" + "0" * 25, "alll", "pm"])
async def test_ids_that_are_fine(api, slug):
    made = await create(api, ID=slug, Name="x" * 100, Description="x" * 1000)
    assert (made["ID"], len(made["Name"]), len(made["Description"])) == (slug, 100, 1000)


async def test_no_body(api):
    json = {"Content-Type": "application/json"}
    assert refusal(await api.post("/message-streams", headers=json)) == NO_ID
    assert refusal(await api.post("/message-streams", json={})) == TYPE
    empty = await api.patch("/message-streams/outbound", headers=json)
    assert refusal(empty) == (422, 402, "Invalid JSON.")


async def test_at_most_ten_streams_archived_ones_included(api):
    for number in range(7):
        await create(api, ID=f"news{number}")
    await api.post("/message-streams/news0/archive")
    full = 422, 1225, "You have reached the maximum number of message streams for this server."
    assert refusal(await api.post("/message-streams", json=NEWS)) == full
    assert refusal(await api.post("/message-streams", json=NEWS | {"ID": "news0"})) == TAKEN
    inbound = NEWS | {"MessageStreamType": "Inbound"}
    assert refusal(await api.post("/message-streams", json=inbound)) == SECOND_INBOUND


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_an_edit_changes_what_is_given(api, clock, method):
    before = await create(api, Description="Monthly")
    clock.advance(timedelta(seconds=1))
    before["UpdatedAt"] = "2026-03-04T14:15:03.8782710Z"
    ignored = {"ID": "other", "MessageStreamType": "Inbound", "ServerID": 1}
    for values in (
        {"Name": "Weekly"},
        {"Description": ""},
        handling("Custom"),
    ):
        before |= values
        answer = await api.request(method, "/message-streams/News", json=values | ignored)
        assert answer.json() == before
    unset = {"Name": None, "Description": None, "SubscriptionManagementConfiguration": None}
    for values in (unset, {}, handling(None)):
        assert (await api.request(method, "/message-streams/news", json=values)).json() == before


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"Name": ""}, NO_NAME),
        ({"Name": "x" * 101}, LONG_NAME),
        ({"Description": "x" * 1001}, LONG_TEXT),
        ({"Description": "<"}, HTML),
        (handling("none"), UNSUPPORTED),
        (handling("nobody"), UNKNOWN_HANDLING),
        ({"Name": "", "Description": "<"}, NO_NAME),
    ],
)
async def test_edits_that_are_refused(api, values, expected):
    before = await create(api)
    assert refusal(await api.patch("/message-streams/news", json=values)) == expected
    assert (await api.get("/message-streams/news")).json() == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/message-streams/nowhere"),
        ("PATCH", "/message-streams/nowhere"),
        ("PUT", "/message-streams/nowhere"),
        ("POST", "/message-streams/nowhere/archive"),
        ("POST", "/message-streams/nowhere/unarchive"),
    ],
)
async def test_a_stream_that_does_not_exist(api, method, path):
    body = {"Name": ""} if method in ("PATCH", "PUT") else None
    assert refusal(await api.request(method, path, json=body)) == NOT_FOUND


async def test_archiving_and_back(api, server, clock):
    before = await create(api)
    answer = await api.post("/message-streams/news/archive")
    purged = "2026-04-18T14:15:02.8782710Z"
    assert answer.json() == {
        "ID": "news",
        "ServerID": server.id,
        "ExpectedPurgeDate": purged,
    }
    clock.advance(timedelta(days=1))
    assert (await api.post("/message-streams/news/archive")).json() == answer.json()

    archived = before | {
        "ArchivedAt": "2026-03-04T14:15:02.8782710Z",
        "ExpectedPurgeDate": purged,
    }
    assert (await api.get("/message-streams/news")).json() == archived
    defaults = ["outbound", "broadcast", "inbound"]
    assert await slugs(api) == defaults
    assert await slugs(api, IncludeArchivedStreams="False") == defaults
    for word in ("True", "true", "1"):
        assert await slugs(api, includearchivedstreams=word) == [*defaults, "news"]

    mail = {"From": "a@a.example", "To": "b@b.example", "TextBody": "x", "MessageStream": "news"}
    refused = 422, 1235, "The stream provided: 'news' does not exist on this server."
    assert refusal(await api.post("/email", json=mail)) == refused
    edited = await api.patch("/message-streams/news", json={"Name": "Old news"})
    assert edited.json()["Name"] == "Old news"

    back = (await api.post("/message-streams/News/Unarchive/")).json()
    assert (back["ArchivedAt"], back["ExpectedPurgeDate"]) == (None, None)
    assert list(back) == MEMBERS
    assert (await api.post("/email", json=mail)).status_code == 200
    assert refusal(await api.post("/message-streams/news/unarchive")) == NOT_ARCHIVED


async def test_the_last_moment_to_unarchive(api, clock):
    await create(api)
    await api.post("/message-streams/news/archive")
    clock.advance(timedelta(days=45, microseconds=-1))
    assert (await api.post("/message-streams/news/unarchive")).status_code == 200
    await api.post("/message-streams/news/archive")
    clock.advance(timedelta(days=45))
    assert refusal(await api.post("/message-streams/news/unarchive")) == NOT_ARCHIVED


@pytest.mark.parametrize("slug", ["outbound", "inbound", "INBOUND"])
async def test_streams_that_stay(api, slug):
    assert refusal(await api.post(f"/message-streams/{slug}/archive")) == PERMANENT


@pytest.mark.parametrize("content", [b"", b"{}", b"null"])
async def test_archiving_takes_any_body(api, content):
    json = {"Content-Type": "application/json"}
    path = "/message-streams/broadcast"
    for verb in ("archive", "unarchive"):
        answer = await api.post(f"{path}/{verb}", content=content, headers=json)
        assert answer.status_code == 200


class TestWithOtherSettings:
    @pytest.fixture
    def settings(self, settings):
        return lambda: settings(custom_unsubscribe="off", min_stream_age_s="60")

    async def test_custom_handling_is_not_permitted(self, api):
        refused = 422, 1238, "You do not have permission to use Custom unsubscribe handling."
        new = NEWS | handling("Custom")
        assert refusal(await api.post("/message-streams", json=new)) == refused
        edit = await api.patch("/message-streams/outbound", json=handling("Custom"))
        assert refusal(edit) == refused

    async def test_a_young_stream_cannot_be_archived(self, api, clock):
        await create(api)
        young = 422, 1241, "Stream is unable to be archived at this time."
        assert refusal(await api.post("/message-streams/news/archive")) == young
        clock.advance(timedelta(seconds=60))
        assert (await api.post("/message-streams/news/archive")).status_code == 200


async def test_php_sends_null_for_no_description(api):
    values = {"id": "php", "name": "PHP", "messageStreamType": "Transactional"}
    nulls = {"description": None, "subscriptionManagementConfiguration": None}
    answer = await api.post("/Message-Streams/", json=values | nulls)
    assert (answer.json()["ID"], answer.json()["Description"]) == ("php", None)
