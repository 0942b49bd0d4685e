"""Servers through the API. Source: spec servers-and-streams 1 to 3, 6 and 7."""

import re
from typing import Any

import httpx
import pytest

from pillarbox.app import App
from pillarbox.servers.store import servers
from tests.conftest import SERVER_TOKEN
from tests.contract.conftest import refusal
from tests.doubles.dns import SERVFAIL, DnsZone

MEMBERS = [
    "ID",
    "Name",
    "ApiTokens",
    "Color",
    "SmtpApiActivated",
    "RawEmailEnabled",
    "DeliveryType",
    "ServerLink",
    "InboundAddress",
    "InboundHookUrl",
    "BounceHookUrl",
    "OpenHookUrl",
    "DeliveryHookUrl",
    "PostFirstOpenOnly",
    "InboundDomain",
    "InboundHash",
    "InboundSpamThreshold",
    "TrackOpens",
    "TrackLinks",
    "IncludeBounceContentInHook",
    "ClickHookUrl",
    "EnableSmtpApiErrorHooks",
]
DEFAULTS: dict[str, Any] = {
    "Color": "Blue",
    "SmtpApiActivated": True,
    "RawEmailEnabled": False,
    "DeliveryType": "Live",
    "InboundHookUrl": "",
    "BounceHookUrl": "",
    "OpenHookUrl": "",
    "DeliveryHookUrl": "",
    "PostFirstOpenOnly": False,
    "InboundDomain": "",
    "InboundSpamThreshold": 0,
    "TrackOpens": False,
    "TrackLinks": "None",
    "IncludeBounceContentInHook": False,
    "ClickHookUrl": "",
    "EnableSmtpApiErrorHooks": False,
}
CHANGED: dict[str, Any] = {
    "Name": "Orchard production",
    "Color": "green",
    "SmtpApiActivated": False,
    "RawEmailEnabled": True,
    "InboundHookUrl": "https://user:secret@app.orchard.example/hooks/inbound?x=1",
    "BounceHookUrl": "http://app.orchard.example/bounce",
    "OpenHookUrl": "http://app.orchard.example:8080/open",
    "DeliveryHookUrl": "https://8.8.8.8/delivery",
    "ClickHookUrl": "https://[2606:4700::1111]/click",
    "PostFirstOpenOnly": True,
    "InboundSpamThreshold": 9,
    "TrackOpens": True,
    "TrackLinks": "HtmlAndText",
    "IncludeBounceContentInHook": True,
    "EnableSmtpApiErrorHooks": True,
}
NOT_FOUND = (404, 601, "Server does not exist.")
NO_DATA = (422, 609, "No server data received.")
NAME = (422, 608, "Invalid server name.")
COLOR = (422, 607, "Invalid server color.")
THRESHOLD = (422, 611, "Invalid 'InboundSpamThreshold'. Use a number between 0 and 30.")
LINKS = (422, 612, "Invalid 'TrackLinks' value. Use None, HtmlAndText, HtmlOnly or TextOnly.")
NO_MX = (422, 610, "No MX record found for this inbound domain.")
BAD_PAGE = (422, 600, "You must provide 'count' (1 to 500) and 'offset' (0 or greater).")


def bad_url(field: str) -> tuple[int, int, str]:
    return 422, 606, f"Invalid webhook URL: '{field}'."


BAD_VALUES = [
    ({"Name": ""}, NAME),
    ({"Name": " \t"}, NAME),
    ({"Name": "x" * 256}, NAME),
    ({"Color": "ggrey"}, COLOR),
    ({"Color": "Pink"}, COLOR),
    ({"InboundHookUrl": "ftp://a.example/"}, bad_url("InboundHookUrl")),
    ({"BounceHookUrl": "a.example/path"}, bad_url("BounceHookUrl")),
    ({"OpenHookUrl": "http://"}, bad_url("OpenHookUrl")),
    ({"DeliveryHookUrl": "http://a.example:port/"}, bad_url("DeliveryHookUrl")),
    ({"ClickHookUrl": "https://a.example/ b"}, bad_url("ClickHookUrl")),
    ({"ClickHookUrl": "http://127.0.0.1/"}, bad_url("ClickHookUrl")),
    ({"InboundHookUrl": "http://10.1.2.3/"}, bad_url("InboundHookUrl")),
    ({"InboundHookUrl": "http://localhost:3000/"}, bad_url("InboundHookUrl")),
    ({"InboundHookUrl": "http://169.254.169.254/latest"}, bad_url("InboundHookUrl")),
    ({"InboundHookUrl": "http://[::1]/"}, bad_url("InboundHookUrl")),
    ({"InboundHookUrl": "http://127.1/"}, bad_url("InboundHookUrl")),
    ({"InboundHookUrl": "http://0x7f000001/"}, bad_url("InboundHookUrl")),
    ({"InboundHookUrl": "http://2130706433/"}, bad_url("InboundHookUrl")),
    ({"InboundSpamThreshold": -1}, THRESHOLD),
    ({"InboundSpamThreshold": 31}, THRESHOLD),
    ({"TrackLinks": "HtmlAndTextTracking"}, LINKS),
    ({"TrackLinks": "Everything"}, LINKS),
    (
        {"InboundSpamThreshold": "many"},
        (422, 403, "Invalid request field(s): $.InboundSpamThreshold"),
    ),
    ({"TrackOpens": 1}, (422, 403, "Invalid request field(s): $.TrackOpens")),
    ({"Name": 5}, (422, 403, "Invalid request field(s): $.Name")),
    ({"Name": "", "Color": "Pink"}, NAME),
    ({"Color": "Pink", "InboundHookUrl": "x"}, COLOR),
    ({"InboundHookUrl": "x", "InboundDomain": "no_domain"}, bad_url("InboundHookUrl")),
    ({"InboundDomain": "no_domain", "InboundSpamThreshold": 31}, NO_MX),
    ({"InboundSpamThreshold": 31, "TrackLinks": "x"}, THRESHOLD),
]


@pytest.fixture
async def zone():
    async with DnsZone(
        {
            "mail.orchard.example": {"MX": ["10 other.example.", "20 Inbound.Pillarbox.example."]},
            "post.orchard.example": {"MX": ["5 pillarbox.example."]},
            "other.example": {"MX": ["10 mx.other.example."]},
            "null.example": {"MX": ["0 ."]},
            "none.example": {"A": ["192.0.2.1"]},
            "broken.example": {"MX": SERVFAIL},
        }
    ) as served:
        yield served


@pytest.fixture
def options() -> dict[str, str]:
    """Settings of the installation that a test changes."""
    return {}


@pytest.fixture
def settings(settings, zone, options):
    return lambda **changes: settings(dns_servers=zone.address, **options, **changes)


async def create(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await api.post("/servers", json=values)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_the_first_server_has_all_members(api):
    shown = (await api.get("/server")).json()
    assert list(shown) == MEMBERS
    assert shown["ApiTokens"] == [SERVER_TOKEN]
    assert {name: shown[name] for name in DEFAULTS} == DEFAULTS


async def test_a_new_server_has_defaults_a_token_and_three_streams(api):
    made = await create(api, Name="Orchard")
    assert list(made) == MEMBERS
    assert {name: made[name] for name in DEFAULTS} == DEFAULTS
    assert made["Name"] == "Orchard"
    assert re.fullmatch("[0-9a-f]{32}", made["InboundHash"])
    assert made["InboundAddress"] == f"{made['InboundHash']}@inbound.pillarbox.example"
    assert made["ServerLink"] == f"http://127.0.0.1:8025/servers/{made['ID']}/streams"
    (token,) = made["ApiTokens"]
    own = {"X-Postmark-Server-Token": token}
    assert (await api.get("/server", headers=own)).json() == made
    streams = (await api.get("/message-streams", headers=own)).json()
    assert [stream["ID"] for stream in streams["MessageStreams"]] == [
        "outbound",
        "broadcast",
        "inbound",
    ]


async def test_a_new_server_takes_every_setting(api):
    made = await create(api, **CHANGED, DeliveryType="sandbox")
    assert {name: made[name] for name in CHANGED} == CHANGED
    assert made["DeliveryType"] == "Sandbox"
    assert (await api.get(f"/servers/{made['ID']}")).json() == made


@pytest.mark.parametrize("path", ["/server", "/servers/{id}"])
async def test_an_edit_changes_what_is_given_and_nothing_else(api, server, path):
    path = path.format(id=server.id)
    before = (await api.get(path)).json()
    for name, value in CHANGED.items():
        answer = await api.put(path, json={name: value})
        before |= {name: value}
        assert answer.json() == before
        assert (await api.get("/server")).json() == before
    unset = dict.fromkeys(CHANGED)
    assert (await api.put(path, json=unset)).json() == before
    assert (await api.put(path, json={})).json() == before


async def test_an_edit_ignores_what_cannot_be_written(api, server):
    before = (await api.get("/server")).json()
    for path in ("/server", f"/servers/{server.id}"):
        sent = before | {
            "ID": 5,
            "ApiTokens": [],
            "ServerLink": "x",
            "InboundAddress": "x@y",
            "InboundHash": "x",
            "DeliveryType": "Sandbox",
            "Unknown": 1,
        }
        assert (await api.put(path, json=sent)).json() == before


@pytest.mark.parametrize("field", [name for name in CHANGED if name.endswith("HookUrl")])
async def test_an_empty_text_clears_a_hook(api, field):
    await api.put("/server", json={field: CHANGED[field]})
    assert (await api.put("/server", json={field: ""})).json()[field] == ""


async def test_an_empty_color_or_choice_counts_as_not_given(api):
    empty = {"Color": "", "TrackLinks": "", "DeliveryType": ""}
    made = (await api.post("/servers", json={"Name": "Go"} | empty)).json()
    assert (made["Color"], made["TrackLinks"], made["DeliveryType"]) == ("Blue", "None", "Live")
    path = f"/servers/{made['ID']}"
    before = (await api.put(path, json={"Color": "red", "TrackLinks": "TextOnly"})).json()
    assert (await api.put(path, json=empty)).json() == before


@pytest.mark.parametrize(("values", "expected"), BAD_VALUES)
async def test_values_that_are_refused(api, server, values, expected):
    before = (await api.get("/servers", params={"count": 500, "offset": 0})).json()
    assert refusal(await api.put("/server", json=values)) == expected
    assert refusal(await api.put(f"/servers/{server.id}", json=values)) == expected
    assert refusal(await api.post("/servers", json={"Name": "New"} | values)) == expected
    assert (await api.get("/servers", params={"count": 500, "offset": 0})).json() == before


@pytest.mark.parametrize("content", [b"", b"null"])
async def test_a_body_that_is_missing(api, server, content):
    json = {"Content-Type": "application/json"}
    for method, path in (
        ("PUT", "/server"),
        ("PUT", f"/servers/{server.id}"),
        ("POST", "/servers"),
    ):
        assert refusal(await api.request(method, path, content=content, headers=json)) == NO_DATA
        assert refusal(await api.request(method, path, content=b"{", headers=json)) == (
            422,
            402,
            "Invalid JSON.",
        )


async def test_a_new_server_needs_a_name(api):
    for values in ({}, {"Name": None}, {"Name": ""}):
        assert refusal(await api.post("/servers", json=values)) == NAME


async def test_a_delivery_type_there_is_not(api):
    answer = await api.post("/servers", json={"Name": "New", "DeliveryType": "Carrier"})
    assert refusal(answer) == (422, 613, "Invalid 'DeliveryType' value. Use Live or Sandbox.")


@pytest.mark.parametrize(
    "color", ["Purple", "Blue", "Turquoise", "Green", "Red", "Yellow", "Grey", "Orange"]
)
async def test_a_color_comes_back_as_it_was_stored(api, color):
    for text in (color, color.lower(), color.upper()):
        assert (await api.put("/server", json={"Color": text})).json()["Color"] == text


async def test_the_misspelt_color(api):
    for text in ("Turqoise", "turqoise"):
        assert (await api.put("/server", json={"Color": text})).json()["Color"] == "Turquoise"


@pytest.mark.parametrize("word", ["None", "HtmlAndText", "HtmlOnly", "TextOnly"])
async def test_track_links_in_any_case(api, word):
    assert (await api.put("/server", json={"TrackLinks": word.lower()})).json()[
        "TrackLinks"
    ] == word


@pytest.mark.parametrize("number", [0, 9, 30])
async def test_any_whole_spam_threshold_up_to_30(api, number):
    edited = await api.put("/server", json={"InboundSpamThreshold": number})
    assert edited.json()["InboundSpamThreshold"] == number


async def test_a_name_is_used_once(api, server):
    taken = (422, 603, "This server name already exists.")
    made = await create(api, Name="Orchard")
    assert refusal(await api.post("/servers", json={"Name": "Orchard"})) == taken
    assert refusal(await api.put("/server", json={"Name": "Orchard"})) == taken
    assert refusal(await api.put(f"/servers/{server.id}", json={"Name": "Orchard"})) == taken
    again = await api.put(f"/servers/{made['ID']}", json={"Name": "Orchard"})
    assert again.json() == made
    assert (await create(api, Name="x" * 255))["Name"] == "x" * 255


async def test_an_inbound_domain_whose_mx_comes_here(api):
    for domain in ("mail.orchard.example", "POST.orchard.example."):
        edited = await api.put("/server", json={"InboundDomain": domain})
        assert edited.json()["InboundDomain"] == domain.lower().removesuffix(".")
    assert (await api.put("/server", json={"InboundDomain": ""})).json()["InboundDomain"] == ""


@pytest.mark.parametrize(
    "domain",
    ["other.example", "null.example", "none.example", "broken.example", "unknown.example", "nodot"],
)
async def test_an_inbound_domain_whose_mx_does_not(api, server, domain):
    values = {"InboundDomain": domain}
    assert refusal(await api.put("/server", json=values)) == NO_MX
    assert refusal(await api.put(f"/servers/{server.id}", json=values)) == NO_MX
    assert refusal(await api.post("/servers", json={"Name": "New"} | values)) == NO_MX


async def test_a_domain_that_is_set_is_not_looked_up_again(api, zone):
    values = {"InboundDomain": "mail.orchard.example"}
    await api.put("/server", json=values)
    zone.zone.clear()
    zone.queries.clear()
    assert (await api.put("/server", json=values)).status_code == 200
    assert zone.queries == []


async def test_an_mx_record_is_looked_up_anew_after_a_refusal(api, zone):
    values = {"InboundDomain": "late.example"}
    assert refusal(await api.put("/server", json=values)) == NO_MX
    zone.zone["late.example"] = {"MX": ["10 inbound.pillarbox.example."]}
    assert (await api.put("/server", json=values)).status_code == 200


@pytest.mark.parametrize(
    "domain", ["inbound.pillarbox.example", "a.INBOUND.pillarbox.example", "pillarbox.example"]
)
async def test_an_inbound_domain_of_the_service_itself(api, domain):
    assert refusal(await api.put("/server", json={"InboundDomain": domain})) == NAME


async def test_an_inbound_domain_is_used_once(api):
    taken = (422, 602, "This inbound domain is already in use.")
    values = {"InboundDomain": "mail.orchard.example"}
    await create(api, Name="Orchard", **values)
    assert refusal(await api.put("/server", json=values)) == taken
    assert refusal(await api.post("/servers", json={"Name": "Second"} | values)) == taken


class TestWithOtherSettings:
    @pytest.fixture
    def options(self) -> dict[str, str]:
        return {
            "inbound_mx_check": "off",
            "server_removal": "off",
            "max_servers": "2",
            "egress_allow": "127.0.0.0/8",
        }

    async def test_mx_records_are_not_looked_up(self, api, zone):
        edited = await api.put("/server", json={"InboundDomain": "other.example"})
        assert edited.json()["InboundDomain"] == "other.example"
        assert zone.queries == []

    async def test_servers_cannot_be_removed(self, api, server):
        assert refusal(await api.delete(f"/servers/{server.id}")) == (
            422,
            604,
            "You do not have permission to delete servers using the API.",
        )

    async def test_there_are_at_most_so_many(self, api):
        await create(api, Name="Second")
        assert refusal(await api.post("/servers", json={"Name": "Third"})) == (
            422,
            614,
            "Your account has reached its server limit.",
        )

    async def test_hooks_may_lead_where_webhooks_may_go(self, api):
        for url in ("http://localhost:3000/", "http://127.0.0.1/"):
            assert (await api.put("/server", json={"OpenHookUrl": url})).json()[
                "OpenHookUrl"
            ] == url


async def list_names(api: httpx.AsyncClient, **query: Any) -> tuple[int, list[str]]:
    answer = await api.get("/servers", params={"count": 500, "offset": 0} | query)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert list(shown) == ["TotalCount", "Servers"]
    assert all(list(one) == MEMBERS for one in shown["Servers"])
    return shown["TotalCount"], [one["Name"] for one in shown["Servers"]]


async def test_the_list_goes_by_name_in_pages(api):
    for name in ("zebra", "Apple", "melon"):
        await create(api, Name=name)
    everything = ["Apple", "melon", "My First Server", "zebra"]
    assert await list_names(api) == (4, everything)
    assert await list_names(api, count=2) == (4, everything[:2])
    assert await list_names(api, count=2, offset=3) == (4, everything[3:])
    assert await list_names(api, count=1, offset=4) == (4, [])


async def test_the_list_by_a_part_of_the_name_in_any_case(api):
    for name in ("Ärger 100%", "ärmel", "a_b"):
        await create(api, Name=name)
    assert await list_names(api, name="FIRST") == (1, ["My First Server"])
    assert await list_names(api, name="ÄR") == (2, ["Ärger 100%", "ärmel"])
    assert await list_names(api, name="%") == (1, ["Ärger 100%"])
    assert await list_names(api, name="_") == (1, ["a_b"])
    assert await list_names(api, name="nowhere") == (0, [])
    assert (await list_names(api, name=""))[0] == 4


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"count": 1},
        {"offset": 0},
        {"count": 0, "offset": 0},
        {"count": -1, "offset": 0},
        {"count": 501, "offset": 0},
        {"count": 1, "offset": -1},
        {"count": "x", "offset": 0},
        {"count": 1, "offset": "x"},
    ],
)
async def test_pages_that_there_are_not(api, query):
    assert refusal(await api.get("/servers", params=query)) == BAD_PAGE


async def test_the_list_has_the_tokens_of_each(api, server):
    made = await create(api, Name="Apple")
    shown = (await api.get("/servers", params={"count": 10, "offset": 0})).json()["Servers"]
    assert [one["ApiTokens"] for one in shown] == [made["ApiTokens"], [SERVER_TOKEN]]


@pytest.mark.parametrize("number", ["1", "999999", "999999999999999999", "abc", "-1", "1.5"])
async def test_a_server_that_does_not_exist(api, number):
    assert refusal(await api.get(f"/servers/{number}")) == NOT_FOUND
    assert refusal(await api.put(f"/servers/{number}", json={"Name": ""})) == NOT_FOUND
    assert refusal(await api.delete(f"/servers/{number}")) == NOT_FOUND


async def test_a_deleted_server_is_gone_at_once(api):
    made = await create(api, Name="Orchard")
    own = {"X-Postmark-Server-Token": made["ApiTokens"][0]}
    message = {"From": "a@a.example", "To": "b@b.example", "TextBody": "x"}
    assert (await api.post("/email", json=message, headers=own)).status_code == 200

    answer = await api.delete(f"/servers/{made['ID']}")
    assert answer.status_code == 200
    assert answer.json() == {"ErrorCode": 0, "Message": "Server Orchard removed."}

    no_token = (401, 10, "Request does not contain a valid Server token.")
    assert refusal(await api.post("/email", json=message, headers=own)) == no_token
    assert refusal(await api.get("/server", headers=own)) == no_token
    assert refusal(await api.get(f"/servers/{made['ID']}")) == NOT_FOUND
    assert refusal(await api.delete(f"/servers/{made['ID']}")) == NOT_FOUND
    assert await list_names(api) == (1, ["My First Server"])
    again = await create(api, Name="Orchard")
    assert again["ID"] != made["ID"]


async def test_a_bodyless_delete_may_have_any_body(api):
    for content in (b"", b"null", b"{}"):
        made = await create(api, Name="Orchard")
        answer = await api.request(
            "DELETE",
            f"/servers/{made['ID']}",
            content=content,
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 200


async def test_the_last_server_can_be_deleted_and_another_created(api, app: App, server):
    assert (await api.delete(f"/servers/{server.id}")).status_code == 200
    assert await list_names(api) == (0, [])
    made = await create(api, Name="Next")
    assert made["ID"] == server.id + 1
    found = await app.db.read(lambda tx: servers.find(tx, made["ID"]))
    assert found is not None
    assert {stream.key for stream in found.streams.values()}.isdisjoint(
        stream.key for stream in server.streams.values()
    )


async def test_any_case_of_paths_and_names(api, server):
    for path in ("/Server/", "/SERVER", f"/Servers/{server.id}/"):
        assert (await api.put(path, json={"trackOpens": True})).json()["TrackOpens"] is True
    shown = await api.get("/SERVERS/", params={"Count": 1, "OFFSET": 0, "Name": "first"})
    assert shown.json()["TotalCount"] == 1


async def test_php_sends_camel_case_and_all_members(api):
    values = {
        "name": "PHP",
        "color": "purple",
        "rawEmailEnabled": True,
        "smtpApiActivated": None,
        "inboundHookUrl": None,
        "bounceHookUrl": None,
        "openHookUrl": None,
        "postFirstOpenOnly": None,
        "inboundDomain": None,
        "inboundSpamThreshold": 5,
        "trackOpens": None,
        "trackLinks": "htmlOnly",
        "deliveryType": None,
    }
    made = await create(api, **values)
    assert (made["Name"], made["Color"], made["RawEmailEnabled"]) == ("PHP", "purple", True)
    assert (made["InboundSpamThreshold"], made["TrackLinks"]) == (5, "HtmlOnly")
    assert (made["DeliveryType"], made["SmtpApiActivated"]) == ("Live", True)


async def test_a_body_of_another_type(api, server):
    for method, path in (
        ("PUT", "/server"),
        ("PUT", f"/servers/{server.id}"),
        ("POST", "/servers"),
    ):
        answer = await api.request(
            method, path, content=b'{"Name":"x"}', headers={"Content-Type": "text/plain"}
        )
        assert refusal(answer)[:2] == (415, 409)
