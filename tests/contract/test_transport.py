"""The rules of every endpoint. Source: spec overview 1 to 5 and 7."""

import asyncio
import gzip
import json
import re
import uuid

import httpx
import pytest

from tests.conftest import ACCOUNT_TOKEN, SERVER_TOKEN
from tests.contract.conftest import refusal

NO_TOKENS = (
    "No Account or Server API tokens were supplied in the HTTP headers. Please add a header for either "
    "X-Postmark-Server-Token or X-Postmark-Account-Token."
)
BAD_TOKEN = "Request does not contain a valid Server token."
MAIL = {"From": "a@sender.example", "To": "b@one.example", "Subject": "S", "TextBody": "T"}
JSON = {"Content-Type": "application/json"}


def without_tokens(api: httpx.AsyncClient, **headers: str) -> httpx.AsyncClient:
    for name in ("X-Postmark-Server-Token", "X-Postmark-Account-Token"):
        del api.headers[name]
    api.headers.update(headers)
    return api


@pytest.mark.parametrize("path", ["/deliveryStats", "/DELIVERYSTATS/", "/deliverystats"])
async def test_any_case_of_a_path_and_a_slash_at_its_end(api, path):
    assert (await api.get(path)).status_code == 200


@pytest.mark.parametrize("path", ["/deliverystats", "/Bounces/1/dump/"])
async def test_a_second_slash_at_the_start(api, path):
    once, twice = await api.get(path), await api.get(f"{api.base_url}/{path}")
    assert (twice.status_code, twice.json()) == (once.status_code, once.json())
    assert twice.status_code != 404


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("PUT", "/email"), ("GET", "/email/x/y")]
)
async def test_an_unknown_route_or_method_is_404(api, method, path):
    answer = refusal(await api.request(method, path))
    assert answer == (404, 404, "The requested resource was not found.")


async def test_no_token(api):
    assert refusal(await without_tokens(api).get("/server")) == (401, 10, NO_TOKENS)


@pytest.mark.parametrize(
    "token", ["", " ", "nonsense", "00000000-0000-4000-8000-000000000000", ACCOUNT_TOKEN]
)
async def test_a_token_that_is_no_server_token(api, token):
    bare = without_tokens(api, **{"X-Postmark-Server-Token": token})
    assert refusal(await bare.get("/server")) == (401, 10, BAD_TOKEN)


async def test_only_the_account_token_where_a_server_token_is_wanted(api):
    bare = without_tokens(api, **{"X-Postmark-Account-Token": ACCOUNT_TOKEN})
    assert refusal(await bare.get("/server")) == (401, 10, BAD_TOKEN)


@pytest.mark.parametrize("token", [SERVER_TOKEN.upper(), f"  {SERVER_TOKEN} "])
async def test_a_token_in_any_case_with_white_space(api, token):
    api.headers["X-POSTMARK-SERVER-TOKEN"] = token
    assert (await api.get("/server")).status_code == 200


async def test_the_token_is_looked_at_before_anything_else(api):
    bare = without_tokens(api)
    answer = await bare.post("/email", content=b"{", headers={"Content-Type": "text/plain"})
    assert refusal(answer)[:2] == (401, 10)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "", "application/x-www-form-urlencoded", "application/jsonp"]
)
async def test_a_body_that_is_not_declared_as_json(api, content_type):
    answer = await api.post("/email", content=b"{}", headers={"Content-Type": content_type})
    assert refusal(answer) == (
        415,
        409,
        "The 'Content-Type' and 'Accept' headers must be 'application/json'.",
    )


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON;charset=UTF-8"],
)
async def test_json_content_types(api, content_type):
    answer = await api.post(
        "/email", content=json.dumps(MAIL), headers={"Content-Type": content_type}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/*", 200),
        ("text/html, application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("text/html", 415),
    ],
)
async def test_accept(api, accept, status):
    answer = await api.get("/server", headers={"Accept": accept})
    assert answer.status_code == status


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"null", b"   ", b'{"a":', b"{'a':1}", b"\xff\xfe", b"[1,2", b'{"a":1}x'],
)
async def test_a_body_that_is_no_json(api, body):
    answer = await api.post("/email", content=body, headers=JSON)
    assert refusal(answer) == (422, 402, "Invalid JSON.")


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("From", 1, "$.From"),
        ("From", ["a"], "$.From"),
        ("From", {"a": 1}, "$.From"),
        ("Subject", True, "$.Subject"),
        ("TrackOpens", "maybe", "$.TrackOpens"),
        ("TrackOpens", 1, "$.TrackOpens"),
        ("Metadata", [], "$.Metadata"),
        ("Metadata", {"a": {"b": 1}}, "$.Metadata"),
        ("Attachments", {}, "$.Attachments"),
        ("Attachments", [{"Name": 7}], "$.Attachments[0].Name"),
        ("Headers", "x", "$.Headers"),
    ],
)
async def test_a_field_of_the_wrong_type(api, field, value, path):
    answer = refusal(await api.post("/email", json=MAIL | {field: value}))
    assert answer[:2] == (422, 403)
    assert answer[2].startswith(f"Invalid request field(s): {path}")


async def test_the_top_level_of_the_wrong_type(api):
    wrong = "Invalid request field(s): $"
    assert refusal(await api.post("/email", json=[MAIL])) == (422, 403, wrong)
    assert refusal(await api.post("/email/batch", json=MAIL)) == (422, 403, wrong)


async def test_a_wrong_type_in_a_batch_fails_the_whole_request(api):
    answer = await api.post("/email/batch", json=[MAIL, MAIL | {"Metadata": []}])
    assert refusal(answer) == (422, 403, "Invalid request field(s): $[1].Metadata")
    found = await api.get("/messages/outbound?count=1&offset=0")
    assert found.json()["TotalCount"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"from": "a@sender.example", "TO": "b@one.example", "textbody": "T", "unknown": {"x": 1}},
        MAIL | {"Cc": None, "Bcc": "", "Tag": "", "TrackLinks": "", "MessageStream": ""},
        MAIL | {"Headers": None, "Attachments": None, "Metadata": None, "TrackOpens": None},
        MAIL | {"TrackOpens": "True", "Metadata": {"n": 1, "b": True, "f": 1.50}},
        MAIL | {"TemplateId": 1, "TemplateModel": {"a": []}, "InlineCss": True, "MessageID": "x"},
    ],
)
async def test_what_clients_send_and_postmark_takes(api, body):
    answer = await api.post("/email", json=body)
    assert answer.status_code == 200, answer.text


async def test_of_a_repeated_property_the_last_wins(api):
    body = '{"From":"a@sender.example","to":"no","To":"b@one.example","TextBody":"T"}'
    answer = await api.post("/email", content=body, headers=JSON)
    assert answer.json()["To"] == "b@one.example"


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b" \r\n\t"])
async def test_a_byte_order_mark_and_blanks_before_the_body(api, start):
    answer = await api.post("/email", content=start + json.dumps(MAIL).encode(), headers=JSON)
    assert answer.status_code == 200


async def test_the_form_of_a_success(api):
    answer = await api.get("/server")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert str(uuid.UUID(answer.headers["X-Request-Id"])) == answer.headers["X-Request-Id"]
    assert "X-PM-ApiErrorCode" not in answer.headers


async def test_the_form_of_an_error(api):
    answer = await api.post("/email", json=MAIL | {"To": ""})
    assert refusal(answer) == (422, 300, "Zero recipients specified")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert str(uuid.UUID(answer.headers["X-Request-Id"])) == answer.headers["X-Request-Id"]


async def test_gzip_only_for_those_who_ask_for_it(api):
    await api.post("/email/batch", json=[MAIL] * 20)
    path = "/messages/outbound?count=20&offset=0"
    api.headers["Accept-Encoding"] = "identity"
    plain = await api.get(path)
    assert "Content-Encoding" not in plain.headers
    async with api.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        raw = b"".join([part async for part in packed.aiter_raw()])
    assert gzip.decompress(raw) == plain.content


@pytest.mark.parametrize(
    ("path", "limit"), [("/email", 10 * 1_048_576), ("/email/batch", 50 * 1_048_576)]
)
async def test_a_body_that_is_too_large(api, path, limit):
    """Declared or not: the size is looked at before the body is read, and while it is."""

    async def chunks():
        for _ in range(limit // 1_048_576 + 2):
            yield b" " * 1_048_576

    too_large = (413, 300, "Request payload is too large.")
    declared = await api.post(
        path, content=b"{}", headers=JSON | {"Content-Length": str(limit + 1)}
    )
    assert refusal(declared) == too_large
    assert refusal(await api.post(path, content=chunks(), headers=JSON)) == too_large


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"Metadata":' + b"[" * 70 + b"]" * 70 + b"}",
        b"[" + b"[]," * 600_000 + b"[]]",
    ],
)
async def test_json_that_is_too_deep_or_too_much(api, body):
    answer = refusal(await api.post("/email", content=body, headers=JSON))
    assert answer in (
        (422, 402, "Invalid JSON."),
        (422, 403, "Invalid request field(s): $.Metadata"),
    )


@pytest.mark.parametrize(
    ("query", "code", "text"),
    [
        ("", 700, "The 'count' parameter is required and must be a positive integer."),
        ("count=1", 700, "The 'offset' parameter is required and must be a non-negative integer."),
        (
            "count=-1&offset=0",
            700,
            "The 'count' parameter is required and must be a positive integer.",
        ),
        (
            "count=x&offset=0",
            700,
            "The 'count' parameter is required and must be a positive integer.",
        ),
        ("count=501&offset=0", 700, "You may only request up to 500 messages per call."),
        ("count=500&offset=9501", 700, "Count + Offset cannot exceed 10000 messages."),
        (
            "count=1&offset=0&fromdate=yesterday",
            700,
            "The value of the 'fromdate' parameter is not valid.",
        ),
        (
            "count=1&offset=0&messagestream=nope",
            1226,
            "The message stream for the provided 'ID' was not found.",
        ),
    ],
)
async def test_a_query_that_cannot_be_used(api, query, code, text):
    assert refusal(await api.get(f"/messages/outbound?{query}")) == (422, code, text)


@pytest.mark.parametrize(
    "query",
    [
        "Count=1&OFFSET=0&Tag=",
        "count=1&offset=0&unknown=1",
        "count=1&offset=0&count=900",
        "count=1&offset=0&fromdate=2026-01-02&todate=2026-01-02T10:00:00-05:00",
        "count=500&offset=9500",
    ],
)
async def test_a_query_that_clients_send(api, query):
    assert (await api.get(f"/messages/outbound?{query}")).status_code == 200


async def test_requests_side_by_side_get_their_own_answers(api):
    answers = await asyncio.gather(
        *(api.post("/email", json=MAIL | {"To": f"b{n}@one.example"}) for n in range(40))
    )
    assert [answer.json()["To"] for answer in answers] == [f"b{n}@one.example" for n in range(40)]
    assert len({answer.json()["MessageID"] for answer in answers}) == 40


async def test_no_answer_of_an_unexpected_failure_tells_what_failed(api, app):
    app.db.engine.dispose()
    with app.db.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE bounce_totals RENAME TO gone")
        connection.commit()
    answer = await api.get("/deliverystats")
    status, code, text = refusal(answer)
    assert (status, code) == (500, 101)
    assert re.fullmatch(r"An unexpected error occurred\. Error ID: [0-9a-f-]{36}", text)
