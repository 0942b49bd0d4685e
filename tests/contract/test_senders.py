"""Sender signatures, their confirmation, and the right to send. Source: spec domains-and-signatures 3 to 6."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from pillarbox import roles
from pillarbox.app import App
from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.domains import store
from pillarbox.http import HttpListener
from pillarbox.mail.parse import Message, parse
from pillarbox.outbound.store import activity, messages
from pillarbox.servers.model import SYSTEM
from pillarbox.web.confirm import ConfirmPage
from tests.conftest import SetClock, Settings
from tests.contract.conftest import refusal
from tests.doubles.dns import DnsZone

NOT_FOUND = (422, 501, "This signature was not found.")
IN_RENEWAL = (422, 505, "This DKIM is already being renewed.")
NEVER = 2_000_000_000
JP = {"FromEmail": "jp@example.com", "Name": "JP Toto"}


@pytest.fixture
async def zone() -> AsyncIterator[DnsZone]:
    async with DnsZone() as zone:
        yield zone


@pytest.fixture
def changes() -> dict[str, str]:
    """Settings of a test."""
    return {}


@pytest.fixture
async def app(
    settings: Settings, clock: SetClock, zone: DnsZone, changes: dict[str, str]
) -> AsyncIterator[App]:
    """An App that asks the zone and lets verified senders send only."""
    defaults = {"sender_policy": "verified", "public_url": "https://mail.example.net"}
    made = settings(**{"dns_servers": zone.address} | defaults | changes)
    made.data_dir.mkdir(exist_ok=True)
    opened, _ = roles.open_app(made, clock)
    yield opened
    await opened.resolver.close()
    opened.db.stop()


@pytest.fixture
async def page(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at the confirmation page."""
    transport = httpx.ASGITransport(ConfirmPage(app))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://mail.example.net"
    ) as client:
        yield client


async def create(api: httpx.AsyncClient, **fields: Any) -> Any:
    answer = await api.post("/senders", json=JP | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def get(api: httpx.AsyncClient, sender: Any) -> Any:
    return (await api.get(f"/senders/{sender['ID']}")).json()


async def verify_domain(api: httpx.AsyncClient, zone: DnsZone, sender: Any) -> None:
    """Publish the pending key of a signature's domain and have it found."""
    zone.zone[sender["DKIMPendingHost"]] = {"TXT": [sender["DKIMPendingTextValue"]]}
    listed = (await api.get("/domains?count=500&offset=0")).json()["Domains"]
    (domain_id,) = [d["ID"] for d in listed if d["Name"] == sender["Domain"]]
    answer = (await api.put(f"/domains/{domain_id}/verifyDkim")).json()
    assert answer["DKIMVerified"] is True


async def letters(app: App) -> list[Message]:
    """The mail of the system, oldest first."""
    wanted = activity.Filter(server_id=SYSTEM.id)
    kept = await app.db.read(lambda tx: activity.page(tx, wanted, before=None, limit=50))
    keys = [message.key for message in reversed(kept.messages)]
    found = await app.db.read(lambda tx: [messages.find_raw(tx, key) for key in keys])
    return [parse(raw) for raw in found if raw]


async def last_link(app: App) -> str:
    """The path in the newest letter's link."""
    text = ((await letters(app))[-1].text or "").replace("\r\n", "\n")
    (path,) = re.findall(
        r"^https://mail\.example\.net(/signatures/confirm/\S+)$", text, re.MULTILINE
    )
    return str(path)


async def send(api: httpx.AsyncClient, sender: str = "JP <jp@example.com>") -> Any:
    message = {"From": sender, "To": "ann@one.example", "Subject": "Hi", "TextBody": "x"}
    return (await api.post("/email", json=message)).json()


async def test_a_new_signature(api, app):
    sender = await create(api, ReplyToEmail="info@example.com", ConfirmationPersonalNote="Please.")
    assert re.fullmatch(r"k=rsa; p=MII.+", sender.pop("DKIMPendingTextValue"))
    assert isinstance(sender.pop("ID"), int)
    assert sender == {
        "Domain": "example.com",
        "EmailAddress": "jp@example.com",
        "ReplyToEmailAddress": "info@example.com",
        "Name": "JP Toto",
        "Confirmed": False,
        "SPFVerified": False,
        "SPFHost": "example.com",
        "SPFTextValue": "v=spf1 a mx include:pillarbox.example ~all",
        "DKIMVerified": False,
        "WeakDKIM": False,
        "DKIMHost": "",
        "DKIMTextValue": "",
        "DKIMPendingHost": "20260304141502pm._domainkey.example.com",
        "DKIMRevokedHost": "",
        "DKIMRevokedTextValue": "",
        "SafeToRemoveRevokedKeyFromDNS": False,
        "DKIMUpdateStatus": "Pending",
        "ReturnPathDomain": "",
        "ReturnPathDomainVerified": False,
        "ReturnPathDomainCNAMEValue": "pillarbox.example",
        "CustomTrackingDomain": "",
        "CustomTrackingVerified": False,
        "CustomTrackingDomainCNAMEValue": "",
        "ConfirmationPersonalNote": "Please.",
    }


async def test_the_domain_of_a_signature_is_listed_and_shares_its_facts(api, zone):
    sender = await create(api, ReturnPathDomain="pm.example.com")
    second = await create(api, FromEmail="team@EXAMPLE.com", CustomTrackingDomain="t.example.com")
    assert second["DKIMPendingHost"] == sender["DKIMPendingHost"]
    listed = (await api.get("/domains?count=500&offset=0")).json()
    assert [d["Name"] for d in listed["Domains"]] == ["example.com"]
    domain_id = listed["Domains"][0]["ID"]
    await verify_domain(api, zone, sender)
    edited = await api.put(f"/domains/{domain_id}", json={"ReturnPathDomain": "rp.example.com"})
    shared = edited.json()
    del shared["ID"], shared["Name"]
    for signature in (sender, second):
        shown = await get(api, signature)
        assert {key: shown[key] for key in shared} == shared
    assert shared["CustomTrackingDomain"] == "t.example.com"
    assert shared["DKIMVerified"] is True
    answer = await api.post("/domains", json={"Name": "example.com"})
    assert refusal(answer) == (422, 512, "Domain already exists.")


EMAIL_MISSING = (422, 520, "FromEmail is a required field to create a Sender Signature.")
NAME_MISSING = (422, 520, "Name is a required field to create a Sender Signature.")
PUBLIC = (422, 503, "You can't use public domain emails or public domains.")


def too_long(field: str, limit: int = 255) -> tuple[int, int, str]:
    return 422, 521, f"{field} field must be less than or equal to {limit} characters."


def invalid(field: str) -> tuple[int, int, str]:
    return 422, 522, f"{field} is invalid."


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"FromEmail": None}, EMAIL_MISSING),
        ({"FromEmail": ""}, EMAIL_MISSING),
        ({"FromEmail": " "}, EMAIL_MISSING),
        ({"Name": None}, NAME_MISSING),
        ({"Name": ""}, NAME_MISSING),
        ({"FromEmail": f"{'a' * 250}@a.com"}, too_long("FromEmail")),
        ({"Name": "a" * 256}, too_long("Name")),
        ({"ReplyToEmail": f"{'a' * 250}@a.com"}, too_long("ReplyToEmail")),
        ({"ReturnPathDomain": "a" * 256}, too_long("ReturnPathDomain")),
        ({"CustomTrackingDomain": "a" * 256}, too_long("CustomTrackingDomain")),
        ({"ConfirmationPersonalNote": "a" * 401}, too_long("ConfirmationPersonalNote", 400)),
        ({"FromEmail": "jp"}, invalid("FromEmail")),
        ({"FromEmail": "jp@localhost"}, invalid("FromEmail")),
        ({"FromEmail": "JP <jp@example.com>"}, invalid("FromEmail")),
        ({"FromEmail": "a@example.com, b@example.com"}, invalid("FromEmail")),
        ({"FromEmail": "jp@192.0.2.1"}, invalid("FromEmail")),
        ({"ReplyToEmail": "nobody@"}, invalid("ReplyToEmail")),
        ({"ReturnPathDomain": "pm.example.org"}, invalid("ReturnPathDomain")),
        ({"ReturnPathDomain": "example.com"}, invalid("ReturnPathDomain")),
        ({"CustomTrackingDomain": "example.com"}, invalid("CustomTrackingDomain")),
        ({"ConfirmationPersonalNote": " \n"}, invalid("ConfirmationPersonalNote")),
        ({"ConfirmationPersonalNote": "<p>&nbsp;<br></p>"}, invalid("ConfirmationPersonalNote")),
        ({"FromEmail": "jp@gmail.com"}, PUBLIC),
        ({"FromEmail": "jp@Yahoo.co.uk"}, PUBLIC),
    ],
)
async def test_what_a_new_signature_refuses(api, app, fields, problem):
    assert refusal(await api.post("/senders", json=JP | fields)) == problem
    assert (await api.get("/senders?count=1&offset=0")).json()["TotalCount"] == 0
    assert (await api.get("/domains?count=1&offset=0")).json()["TotalCount"] == 0
    assert await letters(app) == []


async def test_an_address_is_registered_once(api, app):
    await create(api)
    answer = await api.post("/senders", json=JP | {"FromEmail": "JP@Example.COM"})
    assert refusal(answer) == (422, 504, "This signature already exists.")
    assert len(await letters(app)) == 1


@pytest.mark.parametrize("changes", [{"refuse_example_domains": "on"}])
async def test_example_domains_can_be_refused(api):
    for domain in ("example.com", "mail.example.org", "a.example"):
        answer = await api.post("/senders", json=JP | {"FromEmail": f"jp@{domain}"})
        assert refusal(answer) == invalid("FromEmail")
    assert (await create(api, FromEmail="jp@example.test"))["Domain"] == "example.test"


async def test_a_body_is_needed(api):
    sender = await create(api)
    no_data = (422, 502, "No update data or signature data received.")
    for method, path in (("POST", "/senders"), ("PUT", f"/senders/{sender['ID']}")):
        for content in (b"", b"null"):
            answer = await api.request(
                method, path, content=content, headers={"Content-Type": "application/json"}
            )
            assert refusal(answer) == no_data
    assert refusal(await api.post("/senders", json={})) == EMAIL_MISSING
    for body in ({}, {"Unknown": 1}, {"FromEmail": "x@example.com"}, {"Name": None}):
        assert refusal(await api.put(f"/senders/{sender['ID']}", json=body)) == no_data
    answer = await api.put(f"/senders/{sender['ID']}", json={"Name": 5})
    assert refusal(answer) == (422, 403, "Invalid request field(s): $.Name")


async def test_edit_sets_leaves_and_clears(api, app):
    sender = await create(api, ReplyToEmail="info@example.com", ConfirmationPersonalNote="Hello")
    path = f"/senders/{sender['ID']}"

    async def edit(body: Any, **changed: Any) -> None:
        answer = await api.put(path, json=body)
        assert answer.status_code == 200, answer.text
        sender.update(changed)
        assert answer.json() == sender
        assert await get(api, sender) == sender

    await edit({"Name": "Test", "ReplyToEmail": None, "ReturnPathDomain": None}, Name="Test")
    await edit(
        {"Name": None, "ReplyToEmail": None, "ReturnPathDomain": "pm.example.com"},
        ReturnPathDomain="pm.example.com",
    )
    await edit(
        {"Name": "", "FromEmail": "other@example.org"} | {"ReplyToEmail": "a@b.example"},
        ReplyToEmailAddress="a@b.example",
    )
    await edit({"ReturnPathDOmain": "rp.example.com"}, ReturnPathDomain="rp.example.com")
    await edit({"ConfirmationPersonalNote": "New"}, ConfirmationPersonalNote="New")
    await edit(
        {"ReplyToEmail": "", "ReturnPathDomain": ""}, ReplyToEmailAddress="", ReturnPathDomain=""
    )
    assert len(await letters(app)) == 1


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"Name": "a" * 256}, too_long("Name")),
        ({"ReplyToEmail": "a" * 256}, too_long("ReplyToEmail")),
        ({"ReplyToEmail": "a"}, invalid("ReplyToEmail")),
        ({"ReturnPathDomain": "pm.example.org"}, invalid("ReturnPathDomain")),
        ({"CustomTrackingDomain": "t.example.org"}, invalid("CustomTrackingDomain")),
        ({"ConfirmationPersonalNote": "a" * 401}, too_long("ConfirmationPersonalNote", 400)),
        ({"ConfirmationPersonalNote": "<br>"}, invalid("ConfirmationPersonalNote")),
    ],
)
async def test_what_an_edit_refuses(api, fields, problem):
    sender = await create(api)
    answer = await api.put(f"/senders/{sender['ID']}", json={"Name": "New"} | fields)
    assert refusal(answer) == problem
    assert await get(api, sender) == sender


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("", "The 'count' parameter is required and must be a positive integer."),
        ("?count=0&offset=0", "The 'count' parameter is required and must be a positive integer."),
        ("?count=1", "The 'offset' parameter is required and must be a non-negative integer."),
        ("?count=501&offset=0", "You may only request up to 500 senders per call."),
    ],
)
async def test_the_list_demands_a_page(api, query, problem):
    assert refusal(await api.get(f"/senders{query}")) == (422, 500, problem)


async def test_the_list_pages(api):
    new = [await create(api, FromEmail=f"{name}@example.com", Name=name) for name in "cAb"]
    made = sorted(new, key=lambda sender: sender["Name"].lower())
    answer = (await api.get("/senders/?count=500&offset=0")).json()
    assert answer == {
        "TotalCount": 3,
        "SenderSignatures": [
            {
                "Domain": "example.com",
                "EmailAddress": sender["EmailAddress"],
                "ReplyToEmailAddress": "",
                "Name": sender["Name"],
                "Confirmed": False,
                "ID": sender["ID"],
            }
            for sender in made
        ],
    }
    page = (await api.get("/senders?count=1&offset=1")).json()
    assert (page["TotalCount"], [s["ID"] for s in page["SenderSignatures"]]) == (3, [made[1]["ID"]])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/resend"),
        ("POST", "/verifySpf"),
        ("POST", "/requestNewDkim"),
    ],
)
@pytest.mark.parametrize("signature_id", [NEVER, "1", "0", "abc"])
async def test_an_unknown_id_is_501(api, method, path, signature_id):
    body = {"Name": "x"} if (method, path) == ("PUT", "") else None
    answer = await api.request(method, f"/senders/{signature_id}{path}", json=body)
    assert refusal(answer) == NOT_FOUND


async def test_delete(api, app, page):
    sender = await create(api)
    link = await last_link(app)
    answer = await api.delete(f"/senders/{sender['ID']}")
    assert answer.json() == {"ErrorCode": 0, "Message": "Signature jp@example.com removed."}
    assert refusal(await api.get(f"/senders/{sender['ID']}")) == NOT_FOUND
    assert (await page.post(link)).status_code == 404
    assert (await api.get("/domains?count=1&offset=0")).json()["TotalCount"] == 1
    assert (await create(api))["ID"] > sender["ID"]


async def test_a_signature_outlives_its_domain(api, zone):
    sender = await create(api)
    await verify_domain(api, zone, sender)
    (domain,) = (await api.get("/domains?count=1&offset=0")).json()["Domains"]
    await api.delete(f"/domains/{domain['ID']}")
    shown = await get(api, sender)
    assert (shown["DKIMVerified"], shown["DKIMHost"], shown["DKIMPendingHost"]) == (False, "", "")
    assert (shown["SPFHost"], shown["DKIMUpdateStatus"]) == ("example.com", "Pending")
    assert (await send(api))["ErrorCode"] == 401
    answer = await api.put(f"/senders/{sender['ID']}", json={"ReturnPathDomain": "a.example.com"})
    assert refusal(answer) == (422, 510, "This domain was not found.")
    assert (await api.post(f"/senders/{sender['ID']}/verifyspf")).json() == shown

    asked = (await api.post(f"/senders/{sender['ID']}/requestnewdkim")).json()
    assert asked["ErrorCode"] == 0
    assert (await get(api, sender))["DKIMPendingHost"].endswith("pm._domainkey.example.com")


async def test_a_new_key_can_be_requested(api, zone):
    sender = await create(api)
    path = f"/senders/{sender['ID']}/requestNewDKIM"
    assert refusal(await api.post(path)) == IN_RENEWAL
    await verify_domain(api, zone, sender)
    assert (await api.post(path)).json() == {
        "ErrorCode": 0,
        "Message": "New DKIM key for Sender Signature jp@example.com was requested.",
    }
    assert refusal(await api.post(path)) == IN_RENEWAL
    shown = await get(api, sender)
    assert shown["DKIMHost"] == sender["DKIMPendingHost"]
    assert shown["DKIMPendingHost"] not in ("", shown["DKIMHost"])


@pytest.mark.parametrize("spelling", ["verifyspf", "verifySpf", "verifySPF/"])
async def test_spf_is_always_verified(api, spelling):
    sender = await create(api)
    answer = (await api.post(f"/senders/{sender['ID']}/{spelling}")).json()
    assert answer == sender | {"SPFVerified": True}
    assert await get(api, sender) == answer


async def test_the_letter_tells_who_asks_and_why(api, app):
    note = "Please <b>confirm</b> & thanks\nJP"
    await create(api, Name="<i>JP</i> & Co", ConfirmationPersonalNote=note)
    (letter,) = await letters(app)
    link = await last_link(app)
    assert letter.header("To") == "jp@example.com"
    assert letter.header("From") == "Pillarbox <no-reply@pillarbox.example>"
    assert letter.header("Subject") == "Confirm jp@example.com as a sender"
    assert letter.header("Auto-Submitted") == "auto-generated"
    assert letter.text is not None
    assert letter.html is not None
    for part in ("<i>JP</i> & Co", "jp@example.com", "pillarbox.example", link):
        assert part in letter.text
    assert note in letter.text.replace("\r\n", "\n")
    assert "&lt;i&gt;JP&lt;/i&gt; &amp; Co" in letter.html
    assert "Please &lt;b&gt;confirm&lt;/b&gt; &amp; thanks<br>" in letter.html
    assert f'href="https://mail.example.net{link}"' in letter.html


@pytest.mark.parametrize("changes", [{"hostname": "localhost"}, {"hostname": "my_box"}])
async def test_a_host_without_a_proper_name_can_write_too(api, app):
    await create(api)
    (letter,) = await letters(app)
    assert letter.header("From") == "Pillarbox <no-reply@localhost.localdomain>"


async def test_the_letter_belongs_to_no_customer(api, app):
    await create(api)
    found = (await api.get("/messages/outbound?count=50&offset=0")).json()
    assert found["TotalCount"] == 0
    assert (await api.get("/deliverystats")).json()["InactiveMails"] == 0


async def test_looking_at_the_page_confirms_nothing_but_its_button_does(api, app, page):
    sender = await create(api, Name="<JP>")
    link = await last_link(app)
    assert (await page.head(link)).status_code == 200
    answer = await page.get(link)
    assert answer.status_code == 200
    assert "&lt;JP&gt;" in answer.text
    assert '<form method="post">' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert (await get(api, sender))["Confirmed"] is False

    answer = await page.post(link)
    assert (answer.status_code, "is confirmed" in answer.text) == (200, True)
    assert (await get(api, sender))["Confirmed"] is True
    for method in ("GET", "POST"):
        answer = await page.request(method, link)
        assert (answer.status_code, "is confirmed" in answer.text) == (200, True)


async def test_links_that_lead_nowhere(api, app, page):
    await create(api)
    link = await last_link(app)
    for path in (
        f"{link}x",
        link[:-1],
        "/signatures/confirm/",
        f"/signatures/confirm/{'a' * 5000}",
        "/signatures/confirm/a/b",
        "/signatures/confirm/%00",
    ):
        for method in ("GET", "POST"):
            answer = await page.request(method, path)
            assert (answer.status_code, "This link is not valid" in answer.text) == (404, True)
    answer = await page.request("DELETE", link)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")


async def test_a_link_ends_after_30_days_unless_it_was_used(api, app, page, clock):
    sender = await create(api)
    link = await last_link(app)
    clock.advance(timedelta(days=30))
    assert (await page.get(link)).status_code == 404
    assert (await page.post(link)).status_code == 404
    assert (await get(api, sender))["Confirmed"] is False
    await api.post(f"/senders/{sender['ID']}/resend")
    link = await last_link(app)
    assert (await page.post(link)).status_code == 200
    clock.advance(timedelta(days=300))
    assert (await page.get(link)).status_code == 200


async def test_resend_writes_the_current_note_and_a_new_link(api, app, page):
    sender = await create(api, ConfirmationPersonalNote="First")
    old = await last_link(app)
    await api.put(f"/senders/{sender['ID']}", json={"ConfirmationPersonalNote": "Second"})
    answer = await api.post(f"/senders/{sender['ID']}/resend")
    assert answer.json() == {
        "ErrorCode": 0,
        "Message": "Confirmation email for Sender Signature jp@example.com was re-sent.",
    }
    _, letter = await letters(app)
    assert "Second" in (letter.text or "")
    assert (await page.post(old)).status_code == 404
    assert (await page.post(await last_link(app))).status_code == 200
    answer = await api.post(f"/senders/{sender['ID']}/resend")
    assert refusal(answer) == (422, 506, "This Sender Signature has already been confirmed.")


async def test_resend_goes_out_although_an_earlier_letter_bounced(api, app, clock):
    sender = await create(api)
    await app.db.write(lambda tx: record(tx, an_answer(BounceType.HARD_BOUNCE, clock)))
    assert (await api.post(f"/senders/{sender['ID']}/resend")).status_code == 200
    assert len(await letters(app)) == 2
    await app.db.write(lambda tx: record(tx, an_answer(BounceType.SPAM_COMPLAINT, clock)))
    answer = await api.post(f"/senders/{sender['ID']}/resend")
    assert refusal(answer)[:2] == (422, 406)
    assert len(await letters(app)) == 2


def an_answer(kind: BounceType, clock: SetClock) -> NewBounce:
    """What came back for a letter."""
    return NewBounce(
        type=kind,
        rule="test",
        server_id=SYSTEM.id,
        stream_key=SYSTEM.streams["outbound"].key,
        message_key=None,
        message_id="",
        email="JP@example.com",
        sender="no-reply@pillarbox.example",
        subject="",
        tag=None,
        details="550",
        at=clock.now(),
    )


UNKNOWN = (
    "The 'From' address you supplied ({}) is not a Sender Signature on your account. Please add and confirm this "
    "address in order to be able to use it in the 'From' field of your messages."
)
UNCONFIRMED = (
    "The 'From' address you supplied ({}) is not a confirmed Sender Signature on your account. Please confirm "
    "this address in order to be able to use it in the 'From' field of your messages."
)


async def test_who_may_send(api, app, zone, page):
    name = "JP <JP@Example.com>"
    assert await send(api, name) == {"ErrorCode": 400, "Message": UNKNOWN.format(name)}
    sender = await create(api)
    assert await send(api, name) == {"ErrorCode": 401, "Message": UNCONFIRMED.format(name)}
    await page.post(await last_link(app))
    assert (await send(api, name))["Message"] == "OK"
    other = "other@example.com"
    assert await send(api, other) == {"ErrorCode": 400, "Message": UNKNOWN.format(other)}

    await verify_domain(api, zone, sender)
    assert (await send(api, other))["Message"] == "OK"
    below = "jp@mail.example.com"
    assert (await send(api, below))["ErrorCode"] == 400

    await api.delete(f"/senders/{sender['ID']}")
    assert (await send(api, name))["Message"] == "OK"
    (domain,) = (await api.get("/domains?count=1&offset=0")).json()["Domains"]
    await api.delete(f"/domains/{domain['ID']}")
    assert (await send(api, name))["ErrorCode"] == 400


async def test_each_message_of_a_batch_is_judged_by_itself(api, app, page):
    await create(api)
    await page.post(await last_link(app))
    base = {"To": "ann@one.example", "Subject": "Hi", "TextBody": "x"}
    senders = ("jp@example.com", "jp@example.org", "JP <jp@example.com>")
    answer = await api.post("/email/batch", json=[base | {"From": one} for one in senders])
    assert [item["ErrorCode"] for item in answer.json()] == [0, 400, 0]


async def test_bodies_of_clients(api):
    php = {
        "fromEmail": "php@example.com",
        "name": "PHP",
        "replyToEmail": None,
        "returnPathDomain": None,
    }
    made = (await api.post("/senders/", json=php)).json()
    assert (made["EmailAddress"], made["Name"]) == ("php@example.com", "PHP")
    dotnet = {"Name": None, "ReplyToEmail": None, "ReturnPathDomain": "pm.example.com"}
    edited = (await api.put(f"/senders/{made['ID']}/", json=dotnet)).json()
    assert edited == made | {"ReturnPathDomain": "pm.example.com"}
    ruby = await api.post(
        f"/senders/{made['ID']}/verifyspf",
        content=b" ",
        headers={"Content-Type": "application/json"},
    )
    assert ruby.status_code == 200


@pytest.mark.parametrize("names", [("api",), ("web",)])
async def test_the_page_is_there_with_either_role(app, api, names):
    await create(api)
    listener = HttpListener(app, None, None, roles=names)  # type: ignore[arg-type]
    transport = httpx.ASGITransport(listener._dispatch, client=("203.0.113.9", 4000))
    async with httpx.AsyncClient(transport=transport, base_url="https://anywhere") as client:
        assert "is confirmed" in (await client.post(await last_link(app))).text


async def test_ids_start_where_clients_expect_them(api, app):
    sender = await create(api)
    assert 1000 < sender["ID"] < 2**31
    with app.db.transaction() as tx:
        assert [d.id for d in store.list_domains(tx)] == [1001]
