"""Bulk requests. Source: spec sending 5, triggers-suppressions-data-removal 5.2."""

import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from pillarbox import roles
from pillarbox.api.main import build
from pillarbox.app import App
from pillarbox.bulk.expand import Expansion
from pillarbox.domains.directory import Domains
from pillarbox.outbound.accept import DELIVERY
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory
from pillarbox.servers.model import NewServer
from pillarbox.servers.store import servers
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Origin, Reason, Suppression
from tests.conftest import ACCOUNT_TOKEN, SERVER_TOKEN
from tests.contract.conftest import refusal

SEVERAL = "Multiple errors occurred. Inspect the Errors property for more information."
NOT_FOUND = (404, 12, "Bulk send not found.")
BAD_COUNT = (422, 300, "The 'count' parameter must be an integer from 1 to 500.")
BAD_KEY = (422, 13, "Invalid pagination key.")
BAD_METADATA = (
    "Invalid metadata content. Field names are limited to 20 characters, values are limited to "
    "80 characters, and you may include up to 10 fields."
)
NOT_APPROVED = (
    422,
    14,
    (
        "This endpoint requires approval to access. "
        "Contact support to use the Bulk API postmarkapp.com/contact"
    ),
)

Expand = Callable[[], Awaitable[None]]


def a_request(**changes: Any) -> dict[str, Any]:
    """The example of the specification."""
    request: dict[str, Any] = {
        "From": "news@garden-club.example",
        "Subject": "Spring seeds are here",
        "TextBody": "Hello, the new list is out.",
        "Messages": [{"To": "ada@lab.example"}, {"To": "bo@lab.example"}, {"To": "cy@lab.example"}],
    }
    return {k: v for k, v in (request | changes).items() if v is not ...}


@pytest.fixture
def expand(app: App) -> Expand:
    """Works through all requests."""
    directory = Directory(app.db, monotonic=app.monotonic)
    submission = Submission(app, Domains(app.db, monotonic=app.monotonic))
    return Expansion(app, directory, submission).run


async def sent(api: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The details of all messages of the stream `broadcast`, first accepted first."""
    query = {"count": "500", "offset": "0", "messagestream": "broadcast"}
    found = (await api.get("/messages/outbound", params=query)).json()["Messages"]
    return [
        (await api.get(f"/messages/outbound/{message['MessageID']}/details")).json()
        for message in reversed(found)
    ]


def suppress(app: App, server: Any, address: str) -> None:
    with app.db.transaction() as tx:
        suppression = Suppression(
            stream_key=server.streams["broadcast"].key,
            address=address,
            reason=Reason.HARD_BOUNCE,
            origin=Origin.RECIPIENT,
            created_at=tx.now,
        )
        suppressions.insert(tx, [suppression])


async def test_a_request_is_accepted_and_named_twice(api):
    answer = await api.post("/email/bulk", json=a_request())
    assert answer.status_code == 200
    body = answer.json()
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["Id"])
    assert body == {
        "Id": body["Id"],
        "ID": body["Id"],
        "SubmittedAt": "2026-03-04T14:15:02.8782710Z",
        "Status": "Accepted",
        "TotalMessages": 3,
        "PercentageCompleted": 0,
        "ReleasedCount": 0,
        "FailedCount": 0,
        "Subject": "Spring seeds are here",
    }
    del body["ID"]
    assert (await api.get(f"/email/bulk/{body['Id']}")).json() == body
    assert (await api.get(f"/email/bulk/{body['Id'].upper()}/")).json() == body


async def test_a_request_becomes_messages(app, api, server, expand):
    suppress(app, server, "bo@lab.example")
    heard = app.wake.subscribe(DELIVERY)
    request = (await api.post("/email/bulk", json=a_request())).json()
    assert await sent(api) == []
    await expand()
    status = (await api.get(f"/email/bulk/{request['Id']}")).json()
    assert (status["Status"], status["PercentageCompleted"]) == ("Completed", 100)
    assert (status["ReleasedCount"], status["FailedCount"]) == (2, 1)
    messages = await sent(api)
    assert [message["Recipients"] for message in messages] == [
        ["ada@lab.example"],
        ["cy@lab.example"],
    ]
    assert {message["Subject"] for message in messages} == {"Spring seeds are here"}
    assert messages[0]["TextBody"] == "Hello, the new list is out."
    await heard.wait(5)
    assert heard.take() == {"lab.example bulk"}


async def test_a_message_partly_suppressed_is_released(app, api, server, expand):
    suppress(app, server, "bo@lab.example")
    messages = [{"To": "ada@lab.example", "Cc": "bo@lab.example"}]
    request = (await api.post("/email/bulk", json=a_request(Messages=messages))).json()
    await expand()
    status = (await api.get(f"/email/bulk/{request['Id']}")).json()
    assert (status["ReleasedCount"], status["FailedCount"]) == (1, 0)


async def test_every_field_reaches_the_message(app, api, server, expand):
    content = base64.b64encode(b"seeds").decode()
    request = a_request(
        From="Garden Club <news@garden-club.example>",
        ReplyTo="help@garden-club.example",
        HtmlBody="<p>Hello</p>",
        Tag="spring",
        TrackOpens=True,
        TrackLinks="htmlonly",
        MessageStream="BROADCAST",
        Metadata={"Segment": "a", "year": "2026"},
        Headers=[{"Name": "X-Kind", "Value": "all"}, {"Name": "X-Round", "Value": "1"}],
        Attachments=[{"Name": "list.txt", "Content": content, "ContentType": "text/plain"}],
        Messages=[
            {
                "To": "Ada <ada@lab.example>",
                "Cc": "bo@lab.example",
                "Bcc": "cy@lab.example",
                "TemplateModel": {"first_name": "Ada"},
                "Metadata": {"segment": "b"},
                "Headers": [{"Name": "x-kind", "Value": "own"}],
            }
        ],
    )
    assert (await api.post("/email/bulk", json=request)).status_code == 200
    await expand()
    (message,) = await sent(api)
    assert message["To"] == [{"Email": "ada@lab.example", "Name": "Ada"}]
    assert [one["Email"] for one in message["Cc"] + message["Bcc"]] == [
        "bo@lab.example",
        "cy@lab.example",
    ]
    assert message["From"] == "Garden Club <news@garden-club.example>"
    assert message["Tag"] == "spring"
    assert message["TrackOpens"] is True
    assert message["TrackLinks"] == "HtmlOnly"
    assert message["Metadata"] == {"year": "2026", "segment": "b"}
    assert message["Attachments"] == ["list.txt"]
    assert message["HtmlBody"] == "<html><head></head><body><p>Hello</p></body></html>"
    assert message["MessageStream"] == "broadcast"
    head = message["Body"].partition("\r\n\r\n")[0]
    assert "Reply-To: help@garden-club.example\r\n" in head
    assert "X-Round: 1\r\n" in head
    assert [line for line in head.splitlines() if "kind" in line.lower()] == ["x-kind: own"]


async def test_one_request_holds_thousands(api, expand):
    messages = [{"To": f"user{number}@d{number % 7}.example"} for number in range(2000)]
    request = (await api.post("/email/bulk", json=a_request(Messages=messages))).json()
    assert request["TotalMessages"] == 2000
    await expand()
    status = (await api.get(f"/email/bulk/{request['Id']}")).json()
    assert (status["ReleasedCount"], status["Status"]) == (2000, "Completed")


NO_TEMPLATE = "The 'TemplateId' associated with this request is not valid or was not found."
WITH_TEMPLATE: dict[str, Any] = {"Subject": ..., "TextBody": ...}

WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"From": ...}, 300, "Invalid 'From' value."),
    ({"From": ""}, 300, "Invalid 'From' value."),
    ({"From": "shop"}, 300, "Invalid 'From' address: 'shop'."),
    ({"From": "shop@localhost"}, 300, "Invalid 'From' address: 'shop@localhost'."),
    (
        {"ReplyTo": "x"},
        300,
        "Error parsing 'Reply-To': Illegal email address 'x'. It must contain the '@' symbol.",
    ),
    ({"Subject": ...}, 300, "The 'Subject' field is required."),
    ({"Subject": ""}, 300, "The 'Subject' field is required."),
    (
        {"Subject": "s" * 2001},
        300,
        "The 'Subject' is too long. The maximum length is 2000 characters.",
    ),
    ({"TextBody": ...}, 300, "Provide either email TextBody or HtmlBody or both."),
    ({"TextBody": "", "HtmlBody": ""}, 300, "Provide either email TextBody or HtmlBody or both."),
    (
        {"TextBody": "x" * (5 * 1024 * 1024 + 1)},
        300,
        "The 'TextBody' is too long. The maximum size is 5 MB.",
    ),
    (
        {"HtmlBody": "x" * (5 * 1024 * 1024 + 1)},
        300,
        "The 'HtmlBody' is too long. The maximum size is 5 MB.",
    ),
    ({"Tag": "t" * 1001}, 300, "The 'Tag' is too long. The maximum length is 1000 characters."),
    ({"TrackLinks": "some"}, 300, "Invalid 'TrackLinks' value."),
    ({"Metadata": {"k" * 21: "v"}}, 300, BAD_METADATA),
    ({"Headers": [{"Name": "Date", "Value": "x"}]}, 300, "Header 'Date' not allowed."),
    ({"Headers": [{"Value": "x"}]}, 300, "Invalid header."),
    (
        {"Attachments": [{"Name": "a.exe", "Content": "eA=="}]},
        411,
        "Attachment file type not allowed.",
    ),
    (
        {"Attachments": [{"Name": "a.txt", "Content": "!"}]},
        300,
        "Invalid attachment content for 'a.txt'.",
    ),
    (
        {"Attachments": [{"Name": "a.txt", "Content": "A" * 10_485_764}]},
        300,
        "Attachments too big. The total size should be less than 10485760 bytes.",
    ),
    (
        {"MessageStream": "nowhere"},
        1226,
        "The message stream for the provided 'ID' was not found.",
    ),
    ({"MessageStream": "outbound"}, 1236, "Sending is not supported for this stream type."),
    ({"MessageStream": "inbound"}, 1236, "Sending is not supported for this stream type."),
    ({"Messages": ...}, 300, "The 'Messages' field is required."),
    ({"Messages": None}, 300, "The 'Messages' field is required."),
    ({"Messages": []}, 300, "The 'Messages' field is required."),
    ({"Messages": [{}]}, 300, "Zero recipients specified"),
    ({"Messages": [{"To": ""}]}, 300, "Zero recipients specified"),
    ({"Messages": [{"Cc": "a@lab.example"}]}, 300, "The 'To' field is required."),
    ({"Messages": [{"To": "nobody@lab"}]}, 300, "Invalid 'To' address: 'nobody@lab'."),
    (
        {"Messages": [{"To": "a@lab.example", "Cc": "b"}]},
        300,
        "Error parsing 'Cc': Illegal email address 'b'. It must contain the '@' symbol.",
    ),
    (
        {"Messages": [{"To": "a@lab.example", "Bcc": "b@l~b.example"}]},
        300,
        "Error parsing 'Bcc': Illegal email domain 'l~b.example' in address 'b@l~b.example'.",
    ),
    (
        {
            "Messages": [
                {"To": ",".join(f"u{n}@lab.example" for n in range(50)), "Bcc": "a@b.example"}
            ]
        },
        300,
        "Maximum of 50 recipients allowed per email message.",
    ),
    (
        {"Messages": [{"To": "a@lab.example", "Headers": [{"Name": "Sender", "Value": "x"}]}]},
        300,
        "Header 'Sender' not allowed.",
    ),
    (
        {"Messages": [{"To": "a@lab.example", "Metadata": {"k": "v" * 81}}]},
        300,
        BAD_METADATA,
    ),
    (
        {
            "Metadata": {f"k{n}": "v" for n in range(6)},
            "Messages": [
                {"To": "a@lab.example", "Metadata": {f"m{n}": "v" for n in range(5)}},
            ],
        },
        300,
        BAD_METADATA,
    ),
    (
        {"Subject": "{{#each}}"},
        1122,
        "The 'Subject' content is not valid: ",
    ),
    (
        {"TextBody": "{{#if a}}"},
        1122,
        "The 'TextBody' content is not valid: ",
    ),
    (
        {"HtmlBody": "{{/each}}"},
        1122,
        "The 'HtmlBody' content is not valid: ",
    ),
    (
        {"TextBody": "{{{ @content }}}"},
        1131,
        "The layout content placeholder must be present in the layout HTML and/or Text body exactly once.",
    ),
    (
        {"Messages": [{"To": "a@lab.example", "TemplateModel": {"@x": 1}}]},
        1122,
        "The 'TemplateModel' contains a reserved key: '@x'.",
    ),
    ({**WITH_TEMPLATE, "TemplateId": 7}, 1101, NO_TEMPLATE),
    ({**WITH_TEMPLATE, "TemplateId": 7, "TemplateAlias": "x"}, 1101, NO_TEMPLATE),
    (
        {**WITH_TEMPLATE, "TemplateAlias": "nothing"},
        1101,
        "The Template's 'Alias' associated with this request is not valid or was not found.",
    ),
    ({"TemplateId": "7"}, 403, "Invalid request field(s): $.TemplateId"),
    ({"InlineCss": 1}, 403, "Invalid request field(s): $.InlineCss"),
    ({"Metadata": []}, 403, "Invalid request field(s): $.Metadata"),
    ({"From": 1}, 403, "Invalid request field(s): $.From"),
    ({"Messages": {}}, 403, "Invalid request field(s): $.Messages"),
    (
        {"Messages": [{"To": "a"}, {"to": 3, "TemplateModel": []}, 4, {"TemplateModel": [1]}]},
        403,
        "Invalid request field(s): $.Messages[1].To, $.Messages[2], $.Messages[3].TemplateModel",
    ),
]


@pytest.mark.parametrize(
    ("changes", "code", "text"), WRONG, ids=[f"{c}-{t[:40]}" for _, c, t in WRONG]
)
async def test_what_is_wrong_refuses_the_whole_request(api, changes, code, text):
    answer = await api.post("/email/bulk", json=a_request(**changes))
    status, found, told = refusal(answer)
    assert (status, found) == (422, code)
    # What the language says of a text is its own affair.
    assert told == text or (text.endswith(": ") and told.startswith(text))
    assert (await api.get("/email/bulk")).json() == {"Requests": []}


async def test_several_problems_are_told_together(api):
    messages = [{"To": "nobody"}, {"To": "a@lab.example", "Cc": "x"}, {"To": "b@lab"}]
    answer = await api.post("/email/bulk", json=a_request(From="shop", Messages=messages))
    without_at = "Error parsing '{}': Illegal email address '{}'. It must contain the '@' symbol."
    assert answer.status_code == 422
    assert answer.headers["X-PM-ApiErrorCode"] == "11"
    assert answer.json() == {
        "ErrorCode": 11,
        "Message": SEVERAL,
        "Errors": {
            "From": [{"ErrorCode": 300, "Message": "Invalid 'From' address: 'shop'."}],
            "To": [
                {"ErrorCode": 300, "Message": without_at.format("To", "nobody")},
                {"ErrorCode": 300, "Message": "Invalid 'To' address: 'b@lab'."},
            ],
            "Cc": [{"ErrorCode": 300, "Message": without_at.format("Cc", "x")}],
        },
    }
    assert (await api.get("/email/bulk")).json() == {"Requests": []}


async def test_of_very_many_problems_the_first_hundred_are_told(api):
    answer = await api.post("/email/bulk", json=a_request(Messages=[{"To": "x"}] * 1000))
    assert len(answer.json()["Errors"]["To"]) == 100


async def test_names_in_any_case_and_unknown_ones(api):
    request = {name.lower(): value for name, value in a_request(Tag="old").items()}
    request |= {
        "tag": None,
        "Colour": "red",
        "bcc": 3,
        "messages": [{"TO": "a@b.example", "x": {}}],
    }
    answer = await api.post("/email/bulk", json=request)
    assert (answer.status_code, answer.json()["TotalMessages"]) == (200, 1)


async def test_raw_control_characters_and_lone_surrogates_are_repaired(api, expand):
    body = (
        b'\xef\xbb\xbf{"From":"a@b.example","Subject":"a\tb","TextBody":"x\ny",'
        b'"Messages":[{"To":"a@b.example","Metadata":{"k":"\\ud800"}}]}'
    )
    answer = await api.post(
        "/email/bulk", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 200
    await expand()
    (message,) = await sent(api)
    assert message["Metadata"] == {"k": "\ufffd"}
    assert message["TextBody"] == "x\ny"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b'{"Messages":[{]}', b'{"Messages":' + b"[" * 9999]
)
async def test_what_is_no_json(api, body):
    answer = await api.post(
        "/email/bulk", content=body, headers={"Content-Type": "application/json"}
    )
    assert refusal(answer) == (422, 402, "Invalid JSON.")


async def test_a_body_that_is_no_object(api):
    assert refusal(await api.post("/email/bulk", json=[a_request()])) == (
        422,
        403,
        "Invalid request field(s): $",
    )


async def test_the_size_of_a_body(api):
    declared = {"Content-Type": "application/json"}
    answer = await api.post("/email/bulk", content=b" " * (50 * 1024 * 1024 + 1), headers=declared)
    assert refusal(answer) == (413, 300, "Request payload is too large.")


async def test_the_type_of_a_body(api):
    answer = await api.post("/email/bulk", content=b"{}", headers={"Content-Type": "text/plain"})
    assert refusal(answer)[:2] == (415, 409)


async def test_the_test_token_is_for_single_messages(api):
    api.headers["X-Postmark-Server-Token"] = "POSTMARK_API_TEST"
    assert refusal(await api.post("/email/bulk", json=a_request()))[:2] == (401, 10)


@pytest.mark.parametrize(
    "unknown", ["0199c0de-0000-7001-8000-000000000000", "7", "a4c1d2b8-63f7-4c5d-9b1f-0d2e5f7a9c33"]
)
async def test_an_unknown_request(api, unknown):
    assert refusal(await api.get(f"/email/bulk/{unknown}")) == NOT_FOUND


async def test_the_random_part_of_an_id_counts(api):
    name = (await api.post("/email/bulk", json=a_request())).json()["Id"]
    guessed = name[:-1] + ("0" if name[-1] != "0" else "1")
    assert refusal(await api.get(f"/email/bulk/{guessed}")) == NOT_FOUND


async def test_the_requests_newest_first_page_by_page(api, clock):
    names: list[str] = []
    for number in range(5):
        clock.advance(timedelta(seconds=1))
        request = a_request(Subject=f"Round {number}")
        names.insert(0, (await api.post("/email/bulk", json=request)).json()["Id"])
    first = (await api.get("/email/bulk", params={"count": "2"})).json()
    assert [request["Id"] for request in first["Requests"]] == names[:2]
    assert first["Requests"][0] == (await api.get(f"/email/bulk/{names[0]}")).json()
    assert re.fullmatch(r"[A-Za-z0-9_-]+", first["PaginationKey"])
    query = {"Count": "2", "PaginationKey": first["PaginationKey"]}
    second = (await api.get("/email/bulk", params=query)).json()
    assert [request["Id"] for request in second["Requests"]] == names[2:4]
    query["PaginationKey"] = second["PaginationKey"]
    last = (await api.get("/email/bulk", params=query)).json()
    assert [request["Id"] for request in last["Requests"]] == names[4:]
    assert "PaginationKey" not in last
    everything = (await api.get("/email/bulk")).json()
    assert [request["Id"] for request in everything["Requests"]] == names
    assert "PaginationKey" not in everything


async def test_a_page_holds_fifty_unless_told_otherwise(api, clock):
    for _ in range(51):
        clock.advance(timedelta(seconds=1))
        await api.post("/email/bulk", json=a_request())
    page = (await api.get("/email/bulk")).json()
    assert len(page["Requests"]) == 50
    assert "PaginationKey" in page
    assert len((await api.get("/email/bulk?count=500")).json()["Requests"]) == 51


async def test_the_requests_of_another_server_are_not_listed(app, api):
    with app.db.transaction() as tx:
        other = servers.insert_server(tx, NewServer(name="Other"))
    await api.post("/email/bulk", json=a_request())
    api.headers["X-Postmark-Server-Token"] = other.tokens[0]
    assert (await api.get("/email/bulk")).json() == {"Requests": []}


@pytest.mark.parametrize("count", ["0", "-1", "501", "many"])
async def test_a_bad_count(api, count):
    assert refusal(await api.get("/email/bulk", params={"count": count})) == BAD_COUNT


@pytest.mark.parametrize("key", ["b2Zmc2V0OjUw", "!", "AAAA", "a" * 10_000, "ä", "__________8"])
async def test_a_bad_pagination_key(api, key):
    assert refusal(await api.get("/email/bulk", params={"paginationKey": key})) == BAD_KEY


@pytest.fixture
async def unapproved(settings, clock) -> AsyncIterator[httpx.AsyncClient]:
    """An installation that does not offer bulk."""
    made = settings(bulk_api="off")
    made.data_dir.mkdir(exist_ok=True)
    app, _ = roles.open_app(made, clock)
    directory = Directory(app.db, monotonic=app.monotonic)
    submission = Submission(app, Domains(app.db, monotonic=app.monotonic))
    headers = {
        "X-Postmark-Server-Token": SERVER_TOKEN,
        "X-Postmark-Account-Token": ACCOUNT_TOKEN,
    }
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build(app, directory, submission)),
        base_url="http://pillarbox.example",
        headers=headers,
    ) as client:
        yield client
    app.db.stop()


async def test_an_account_that_is_not_approved(unapproved):
    assert refusal(await unapproved.post("/email/bulk", json={})) == NOT_APPROVED
    assert refusal(await unapproved.get("/email/bulk")) == NOT_APPROVED
    assert refusal(await unapproved.get("/email/bulk/7")) == NOT_APPROVED


async def a_template(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    template = {
        "Name": "News",
        "Alias": "news",
        "Subject": "For {{name}}",
        "HtmlBody": "<style>p{color:red}</style><p>{{name}}</p>",
        "TextBody": "Dear {{name}}",
    }
    created: dict[str, Any] = (await api.post("/templates", json=template | changes)).json()
    return created


@pytest.mark.parametrize("by", ["TemplateId", "TemplateAlias"])
async def test_a_stored_template_fills_each_message(api, expand, by):
    layout = {
        "Name": "Frame",
        "Alias": "frame",
        "TemplateType": "Layout",
        "TextBody": "<{{{ @content }}}>",
    }
    await api.post("/templates", json=layout)
    template = await a_template(api, LayoutTemplate="frame")
    reference = {"TemplateId": template["TemplateId"], "TemplateAlias": "NEWS"}[by]
    messages = [
        {"To": "ada@lab.example", "TemplateModel": {"name": "Ada"}},
        {"To": "bo@lab.example", "TemplateModel": {"name": "B & o"}},
        {"To": "cy@lab.example"},
    ]
    request = a_request(**WITH_TEMPLATE, **{by: reference}, Messages=messages)
    answer = (await api.post("/email/bulk", json=request)).json()
    assert "Subject" not in answer
    await expand()
    assert "Subject" not in (await api.get(f"/email/bulk/{answer['Id']}")).json()
    made = await sent(api)
    assert [message["Subject"] for message in made] == ["For Ada", "For B & o", "For "]
    assert [message["TextBody"] for message in made] == ["<Dear Ada>", "<Dear B & o>", "<Dear >"]
    assert '<p style="color: red;">B &amp; o</p>' in made[1]["HtmlBody"].replace(
        "color:red", "color: red"
    )


async def test_a_template_that_changes_meanwhile_is_sent_as_it_was(api, expand):
    template = await a_template(api)
    request = a_request(**WITH_TEMPLATE, TemplateAlias="news", Messages=[{"To": "a@lab.example"}])
    await api.post("/email/bulk", json=request)
    await api.delete(f"/templates/{template['TemplateId']}")
    await expand()
    (message,) = await sent(api)
    assert message["TextBody"] == "Dear "


async def test_a_layout_cannot_be_sent(api):
    layout = await a_template(
        api, TemplateType="Layout", Subject=None, HtmlBody=None, TextBody="{{{ @content }}}"
    )
    request = a_request(**WITH_TEMPLATE, TemplateId=layout["TemplateId"])
    assert refusal(await api.post("/email/bulk", json=request)) == (422, 1101, NO_TEMPLATE)


@pytest.mark.parametrize("field", ["Subject", "HtmlBody", "TextBody"])
async def test_content_beside_a_template(api, field):
    await a_template(api)
    request = a_request(**WITH_TEMPLATE, TemplateAlias="news") | {field: ""}
    assert refusal(await api.post("/email/bulk", json=request)) == (
        422,
        1123,
        "Neither 'TextBody', 'HtmlBody', or 'Subject' may be specified when using a template for the email.",
    )


async def test_texts_of_the_request_are_filled(api, expand):
    request = a_request(
        Subject="Hi {{name}}",
        HtmlBody="<style>p{color:red}</style><p>{{name}}</p>",
        TextBody="{{#each l}}{{.}},{{/each}}",
        InlineCss=False,
        Messages=[{"To": "a@lab.example", "TemplateModel": {"name": "<A>", "l": [1, 2.5]}}],
    )
    answer = (await api.post("/email/bulk", json=request)).json()
    assert answer["Subject"] == "Hi {{name}}"
    await expand()
    (message,) = await sent(api)
    assert message["Subject"] == "Hi <A>"
    assert message["TextBody"] == "1,2.5,"
    assert message["HtmlBody"] == "<style>p{color:red}</style><p>&lt;A&gt;</p>"
