"""Domains. Source: spec domains-and-signatures 1, 2, 5 and 6."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from pillarbox import roles
from pillarbox.app import App
from pillarbox.domains import store
from pillarbox.domains.model import SAFE_AFTER
from tests.conftest import SetClock, Settings
from tests.contract.conftest import refusal
from tests.doubles.dns import SERVFAIL, DnsZone

NOT_FOUND = (422, 510, "This domain was not found.")
IN_RENEWAL = (422, 505, "This DKIM is already being renewed.")
NEVER = 2_000_000_000
PUBLIC_KEY = r"k=rsa; p=MII[A-Za-z0-9+/=]{300,}"


@pytest.fixture
async def zone() -> AsyncIterator[DnsZone]:
    async with DnsZone() as zone:
        yield zone


@pytest.fixture
async def app(settings: Settings, clock: SetClock, zone: DnsZone) -> AsyncIterator[App]:
    """An App that asks the zone."""
    made = settings(
        dns_servers=zone.address,
        spf_include="spf.mtasv.net",
        return_path_host="pm.mtasv.net",
        tracking_host="track.mtasv.net",
    )
    made.data_dir.mkdir(exist_ok=True)
    opened, _ = roles.open_app(made, clock)
    yield opened
    await opened.resolver.close()
    opened.db.stop()


async def create(api: httpx.AsyncClient, name: str = "new.example.com", **more: Any) -> Any:
    answer = await api.post("/domains", json={"Name": name} | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def get(api: httpx.AsyncClient, domain: Any) -> Any:
    return (await api.get(f"/domains/{domain['ID']}")).json()


def publish(zone: DnsZone, domain: Any) -> None:
    """Put the pending key into DNS."""
    zone.zone[domain["DKIMPendingHost"]] = {"TXT": [domain["DKIMPendingTextValue"]]}


async def verify(api: httpx.AsyncClient, domain: Any, what: str = "verifyDkim") -> Any:
    answer = await api.put(f"/domains/{domain['ID']}/{what}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def keys_of(domain: Any) -> dict[str, Any]:
    """The columns of the table in 1.3."""
    return {
        "host": domain["DKIMHost"],
        "text": domain["DKIMTextValue"],
        "pending": domain["DKIMPendingHost"],
        "pending_text": domain["DKIMPendingTextValue"],
        "revoked": domain["DKIMRevokedHost"],
        "revoked_text": domain["DKIMRevokedTextValue"],
        "status": domain["DKIMUpdateStatus"],
        "verified": domain["DKIMVerified"],
        "safe": domain["SafeToRemoveRevokedKeyFromDNS"],
    }


async def test_a_new_domain_has_a_key_that_waits(api):
    domain = await create(api)
    text = domain.pop("DKIMPendingTextValue")
    assert re.fullmatch(PUBLIC_KEY, text)
    assert isinstance(domain.pop("ID"), int)
    assert list(domain.items()) == list(
        {
            "Name": "new.example.com",
            "SPFVerified": False,
            "SPFHost": "new.example.com",
            "SPFTextValue": "v=spf1 a mx include:spf.mtasv.net ~all",
            "DKIMVerified": False,
            "WeakDKIM": False,
            "DKIMHost": "",
            "DKIMTextValue": "",
            "DKIMPendingHost": "20260304141502pm._domainkey.new.example.com",
            "DKIMRevokedHost": "",
            "DKIMRevokedTextValue": "",
            "SafeToRemoveRevokedKeyFromDNS": False,
            "DKIMUpdateStatus": "Pending",
            "ReturnPathDomain": "",
            "ReturnPathDomainVerified": False,
            "ReturnPathDomainCNAMEValue": "pm.mtasv.net",
            "CustomTrackingDomain": "",
            "CustomTrackingVerified": False,
            "CustomTrackingDomainCNAMEValue": "",
        }.items()
    )


async def test_get_answers_what_create_did(api):
    domain = await create(api)
    assert await get(api, domain) == domain


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (None, (422, 514, "Name is a required field to create a Domain.")),
        ("", (422, 514, "Name is a required field to create a Domain.")),
        (" ", (422, 514, "Name is a required field to create a Domain.")),
        ("a" * 256, (422, 515, "Name field must be less than or equal to 255 characters.")),
        ("notadomain", (422, 516, "Name format is invalid.")),
        ("thisisntadomain", (422, 516, "Name format is invalid.")),
        ("jp@example.com", (422, 516, "Name format is invalid.")),
        ("http://example.com", (422, 516, "Name format is invalid.")),
        ("-a.example.com", (422, 516, "Name format is invalid.")),
        ("a..example.com", (422, 516, "Name format is invalid.")),
        ("192.0.2.1", (422, 516, "Name format is invalid.")),
        ("under_score.example.com", (422, 516, "Name format is invalid.")),
        (f"{'a' * 64}.example.com", (422, 516, "Name format is invalid.")),
        (".".join(["a" * 50] * 5), (422, 516, "Name format is invalid.")),
        ("gmail.com", (422, 503, "You can't use public domain emails or public domains.")),
        ("GoogleMail.com", (422, 503, "You can't use public domain emails or public domains.")),
    ],
)
async def test_names_that_are_refused(api, name, problem):
    assert refusal(await api.post("/domains", json={"Name": name})) == problem


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("EXAMPLE.com", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        (" a.test ", "a.test"),
    ],
)
async def test_names_are_kept_in_lower_case_ascii(api, name, shown):
    assert (await create(api, name))["Name"] == shown


async def test_a_name_is_registered_once(api):
    await create(api, "Example.com")
    answer = await api.post("/domains", json={"Name": "example.COM"})
    assert refusal(answer) == (422, 512, "Domain already exists.")


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_body_is_needed(api, method):
    path = "/domains" if method == "POST" else f"/domains/{(await create(api))['ID']}"
    for content in (b"", b" ", b"null"):
        answer = await api.request(
            method, path, content=content, headers={"Content-Type": "application/json"}
        )
        assert refusal(answer) == (422, 511, "Invalid fields supplied.")
    answer = await api.request(method, path, json={"ReturnPathDomain": 1})
    assert refusal(answer) == (422, 403, "Invalid request field(s): $.ReturnPathDomain")


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("ReturnPathDomain", "example.com", (422, 522, "ReturnPathDomain is invalid.")),
        ("ReturnPathDomain", "pm.example.org", (422, 522, "ReturnPathDomain is invalid.")),
        ("ReturnPathDomain", "pmexample.com", (422, 522, "ReturnPathDomain is invalid.")),
        ("ReturnPathDomain", "no domain", (422, 522, "ReturnPathDomain is invalid.")),
        (
            "ReturnPathDomain",
            "a" * 256,
            (422, 521, "ReturnPathDomain field must be less than or equal to 255 characters."),
        ),
        ("CustomTrackingDomain", "t.example.org", (422, 522, "CustomTrackingDomain is invalid.")),
        (
            "CustomTrackingDomain",
            "a" * 256,
            (422, 521, "CustomTrackingDomain field must be less than or equal to 255 characters."),
        ),
    ],
)
async def test_hosts_must_be_below_the_domain(api, field, value, problem):
    answer = await api.post("/domains", json={"Name": "example.com", field: value})
    assert refusal(answer) == problem
    domain = await create(api, "example.com")
    answer = await api.put(f"/domains/{domain['ID']}", json={field: value})
    assert refusal(answer) == problem
    assert await get(api, domain) == domain


async def test_create_takes_the_hosts_along(api):
    domain = await create(
        api, "example.com", ReturnPathDomain="PM.example.com", CustomTrackingDomain="t.example.com"
    )
    assert (domain["ReturnPathDomain"], domain["CustomTrackingDomain"]) == (
        "pm.example.com",
        "t.example.com",
    )
    assert domain["CustomTrackingDomainCNAMEValue"] == "track.mtasv.net"


@pytest.mark.parametrize("field", ["ReturnPathDomain", "CustomTrackingDomain"])
async def test_edit_sets_leaves_and_clears(api, field):
    domain = await create(api, "example.com")
    path = f"/domains/{domain['ID']}"

    async def edit(body: Any) -> Any:
        answer = await api.put(path, json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json() == await get(api, domain)
        return answer.json()[field]

    assert await edit({field: "x.example.com"}) == "x.example.com"
    assert await edit({field: None}) == "x.example.com"
    assert await edit({"Name": "other.example"}) == "x.example.com"
    assert await edit({}) == "x.example.com"
    assert await edit({field[0].lower() + field[1:]: "y.example.com"}) == "y.example.com"
    assert await edit({field: ""}) == ""
    assert (await get(api, domain))["Name"] == "example.com"


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("", (422, 500, "The 'count' parameter is required and must be a positive integer.")),
        (
            "?offset=0",
            (422, 500, "The 'count' parameter is required and must be a positive integer."),
        ),
        (
            "?count=0&offset=0",
            (422, 500, "The 'count' parameter is required and must be a positive integer."),
        ),
        (
            "?count=x&offset=0",
            (422, 500, "The 'count' parameter is required and must be a positive integer."),
        ),
        (
            "?count=1",
            (422, 500, "The 'offset' parameter is required and must be a non-negative integer."),
        ),
        (
            "?count=1&offset=-1",
            (422, 500, "The 'offset' parameter is required and must be a non-negative integer."),
        ),
        ("?count=501&offset=0", (422, 500, "You may only request up to 500 domains per call.")),
    ],
)
async def test_the_list_demands_a_page(api, query, problem):
    assert refusal(await api.get(f"/domains{query}")) == problem


async def test_the_list_pages(api, zone):
    new = [await create(api, f"{word}.example.com") for word in ("c", "a", "b")]
    made = sorted(new, key=lambda domain: domain["Name"])
    publish(zone, made[1])
    await verify(api, made[1])
    await api.post(f"/domains/{made[1]['ID']}/verifyspf")
    answer = (await api.get("/domains/?Count=500&offset=0")).json()
    assert answer == {
        "TotalCount": 3,
        "Domains": [
            {
                "ID": domain["ID"],
                "Name": domain["Name"],
                "SPFVerified": domain is made[1],
                "DKIMVerified": domain is made[1],
                "WeakDKIM": False,
                "ReturnPathDomainVerified": False,
                "CustomTrackingVerified": False,
            }
            for domain in made
        ],
    }
    page = (await api.get("/domains?count=1&offset=1")).json()
    assert (page["TotalCount"], [d["ID"] for d in page["Domains"]]) == (3, [made[1]["ID"]])
    assert (await api.get("/domains?count=5&offset=9")).json() == {"TotalCount": 3, "Domains": []}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("PUT", "/verifyDkim"),
        ("PUT", "/verifyReturnPath"),
        ("PUT", "/verifyCustomTracking"),
        ("POST", "/verifyspf"),
        ("POST", "/rotatedkim"),
    ],
)
@pytest.mark.parametrize("domain_id", [NEVER, "1", "0", "-1", "abc", "9" * 25])
async def test_an_unknown_id_is_510(api, method, path, domain_id):
    body = {"ReturnPathDomain": ""} if (method, path) == ("PUT", "") else None
    answer = await api.request(method, f"/domains/{domain_id}{path}", json=body)
    assert refusal(answer) == NOT_FOUND


async def test_delete_removes_and_its_id_is_never_used_again(api):
    domain = await create(api)
    answer = await api.delete(f"/domains/{domain['ID']}")
    assert answer.json() == {"ErrorCode": 0, "Message": "Domain new.example.com removed."}
    assert refusal(await api.get(f"/domains/{domain['ID']}")) == NOT_FOUND
    assert (await create(api))["ID"] > domain["ID"]


async def test_the_life_of_keys(api, zone, clock):
    one = await create(api, "example.com")
    k1, text1 = one["DKIMPendingHost"], one["DKIMPendingTextValue"]
    fresh = keys_of(one)
    assert (fresh["host"], fresh["pending"], fresh["status"]) == ("", k1, "Pending")
    assert keys_of(await verify(api, one)) == fresh

    publish(zone, one)
    first = {
        "host": k1,
        "text": text1,
        "pending": "",
        "pending_text": "",
        "revoked": "",
        "revoked_text": "",
        "status": "Verified",
        "verified": True,
        "safe": False,
    }
    assert keys_of(await verify(api, one)) == first

    rotated = (await api.post(f"/domains/{one['ID']}/rotatedkim")).json()
    k2, text2 = rotated["DKIMPendingHost"], rotated["DKIMPendingTextValue"]
    assert k2 not in ("", k1)  # although the clock stands still
    assert text2 != text1
    waiting = first | {"pending": k2, "pending_text": text2, "status": "Pending"}
    assert keys_of(rotated) == waiting
    assert keys_of(await verify(api, one)) == waiting
    assert refusal(await api.post(f"/domains/{one['ID']}/rotatedkim")) == IN_RENEWAL

    publish(zone, rotated)
    second = first | {"host": k2, "text": text2, "revoked": k1, "revoked_text": text1}
    assert keys_of(await verify(api, one)) == second
    clock.advance(SAFE_AFTER)
    assert keys_of(await get(api, one)) == second
    clock.advance(timedelta(seconds=1))
    assert keys_of(await get(api, one)) == second | {"safe": True}

    third = (await api.post(f"/domains/{one['ID']}/rotatedkim")).json()
    k3, text3 = third["DKIMPendingHost"], third["DKIMPendingTextValue"]
    assert keys_of(third) == second | {
        "safe": True,
        "pending": k3,
        "pending_text": text3,
        "status": "Pending",
    }
    publish(zone, third)
    assert keys_of(await verify(api, one)) == first | {
        "host": k3,
        "text": text3,
        "revoked": k2,
        "revoked_text": text2,
    }


async def test_a_new_domain_cannot_be_rotated(api):
    domain = await create(api)
    assert refusal(await api.post(f"/domains/{domain['ID']}/rotatedkim")) == IN_RENEWAL


async def test_rotation_answers_at_least_the_documented_keys(api, zone):
    domain = await create(api)
    publish(zone, domain)
    await verify(api, domain)
    answer = (await api.post(f"/domains/{domain['ID']}/rotateDKIM")).json()
    assert {"Name", "WeakDKIM", "DKIMRevokedTextValue", "DKIMUpdateStatus", "ID"} <= set(answer)
    assert answer == await get(api, domain)


@pytest.mark.parametrize(
    "records",
    [
        {"TXT": ["k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ"]},
        {"TXT": ["k=rsa; p="]},
        {"TXT": ["hello"]},
        {"A": ["192.0.2.1"]},
        {"TXT": SERVFAIL},
    ],
    ids=["other key", "revoked", "no key", "no text", "no answer"],
)
async def test_what_is_not_our_key_verifies_nothing(api, zone, records):
    domain = await create(api)
    zone.zone[domain["DKIMPendingHost"]] = records
    assert await verify(api, domain) == domain


async def test_a_key_may_be_published_in_other_spellings(api, zone):
    domain = await create(api)
    key = domain["DKIMPendingTextValue"].partition("p=")[2]
    zone.zone[domain["DKIMPendingHost"]] = {
        "TXT": ["v=spf1 -all", f"v=DKIM1;k=rsa;h=sha256; p = {key[:100]} {key[100:]};"]
    }
    assert (await verify(api, domain))["DKIMVerified"] is True


async def test_a_key_may_be_published_through_an_alias(api, zone):
    domain = await create(api)
    zone.zone[domain["DKIMPendingHost"]] = {"CNAME": ["keys.provider.example."]}
    zone.zone["keys.provider.example"] = {"TXT": [domain["DKIMPendingTextValue"]]}
    assert (await verify(api, domain))["DKIMVerified"] is True


ALIASES = [
    ("verifyReturnPath", "ReturnPathDomain", "ReturnPathDomainVerified", "pm.mtasv.net"),
    ("verifyCustomTracking", "CustomTrackingDomain", "CustomTrackingVerified", "track.mtasv.net"),
]


@pytest.mark.parametrize(("call", "field", "flag", "target"), ALIASES)
async def test_an_alias_is_verified_by_its_cname(api, zone, call, field, flag, target):
    domain = await create(api, "example.com", **{field: "x.example.com"})
    assert await verify(api, domain, call) == domain
    zone.zone["x.example.com"] = {"CNAME": [f"{target.upper()}."]}
    assert await verify(api, domain, call) == domain | {flag: True}

    zone.zone["x.example.com"] = SERVFAIL
    assert (await verify(api, domain, call))[flag] is True  # DNS cannot tell
    same = await api.put(f"/domains/{domain['ID']}", json={field: "x.example.com"})
    assert same.json()[flag] is True
    zone.zone["x.example.com"] = {"CNAME": ["elsewhere.example."]}
    assert (await verify(api, domain, call))[flag] is False

    zone.zone["x.example.com"] = {"CNAME": [f"{target}."]}
    assert (await verify(api, domain, call))[flag] is True
    moved = await api.put(f"/domains/{domain['ID']}", json={field: "y.example.com"})
    assert moved.json()[flag] is False


@pytest.mark.parametrize(("call", "field", "flag", "target"), ALIASES)
async def test_an_alias_of_an_alias_counts_but_not_a_circle(api, zone, call, field, flag, target):
    domain = await create(api, "example.com", **{field: "x.example.com"})
    zone.zone["x.example.com"] = {"CNAME": ["y.example.com."]}
    zone.zone["y.example.com"] = {"CNAME": [f"{target}."]}
    assert (await verify(api, domain, call))[flag] is True
    zone.zone["y.example.com"] = {"CNAME": ["x.example.com."]}
    assert (await verify(api, domain, call))[flag] is False


@pytest.mark.parametrize(("call", "field", "flag", "target"), ALIASES)
async def test_without_a_host_there_is_nothing_to_verify(api, zone, call, field, flag, target):
    domain = await create(api)
    assert (await verify(api, domain, call))[flag] is False
    assert zone.queries == []


@pytest.mark.parametrize("spelling", ["verifyspf", "verifySPF", "verifySpf/"])
async def test_spf_is_always_verified(api, zone, spelling):
    domain = await create(api, "x.wildbit.test")
    answer = await api.post(f"/domains/{domain['ID']}/{spelling}")
    assert answer.json() == {
        "SPFHost": "x.wildbit.test",
        "SPFVerified": True,
        "SPFTextValue": "v=spf1 a mx include:spf.mtasv.net ~all",
    }
    assert (await get(api, domain))["SPFVerified"] is True
    assert zone.queries == []


async def test_a_key_that_cannot_be_read(app, api, zone):
    domain = await create(api)
    with app.db.transaction() as tx:
        tx.run(update(store.dkim_keys).values(pem=b"broken"))
    assert (await get(api, domain))["DKIMPendingTextValue"] == ""
    assert refusal(await api.put(f"/domains/{domain['ID']}/verifydkim")) == (
        500,
        709,
        "DKIM verification failed due to invalid configuration. Please contact support.",
    )
    await app.db.write(lambda tx: store.activate_key(tx, domain["ID"]))
    assert refusal(await api.post(f"/domains/{domain['ID']}/rotatedkim")) == (
        422,
        508,
        "This DKIM is not being renewed.",
    )


async def test_a_short_key_is_weak(app, api):
    domain = await create(api)
    with app.db.transaction() as tx:
        tx.run(update(store.dkim_keys).values(bits=768))
    assert (await get(api, domain))["WeakDKIM"] is False
    await app.db.write(lambda tx: store.activate_key(tx, domain["ID"]))
    assert (await get(api, domain))["WeakDKIM"] is True
    listed = (await api.get("/domains?count=1&offset=0")).json()["Domains"][0]
    assert listed["WeakDKIM"] is True


@pytest.mark.parametrize(
    ("method", "spellings"),
    [
        ("PUT", ("verifyDkim", "verifyDKIM", "verifydkim/")),
        ("PUT", ("verifyReturnPath", "verifyreturnpath", "VERIFYRETURNPATH")),
        ("PUT", ("verifyCustomTracking", "verifycustomtracking")),
        ("POST", ("verifyspf", "verifySPF")),
    ],
)
async def test_spellings_and_bodies_of_clients(api, method, spellings):
    domain = await create(api)
    for spelling in spellings:
        for content in (b"", b" ", b"{}", b"null"):
            answer = await api.request(
                method,
                f"/Domains/{domain['ID']}/{spelling}",
                content=content,
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code == 200, (spelling, content)


async def test_bodies_of_clients(api):
    php = {"name": "php.example", "returnPathDomain": None, "CustomTrackingDomain": None}
    made = (await api.post("/domains/", json=php)).json()
    assert (made["Name"], made["ReturnPathDomain"]) == ("php.example", "")
    java = made | {"ReturnPathDomain": "pm.php.example", "SafeToRemoveRevokedKeyFromDNS": "false"}
    edited = (await api.put(f"/domains/{made['ID']}/", json=java)).json()
    assert edited == made | {"ReturnPathDomain": "pm.php.example"}
    dotnet = (await api.put(f"/domains/{made['ID']}", json={"ReturnPathDomain": ""})).json()
    assert dotnet == made
