"""Managing webhooks. Source: spec webhooks 2.1 to 2.8, 2.10 to 2.12, 7 and 8."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from pillarbox.servers.store import tables as servers
from pillarbox.webhooks.model import Attempt, AttemptOutcome, Trigger
from pillarbox.webhooks.store import webhooks as store
from tests.contract.conftest import refusal

URL = "https://hooks.shop.example/pm/events?env=prod"
OFF = {
    "Open": {"Enabled": False, "PostFirstOpenOnly": False},
    "Click": {"Enabled": False},
    "Delivery": {"Enabled": False},
    "Bounce": {"Enabled": False, "IncludeContent": False},
    "SpamComplaint": {"Enabled": False, "IncludeContent": False},
    "SubscriptionChange": {"Enabled": False},
}
ALL_ON = {
    "Open": {"Enabled": True, "PostFirstOpenOnly": True},
    "Click": {"Enabled": True},
    "Delivery": {"Enabled": True},
    "Bounce": {"Enabled": True, "IncludeContent": True},
    "SpamComplaint": {"Enabled": True, "IncludeContent": True},
    "SubscriptionChange": {"Enabled": True},
}
TEXTS = {
    1350: "Webhooks cannot be managed on an archived message stream.",
    1351: "Webhooks are not supported on inbound streams. Set InboundHookUrl on the server instead.",
    1352: "The webhook for the provided 'ID' was not found.",
    1354: "The webhook 'Url' is missing or invalid.",
    1355: "A request body is required.",
    1356: "The webhook 'ID' must not be provided when creating a webhook.",
    1357: "The 'ID' and 'MessageStream' of a webhook cannot be changed.",
    1359: "The maximum number of webhooks for this message stream has been reached.",
    1362: "The 'status' parameter must be 'verified' or 'unverified'.",
    1363: "The 'Status' field cannot be provided.",
}


def refused(code: int) -> tuple[int, int, str]:
    return 422, code, TEXTS[code]


async def a_webhook(api, **fields):
    answer = await api.post("/webhooks", json={"Url": URL} | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def archive(app, slug):
    with app.db.transaction() as tx:
        tx.run(
            update(servers.streams)
            .where(servers.streams.c.slug == slug)
            .values(archived_at=app.clock.now())
        )


async def test_a_url_alone_makes_a_webhook_with_everything_off(api):
    made = await a_webhook(api)
    assert made == {
        "ID": made["ID"],
        "Url": URL,
        "MessageStream": "outbound",
        "Status": "verified",
        "HttpAuth": None,
        "HttpHeaders": [],
        "Triggers": OFF,
    }
    assert type(made["ID"]) is int
    assert 1_000_000 < made["ID"] < 2**31


async def test_all_fields_are_kept_and_shown_back(api):
    fields = {
        "Url": "http://user:p%40ss@hooks.shop.example:8443/a?b=c&d=%20",
        "MessageStream": "broadcast",
        "HttpAuth": {"Username": "pmhook", "Password": "l4ntern-Quay"},
        "HttpHeaders": [{"Name": "X-B", "Value": "1"}, {"Name": "X-A", "Value": "Schlüssel"}],
        "Triggers": ALL_ON,
    }
    made = await a_webhook(api, **fields)
    assert made == fields | {"ID": made["ID"], "Status": "verified"}
    assert (await api.get(f"/webhooks/{made['ID']}")).json() == made


async def test_names_in_any_case_nulls_and_unknown_members(api):
    answer = await api.post(
        "/webhooks/",
        json={
            "url": URL,
            "messagestream": None,
            "HTTPAUTH": None,
            "httpHeaders": None,
            "triggers": {"bounce": {"enabled": "True", "includecontent": True}, "Open": None},
            "Verify": None,
            "ID": None,
            "Status": None,
            "Wanted": 1,
        },
    )
    assert answer.status_code == 200
    bounce = {"Enabled": True, "IncludeContent": True}
    assert answer.json()["Triggers"] == OFF | {"Bounce": bounce}


async def test_an_empty_stream_is_the_default_one(api):
    assert (await a_webhook(api, MessageStream=""))["MessageStream"] == "outbound"
    assert (await a_webhook(api, MessageStream="Broadcast"))["MessageStream"] == "broadcast"


async def test_empty_credentials_are_none(api):
    assert (await a_webhook(api, HttpAuth={"Username": "", "Password": ""}))["HttpAuth"] is None
    half = await a_webhook(api, HttpAuth={"Username": "only"})
    assert half["HttpAuth"] == {"Username": "only", "Password": ""}


@pytest.mark.parametrize("trigger", list(ALL_ON))
@pytest.mark.parametrize("stream", ["outbound", "broadcast"])
async def test_every_trigger_on_every_stream_that_sends(api, stream, trigger):
    made = await a_webhook(api, MessageStream=stream, Triggers={trigger: ALL_ON[trigger]})
    assert made["Triggers"] == OFF | {trigger: ALL_ON[trigger]}


async def test_the_list_by_id_and_by_stream(api):
    assert (await api.get("/webhooks")).json() == {"Webhooks": []}
    first = await a_webhook(api)
    second = await a_webhook(api, MessageStream="broadcast")
    third = await a_webhook(api)
    for path in ("/webhooks", "/webhooks/", "/webhooks?MessageStream=", "/WEBHOOKS"):
        assert (await api.get(path)).json() == {"Webhooks": [first, second, third]}
    for name in ("MessageStream", "messageStream", "messagestream"):
        assert (await api.get("/webhooks", params={name: "broadcast"})).json() == {
            "Webhooks": [second]
        }
    assert (await api.get("/webhooks?MessageStream=inbound")).json() == {"Webhooks": []}


async def test_the_list_by_status(api):
    good, bad = await a_webhook(api), await a_webhook(api, Verify=False)
    assert (good["Status"], bad["Status"]) == ("verified", "unverified")
    assert (await api.get("/webhooks?status=Verified")).json() == {"Webhooks": [good]}
    assert (await api.get("/webhooks?Status=unverified")).json() == {"Webhooks": [bad]}
    assert refusal(await api.get("/webhooks?status=pending")) == refused(1362)


async def test_a_stream_that_does_not_exist(api):
    expected = (422, 1235, "The stream provided: 'nope' does not exist on this server.")
    assert refusal(await api.get("/webhooks?MessageStream=nope")) == expected
    answer = await api.post("/webhooks", json={"Url": URL, "MessageStream": "nope"})
    assert refusal(answer) == expected


async def test_an_inbound_stream(api):
    answer = await api.post("/webhooks", json={"Url": URL, "MessageStream": "inbound"})
    assert refusal(answer) == refused(1351)


async def test_an_archived_stream(api, app):
    made = await a_webhook(api, MessageStream="broadcast")
    archive(app, "broadcast")
    answer = await api.post("/webhooks", json={"Url": URL, "MessageStream": "broadcast"})
    assert refusal(answer) == refused(1350)
    path = f"/webhooks/{made['ID']}"
    assert refusal(await api.put(path, json={"Triggers": ALL_ON})) == refused(1350)
    assert (await api.get(path)).json() == made
    assert (await api.delete(path)).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "name", ["1", "abc", "-1", "1.5", "99999999999999999", "99999999999999999999"]
)
async def test_ids_that_are_none(api, method, name):
    body = {"Url": URL} if method == "PUT" else None
    assert refusal(await api.request(method, f"/webhooks/{name}", json=body)) == refused(1352)


@pytest.mark.parametrize("path", ["verify", "statistics"])
async def test_ids_that_are_none_below(api, path):
    method = "POST" if path == "verify" else "GET"
    for name in ("1", "abc"):
        assert refusal(await api.request(method, f"/webhooks/{name}/{path}")) == refused(1352)


async def test_deleting_twice(api):
    made = await a_webhook(api, Triggers=ALL_ON)
    path = f"/webhooks/{made['ID']}"
    answer = await api.delete(path)
    assert (answer.status_code, answer.json()) == (
        200,
        {"ErrorCode": 0, "Message": f"Webhook {made['ID']} removed."},
    )
    assert refusal(await api.delete(path)) == refused(1352)
    assert refusal(await api.get(path)) == refused(1352)
    assert refusal(await api.put(path, json={"Url": URL})) == refused(1352)
    assert (await a_webhook(api))["ID"] > made["ID"]


async def test_editing_merges_each_field_in_its_own_way(api):
    made = await a_webhook(
        api,
        HttpAuth={"Username": "u", "Password": "p"},
        HttpHeaders=[{"Name": "X-A", "Value": "1"}, {"Name": "X-B", "Value": "2"}],
        Triggers={"Bounce": {"Enabled": True, "IncludeContent": True}},
    )
    path = f"/webhooks/{made['ID']}"

    async def edit(**fields):
        answer = await api.put(path, json=fields)
        assert answer.status_code == 200, answer.text
        assert (await api.get(path)).json() == answer.json()
        return answer.json()

    assert await edit() == made
    assert await edit(Url=None, HttpAuth=None, HttpHeaders=None, Triggers=None) == made
    assert await edit(Triggers={}) == made

    made["Triggers"]["Click"] = {"Enabled": True}
    assert await edit(Triggers={"Click": {"Enabled": True}}) == made
    made["Triggers"]["Bounce"]["IncludeContent"] = False
    assert await edit(Triggers={"Bounce": {"IncludeContent": False}}) == made
    made["Triggers"]["Open"]["PostFirstOpenOnly"] = True
    assert await edit(Triggers={"Open": {"PostFirstOpenOnly": True}}) == made
    made["Triggers"]["Bounce"]["Enabled"] = False
    assert await edit(Triggers={"Bounce": {"Enabled": False}}) == made

    made["HttpHeaders"] = [{"Name": "X-C", "Value": "3"}]
    assert await edit(HttpHeaders=[{"Name": "X-C", "Value": "3"}]) == made
    made["HttpHeaders"] = []
    assert await edit(HttpHeaders=[]) == made

    made["HttpAuth"] = {"Username": "other", "Password": ""}
    assert await edit(HttpAuth={"Username": "other"}) == made
    made["HttpAuth"] = None
    assert await edit(HttpAuth={"Username": "", "Password": ""}) == made

    made["Url"] = "https://elsewhere.example/"
    assert await edit(Url="https://elsewhere.example/") == made


async def test_id_and_stream_cannot_be_changed(api):
    made = await a_webhook(api)
    path = f"/webhooks/{made['ID']}"
    for same in ({"ID": made["ID"]}, {"MessageStream": "outbound"}, {"MessageStream": ""}):
        assert (await api.put(path, json=same)).json() == made
    for other in ({"ID": made["ID"] + 1}, {"ID": 0}, {"MessageStream": "broadcast"}):
        assert refusal(await api.put(path, json=other)) == refused(1357)


@pytest.mark.parametrize("body", [b"", b" ", b"null"])
async def test_a_body_is_required(api, body):
    made = await a_webhook(api)
    headers = {"Content-Type": "application/json"}
    for method, path in (("POST", "/webhooks"), ("PUT", f"/webhooks/{made['ID']}")):
        answer = await api.request(method, path, content=body, headers=headers)
        assert refusal(answer) == refused(1355)


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        (b"{", 402, "Invalid JSON."),
        (b"[]", 403, "Invalid request field(s): $"),
        (b'{"Url":1}', 403, "Invalid request field(s): $.Url"),
        (b'{"ID":"x"}', 403, "Invalid request field(s): $.ID"),
        (b'{"HttpAuth":"x"}', 403, "Invalid request field(s): $.HttpAuth"),
        (b'{"HttpHeaders":{}}', 403, "Invalid request field(s): $.HttpHeaders"),
        (b'{"HttpHeaders":[{"Name":1}]}', 403, "Invalid request field(s): $.HttpHeaders[0].Name"),
        (b'{"Triggers":["Open"]}', 403, "Invalid request field(s): $.Triggers"),
        (b'{"Triggers":{"Open":true}}', 403, "Invalid request field(s): $.Triggers.Open"),
        (
            b'{"Triggers":{"Open":{"Enabled":1}}}',
            403,
            "Invalid request field(s): $.Triggers.Open.Enabled",
        ),
    ],
)
async def test_json_of_the_wrong_shape(api, body, code, text):
    made = await a_webhook(api)
    headers = {"Content-Type": "application/json"}
    for method, path in (("POST", "/webhooks"), ("PUT", f"/webhooks/{made['ID']}")):
        answer = await api.request(method, path, content=body, headers=headers)
        assert refusal(answer) == (422, code, text)


async def test_what_a_new_webhook_may_not_bring(api):
    assert refusal(await api.post("/webhooks", json={"Url": URL, "ID": 7})) == refused(1356)
    assert refusal(await api.post("/webhooks", json={"Url": URL, "Status": "verified"})) == refused(
        1363
    )
    made = await a_webhook(api)
    answer = await api.put(f"/webhooks/{made['ID']}", json={"Status": "verified"})
    assert refusal(answer) == refused(1363)


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks.example", "/relative", "//hooks.example/x", "ftp://hooks.example/", "https://",
        "https:///x", "http://hooks example/", "http://hooks.example/\r\nX: 1", "http://[::1", "http://a:b:c/",
        "http://hooks.example:99999/", "javascript:alert(1)", "file:///etc/passwd", "http://-.example./ ",
        f"https://hooks.example/{'x' * 1980}",
    ],
)  # fmt: skip
async def test_urls_that_are_none(api, url):
    assert refusal(await api.post("/webhooks", json={"Url": url})) == refused(1354)
    made = await a_webhook(api)
    answer = await api.put(f"/webhooks/{made['ID']}", json={"Url": url})
    assert refusal(answer) == refused(1354)


async def test_a_url_is_required(api):
    for body in ({}, {"Url": None}, {"Triggers": ALL_ON}):
        assert refusal(await api.post("/webhooks", json=body)) == refused(1354)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "api.localhost", "10.0.0.8", "172.16.3.4", "192.168.1.1:8080",
     "169.254.169.254", "[::1]", "[fd00::1]", "[fe80::1]", "[::ffff:127.0.0.1]", "[64:ff9b::a00:1]",
     "[2002:a00:1::]", "100.64.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "0.0.0.0",
     "u:p@127.0.0.1"],
)  # fmt: skip
async def test_urls_that_name_an_inner_address_are_refused(api, host):
    assert refusal(await api.post("/webhooks", json={"Url": f"http://{host}/hook"})) == refused(
        1354
    )


@pytest.mark.parametrize(
    "url",
    ["http://www.test.com", "https://example.com/a", "http://8.8.8.8/x", "https://hooks.example:8443/?a=b",
     f"https://hooks.example/{'x' * 1978}", "http://bücher.example/x", "HTTPS://Hooks.Example/",
     "http://actionmailbox:pw@rails.example/x", "http://internal-name/hook"],
)  # fmt: skip
async def test_urls_that_are_good(api, url):
    assert (await a_webhook(api, Url=url))["Url"] == url


@pytest.mark.parametrize(
    "name", ["", " ", "X A", "X:A", "X-A:", "X-\u00e4", "X\r\nEvil", "X\tA", "X\x7f", "X(A)"]
)
async def test_header_names_that_are_none(api, name):
    body = {"Url": URL, "HttpHeaders": [{"Name": name, "Value": "1"}]}
    expected = (422, 1358, f"The HTTP header name '{name}' is not valid.")
    assert refusal(await api.post("/webhooks", json=body)) == expected
    made = await a_webhook(api)
    del body["Url"]
    assert refusal(await api.put(f"/webhooks/{made['ID']}", json=body)) == expected


async def test_header_values_and_their_number(api):
    expected = (422, 1361, "The value of 'HttpHeaders' is not valid.")
    for value in ("a\r\nX-Evil: 1", "a\nb", "\x01", "x" * 8001):
        body = {"Url": URL, "HttpHeaders": [{"Name": "X-A", "Value": value}]}
        assert refusal(await api.post("/webhooks", json=body)) == expected
    headers = [{"Name": f"X-{number}", "Value": ""} for number in range(31)]
    body = {"Url": URL, "HttpHeaders": headers}
    assert refusal(await api.post("/webhooks", json=body)) == expected
    assert (await a_webhook(api, HttpHeaders=headers[:30]))["HttpHeaders"] == headers[:30]


async def test_a_trigger_that_does_not_exist(api):
    body = {"Url": URL, "Triggers": {"Inbound": {"Enabled": True}}}
    expected = (422, 1353, "The trigger 'Inbound' is not supported on this message stream.")
    assert refusal(await api.post("/webhooks", json=body)) == expected
    made = await a_webhook(api, Triggers={"Inbound": {"Enabled": False}, "SMTPApiError": None})
    assert made["Triggers"] == OFF
    answer = await api.put(f"/webhooks/{made['ID']}", json={"Triggers": body["Triggers"]})
    assert refusal(answer) == expected


async def test_ten_webhooks_a_stream(api):
    made = [await a_webhook(api) for _ in range(10)]
    answer = await api.post("/webhooks", json={"Url": URL})
    assert refusal(answer) == refused(1359)
    await a_webhook(api, MessageStream="broadcast")
    await api.delete(f"/webhooks/{made[3]['ID']}")
    await a_webhook(api)


async def test_the_order_of_checks(api):
    made = [await a_webhook(api) for _ in range(10)]
    wrong: dict[str, Any] = {
        "ID": 1,
        "Status": "x",
        "MessageStream": "inbound",
        "Url": "",
        "HttpHeaders": [{"Name": ""}],
        "Triggers": {"Nope": {"Enabled": True}},
    }
    expected = [1356, 1363, 1351, 1354, 1358, 1353, 1359]
    for code in expected:
        assert refusal(await api.post("/webhooks", json={"Url": URL} | wrong))[1] == code
        wrong = dict(list(wrong.items())[1:])
    path = f"/webhooks/{made[0]['ID']}"
    wrong = {"ID": 1, "Status": "x", "Url": "", "HttpHeaders": [{"Name": ""}]}
    for code in (1357, 1363, 1354, 1358):
        assert refusal(await api.put(path, json=wrong))[1] == code
        wrong = dict(list(wrong.items())[1:])


async def test_statistics_of_a_webhook_that_was_never_called(api, app):
    made = await a_webhook(api, Triggers=ALL_ON)
    app.clock.advance(timedelta(minutes=5))
    server_id = (await api.get("/server")).json()["ID"]
    nothing = {
        "TotalRequests": 0,
        "SuccessCount": 0,
        "FailureCount": 0,
        "RetryCount": 0,
        "SuccessRate": 0.0,
        "SlowCount": 0,
        "VerySlowCount": 0,
        "AverageTerminalResponseTimeMs": None,
        "AverageRetryResponseTimeMs": None,
    }
    assert (await api.get(f"/webhooks/{made['ID']}/statistics")).json() == {
        "WebhookId": made["ID"],
        "ServerId": server_id,
        "MessageStreamId": "outbound",
        "Url": URL,
        "Statuses": dict.fromkeys(ALL_ON, "verified"),
        "TimeRange": {
            "StartTime": "2026-03-03T14:20:02Z",
            "EndTime": "2026-03-04T14:20:02Z",
            "Hours": 24,
        },
        "Metrics": nothing,
        "MetricsByTrigger": {},
    }


async def test_statistics_count_the_last_day(api, app):
    made = await a_webhook(api)
    other = await a_webhook(api)
    now = app.clock.now()

    def attempt(trigger, outcome, ms, hours=1.0, webhook_id=made["ID"]):
        return Attempt(
            webhook_id=webhook_id,
            trigger=trigger,
            at=now - timedelta(hours=hours),
            outcome=outcome,
            duration_ms=ms,
        )

    success, failure, retry = AttemptOutcome
    with app.db.transaction() as tx:
        store.count_attempts(tx, [])
        store.count_attempts(
            tx,
            [
                attempt(Trigger.DELIVERY, success, 100),
                attempt(Trigger.DELIVERY, success, 2001, hours=23.9),
                attempt(Trigger.DELIVERY, success, 5, hours=25),
                attempt(Trigger.BOUNCE, failure, 10_001),
                attempt(Trigger.BOUNCE, retry, 40),
                attempt(Trigger.BOUNCE, success, 1, webhook_id=other["ID"]),
            ],
        )
        store.count_attempts(tx, [attempt(Trigger.BOUNCE, retry, 61, hours=1)])
    shown = (await api.get(f"/webhooks/{made['ID']}/statistics")).json()
    assert shown["Metrics"] == {
        "TotalRequests": 5,
        "SuccessCount": 2,
        "FailureCount": 1,
        "RetryCount": 2,
        "SuccessRate": 66.7,
        "SlowCount": 2,
        "VerySlowCount": 1,
        "AverageTerminalResponseTimeMs": 4034,
        "AverageRetryResponseTimeMs": 50,
    }
    assert list(shown["MetricsByTrigger"]) == ["Delivery", "Bounce"]
    assert shown["MetricsByTrigger"]["Delivery"] == {
        "TotalRequests": 2,
        "SuccessCount": 2,
        "FailureCount": 0,
        "RetryCount": 0,
        "SuccessRate": 100.0,
        "SlowCount": 1,
        "VerySlowCount": 0,
        "AverageTerminalResponseTimeMs": 1050,
        "AverageRetryResponseTimeMs": None,
    }


async def test_passwords_are_never_logged(api, caplog):
    caplog.set_level("DEBUG")
    secret = "l4ntern-Quay"
    fields = {"HttpAuth": {"Username": "u", "Password": secret}}
    made = await a_webhook(
        api,
        **fields,
        Url=f"https://u:{secret}@hooks.example/",
        HttpHeaders=[{"Name": "X-Key", "Value": secret}],
    )
    await api.put(f"/webhooks/{made['ID']}", json=fields | {"Status": "x"})
    assert secret not in caplog.text
