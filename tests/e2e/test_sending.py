"""Streams, tokens, domains and sender signatures: their stories in a browser, their refusals without one."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import expect

from pillarbox.domains import keys, register, signatures, store
from pillarbox.domains.model import SAFE_AFTER, Domain, KeyState
from pillarbox.outbound.store import activity
from pillarbox.servers import manage
from pillarbox.servers.model import SYSTEM, NewServer, Server, Settings
from pillarbox.servers.store import streams, tokens
from pillarbox.users.model import Actor, Role
from pillarbox.users.store import audit
from pillarbox.web.gate import Who
from tests.conftest import SERVER_TOKEN, Running, SetClock
from tests.doubles.dns import SERVFAIL, DnsZone
from tests.e2e import mailroom
from tests.e2e.browse import browsing


async def another_server(running: Running) -> Server:
    new = NewServer(name="Another")
    return await running.app.db.write(lambda tx: manage.create(tx, new, Settings(), limit=None))


@pytest.fixture
def only_support(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks has the role that may look only."""
    actor = Actor(name="Sam", role=Role.SUPPORT)
    monkeypatch.setattr(Who, "actor", actor)


async def test_a_new_server_shows_the_token_to_send_with(serve) -> None:
    async with serve() as running, browsing(running) as user:
        answer = await user.post("/ui/servers/new", name="Shop", color="Red", kind="Live")
        assert answer.headers["location"].endswith("/tokens")
        page = (await user.get(answer.headers["location"])).text
        assert "“Shop” is ready" in page
        assert "New API token" in page


async def test_a_stream_from_its_beginning_to_its_end(serve, visit) -> None:
    async with serve() as running:
        server = await mailroom.first_server(running.app)
        page = await visit(running, f"/servers/{server.id}/streams")
        await expect(page).to_have_url(f"{running.http}/ui/servers/{server.id}/streams")
        await page.get_by_role("link", name="New stream").click()
        await page.get_by_label("Name", exact=True).fill("Receipts")
        await page.get_by_label("ID", exact=True).fill("receipts")
        await page.get_by_role("button", name="Create the stream").click()
        await expect(page.get_by_text("X-PM-Message-Stream: receipts")).to_be_visible()
        await page.get_by_label("Description", exact=True).fill("What was bought")
        await page.get_by_label("Unsubscribe handling", exact=True).select_option("Postmark")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("Saved.")).to_be_visible()
        suppressed = page.get_by_role("link", name="suppressed addresses")
        await suppressed.click()
        await expect(page).to_have_url(re.compile(r"/suppressions\?messagestream=receipts$"))
        await page.go_back()
        await page.get_by_text("Archive the stream…").click()
        await page.get_by_role("button", name="Yes, archive it").click()
        await expect(page.get_by_text("is archived. It is deleted on")).to_be_visible()
        await page.get_by_role("button", name="Unarchive receipts").click()
        await expect(page.get_by_text("“Receipts” is back")).to_be_visible()
        stream = await running.app.db.read(
            lambda tx: streams.find_stream(tx, server.id, "receipts")
        )
        assert stream is not None
        assert (stream.description, stream.unsubscribe) == ("What was bought", "Postmark")
        assert stream.archived_at is None


async def test_streams_refuse_in_the_words_of_the_api(serve) -> None:
    async with serve() as running, browsing(running) as user:
        server = await mailroom.first_server(running.app)
        here = f"/ui/servers/{server.id}/streams"
        answer = await user.post(f"{here}/outbound/archive")
        assert answer.status_code == 422
        assert "You cannot archive the default transactional and inbound streams." in answer.text
        answer = await user.post(
            f"/ui/servers/{server.id}/new-stream", id="pm-x", name="<b>", kind="Broadcasts"
        )
        assert answer.status_code == 422
        assert "must not start with the &#39;pm-&#39; prefix" in answer.text
        assert 'value="&lt;b&gt;"' in answer.text
        answer = await user.post(f"{here}/broadcast", name="", unsubscribe="Postmark")
        assert answer.status_code == 422
        answer = await user.post(f"{here}/broadcast", name="B", unsubscribe="None")
        assert answer.status_code == 422
        assert (await user.post(f"{here}/broadcast/unarchive")).status_code == 422
        assert (await user.get(f"{here}/unknown")).status_code == 404
        assert (await user.post(f"{here}/broadcast/archive")).status_code == 303
        archived = (await user.get(f"{here}/broadcast")).text
        assert "This stream is archived" in archived
        assert "messagestream=broadcast" not in archived  # suppressions are shown of streams in use
        assert (await user.post_raw(f"{here}/outbound/archive", {"x": "1"})).status_code == 403
        inbound = (await user.get(f"{here}/inbound")).text
        assert f"{server.inbound_hash}@inbound.pillarbox.example" in inbound
        assert "10 pillarbox.example." in inbound


async def test_tokens_are_made_shown_and_revoked(serve, visit) -> None:
    async with serve() as running:
        server = await mailroom.first_server(running.app)
        page = await visit(running, f"/ui/servers/{server.id}/streams")
        await page.get_by_role("link", name="API tokens").click()
        await expect(page.get_by_text(SERVER_TOKEN)).to_be_hidden()
        await page.get_by_label("Show the token that ends in 2222").click()
        await expect(page.get_by_text(SERVER_TOKEN)).to_be_visible()
        await expect(page.get_by_text("Revoke…")).to_have_count(0)
        await page.get_by_role("button", name="New API token").click()
        await page.get_by_text("Revoke…").first.click()
        await page.get_by_role("button", name="Yes, revoke it").click()
        await expect(page.get_by_text("that ended in 2222 is revoked")).to_be_visible()
        await page.get_by_label("Stream", exact=True).select_option("broadcast")
        await page.get_by_role("button", name="New SMTP token").click()
        await expect(page.get_by_text("The SMTP token PM-T-broadcast-")).to_be_visible()
        [smtp] = await running.app.db.read(lambda tx: tokens.smtp_of_server(tx, server.id))
        await page.get_by_label(f"Show the secret key of {smtp.access_key}").click()
        await expect(page.get_by_text(smtp.secret_key)).to_be_visible()
        await page.get_by_role("link", name="Account tokens").click()
        await page.get_by_role("button", name="New account token").click()
        made = await page.get_by_role("status").locator("code").inner_text()
        assert await running.app.db.read(lambda tx: tokens.is_account_token(tx, made))
        await page.goto(f"{running.http}/ui/tokens")
        await expect(page.get_by_text(made)).to_have_count(0)


async def test_tokens_stay_with_their_server_and_out_of_the_audit_log(serve) -> None:
    async with serve() as running, browsing(running) as user:
        server, other = await mailroom.first_server(running.app), await another_server(running)
        broadcast = other.streams["broadcast"]
        smtp = await running.app.db.write(lambda tx: tokens.insert_smtp_token(tx, broadcast))
        here = f"/ui/servers/{server.id}/tokens"
        for path, fields in (
            ("/revoke", {"token": other.tokens[0]}),
            ("/revoke", {"token": "unknown"}),
            ("/smtp/revoke", {"key": smtp.access_key}),
            ("/smtp/revoke", {"key": SERVER_TOKEN}),
        ):
            assert (await user.post(here + path, **fields)).status_code == 404
        last = await user.post(f"{here}/revoke", token=SERVER_TOKEN)
        assert last.status_code == 422
        assert "This is the only token." in last.text
        assert (await user.post(f"{here}/smtp", stream="inbound")).status_code == 422
        assert (await user.post("/ui/tokens/revoke", token=SERVER_TOKEN)).status_code == 404
        assert (await user.post(here)).status_code == 303
        assert (await user.post(f"{here}/revoke", token=SERVER_TOKEN)).status_code == 303
        deeds = await running.app.db.read(audit.newest)
        said = " ".join(deed.text for deed in deeds)
        assert "Revoked the API token that ended in 2222" in said
        assert SERVER_TOKEN not in said


async def test_support_sees_no_tokens_and_changes_nothing(serve, only_support) -> None:
    async with serve() as running, browsing(running) as user:
        server = await mailroom.first_server(running.app)
        here = f"/ui/servers/{server.id}"
        assert (await user.get(f"{here}/tokens")).status_code == 403
        for path in ("streams", "streams/outbound", "new-stream"):
            page = await user.get(f"{here}/{path}")
            assert page.status_code == 200
            assert SERVER_TOKEN not in page.text
        for path in (f"{here}/tokens", f"{here}/new-stream", "/ui/tokens", "/ui/tokens/revoke"):
            assert (await user.post(path)).status_code == 403


async def domain_of(running: Running, name: str) -> Domain:
    found = await running.app.db.read(lambda tx: store.find(tx, name))
    assert found is not None
    return found


async def add_domain(running: Running, name: str) -> Domain:
    pem = keys.new_pem()
    return await running.app.db.write(lambda tx: register.create(tx, name, pem))


def publish(zone: DnsZone, domain: Domain, state: KeyState = KeyState.PENDING) -> None:
    key = domain.keys[state]
    zone.zone[key.host] = {"TXT": [keys.record(key)]}


async def test_a_domain_is_added_published_and_found_while_its_page_is_open(serve, visit) -> None:
    async with DnsZone() as zone, serve(dns_servers=zone.address) as running:
        page = await visit(running, "/ui/domains")
        await page.get_by_role("link", name="Add a domain").last.click()
        await page.get_by_label("Domain", exact=True).fill("Shop.Example")
        await page.get_by_label("Return-Path host").fill("pm-bounces.shop.example")
        await page.get_by_role("button", name="Add the domain").click()
        await expect(page.get_by_text("0 of 2 needed records are in DNS.")).to_be_visible()
        await expect(page.get_by_text("Not found yet")).to_have_count(2)
        domain = await domain_of(running, "shop.example")
        value = keys.record(domain.keys[KeyState.PENDING])
        await expect(page.get_by_label("Copy the value of DKIM")).to_have_attribute(
            "data-copy", value
        )
        zone.zone["pm-bounces.shop.example"] = {"CNAME": ["pillarbox.example."]}
        await page.get_by_role("button", name="Check again").click()
        await expect(page.get_by_text("1 of 2 needed records are in DNS.")).to_be_visible()
        await expect(page.get_by_text("Waits for DKIM")).to_be_visible()
        # From here on the page itself looks again.
        publish(zone, domain)
        await expect(page.get_by_text("2 of 2 needed records are in DNS.")).to_be_visible(
            timeout=15_000
        )
        await expect(page.get_by_text("Signs", exact=True)).to_be_visible()
        await expect(page.get_by_text("May send")).to_be_visible()
        await expect(page.locator("#records[hx-post]")).to_have_count(0)
        assert (await domain_of(running, "shop.example")).is_settled
        await page.get_by_role("button", name="Make a new key").click()
        await expect(page.get_by_text("A new DKIM key waits.")).to_be_visible()
        publish(zone, await domain_of(running, "shop.example"))
        await page.get_by_role("button", name="Check again").click()
        await expect(page.get_by_text("Keep the record until")).to_be_visible()
        await page.get_by_text("Delete the domain…").click()
        await page.get_by_role("button", name="Yes, delete it").click()
        await expect(page.get_by_text("There is no domain yet")).to_be_visible()


async def test_a_domain_shows_what_dns_has_instead(serve) -> None:
    hostile = "<script>document.title='taken'</script>"
    async with (
        DnsZone() as zone,
        serve(dns_servers=zone.address, clock=SetClock()) as running,
        browsing(running) as user,
    ):
        domain = await add_domain(running, "shop.example")
        here = f"/ui/domains/{domain.id}"
        host = domain.keys[KeyState.PENDING].host
        zone.zone[host] = {"TXT": [f"k=rsa; p={hostile}"]}
        zone.zone["shop.example"] = {"TXT": ["v=spf1 include:other.example -all", "note"]}
        zone.zone["_dmarc.shop.example"] = {"TXT": SERVFAIL}
        zone.zone["pm.shop.example"] = {"CNAME": ["elsewhere.example."]}
        await user.post(here, return_path="pm.shop.example", tracking="")
        page = (await user.get(here)).text
        assert "Something else is there" in page
        assert "p=&lt;script&gt;" in page
        assert hostile not in page
        assert "v=spf1 include:other.example -all" in page
        assert "note</bdi>" not in page
        assert "elsewhere.example" in page
        assert "DNS does not answer" in page
        asked = zone.queries.count((host, "TXT"))
        assert (await user.get(here)).status_code == 200
        assert (
            zone.queries.count((host, "TXT")) == asked
        )  # nobody can have DNS asked without end by looking
        publish(zone, domain)
        assert (await user.post(f"{here}/check")).status_code == 303
        assert (await domain_of(running, "shop.example")).is_verified
        zone.zone[host] = {}
        await user.post(f"{here}/check")
        assert "Gone from DNS" in (await user.get(here)).text


async def test_the_old_key_may_go_after_five_days(serve) -> None:
    clock = SetClock()
    async with (
        DnsZone() as zone,
        serve(dns_servers=zone.address, clock=clock) as running,
        browsing(running) as user,
    ):
        domain = await add_domain(running, "shop.example")
        here = f"/ui/domains/{domain.id}"
        for _ in range(2):
            publish(zone, await domain_of(running, "shop.example"))
            await user.post(f"{here}/check")
            await user.post(f"{here}/rotate")
        assert "Keep it" in (await user.get(here)).text
        refused = await user.post(f"{here}/rotate")
        assert refused.status_code == 422
        assert "This DKIM is already being renewed." in refused.text
        clock.advance(SAFE_AFTER + timedelta(seconds=1))
        assert "May be removed" in (await user.get(here)).text


async def test_domains_refuse_in_the_words_of_the_api(serve) -> None:
    async with serve(dns_servers="127.0.0.1:1") as running, browsing(running) as user:
        domain = await add_domain(running, "shop.example")
        here = f"/ui/domains/{domain.id}"
        for fields, words in (
            ({"name": "gmail.com"}, "public domain"),
            ({"name": "shop.example"}, "Domain already exists."),
            ({"name": "<b>"}, "Name format is invalid."),
            ({"name": "new.example", "return_path": "pm.other.example"}, "invalid"),
        ):
            answer = await user.post("/ui/domains/new", **fields)
            assert (answer.status_code, words in answer.text) == (422, True), fields
        answer = await user.post(here, return_path="pm.shop.example", tracking="other.example")
        assert answer.status_code == 422
        assert 'value="other.example"' in answer.text
        assert (
            await user.post(here, return_path="PM.shop.example", tracking="")
        ).status_code == 303
        assert (await domain_of(running, "shop.example")).return_path.host == "pm.shop.example"
        for path in ("999", "x", "1" * 30, "-1"):
            for tail in ("", "/check", "/rotate", "/delete"):
                assert (await user.post(f"/ui/domains/{path}{tail}")).status_code == 404
        assert (await user.post(f"{here}/check")).status_code == 303  # nobody answers: no harm


async def test_support_may_look_at_domains_only(serve, only_support) -> None:
    async with serve(dns_servers="127.0.0.1:1") as running, browsing(running) as user:
        domain = await add_domain(running, "shop.example")
        page = await user.get(f"/ui/domains/{domain.id}")
        assert page.status_code == 200
        assert "Check again" not in page.text
        for path in ("/new", f"/{domain.id}", f"/{domain.id}/check", f"/{domain.id}/rotate"):
            assert (await user.post(f"/ui/domains{path}")).status_code == 403


async def test_a_signature_is_asked_for_by_mail_confirmed_and_deleted(serve, visit) -> None:
    async with serve() as running:
        page = await visit(running, "/ui/signatures")
        await page.get_by_role("link", name="New signature").last.click()
        await page.get_by_label("From address", exact=True).fill("billing@shop.example")
        await page.get_by_label("Name", exact=True).fill("The shop")
        await page.get_by_label("Personal note", exact=True).fill("It is for the invoices.")
        await page.get_by_role("button", name="Create and ask by mail").click()
        await expect(page.get_by_text("is on its way to billing@shop.example")).to_be_visible()
        await page.get_by_role("button", name="Send the mail again").click()
        await expect(page.get_by_text("The confirmation mail to")).to_be_visible()
        await page.get_by_role("button", name="Show the link").click()
        link = await page.get_by_role("status").locator("code").inner_text()
        here = f"{running.http}/ui/signatures"
        await page.goto(running.http + link.removeprefix(running.app.config.public_url))
        await page.get_by_role("button").click()
        await page.goto(here)
        await expect(page.get_by_text("Confirmed")).to_be_visible()
        await page.get_by_role("link", name="billing@shop.example").click()
        await page.get_by_label("Reply-To", exact=True).fill("ann@shop.example")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("Saved.")).to_be_visible()
        await expect(page.get_by_label("Reply-To", exact=True)).to_have_value("ann@shop.example")
        await page.get_by_text("Delete the signature…").click()
        await page.get_by_role("button", name="Yes, delete it").click()
        await expect(page.get_by_text("There is no sender signature here")).to_be_visible()
        wanted = activity.Filter(server_id=SYSTEM.id)
        sent = await running.app.db.read(
            lambda tx: activity.page(tx, wanted, before=None, limit=50)
        )
        assert [one.subject for one in sent.messages] == [
            "Confirm billing@shop.example as a sender"
        ] * 2


async def test_signatures_refuse_in_the_words_of_the_api(serve) -> None:
    async with (
        serve(delivery="direct", dns_servers="127.0.0.1:1") as running,
        browsing(running) as user,
    ):
        made = await user.post("/ui/signatures/new", email="a@shop.example", name="A")
        here = made.headers["Location"]
        for fields, words in (
            ({"email": "a@gmail.com", "name": "A"}, "public domain"),
            ({"email": "A@shop.example", "name": "A"}, "This signature already exists."),
            ({"email": "", "name": "A"}, "FromEmail is a required field"),
            ({"email": "b@shop.example", "name": "B", "note": "x" * 401}, "400 characters"),
        ):
            answer = await user.post("/ui/signatures/new", **fields)
            assert (answer.status_code, words in answer.text) == (422, True), fields
        wrong = await user.post(here, name="A", reply_to="nobody", note="")
        assert (wrong.status_code, 'value="nobody"' in wrong.text) == (422, True)
        assert (await user.post(here, name="", reply_to="", note="")).status_code == 422
        # Mail leaves here, so that nobody but the owner gets the link.
        assert "Show the link" not in (await user.get(here)).text
        assert (await user.post(f"{here}/link")).status_code == 404
        number = int(here.rpartition("/")[2])
        await running.app.db.write(lambda tx: signatures.confirm(tx, number))
        again = await user.post(f"{here}/resend")
        assert (again.status_code, "already been confirmed" in again.text) == (422, True)
        for path in ("999", "x", "1" * 30):
            for tail in ("", "/resend", "/delete"):
                assert (await user.post(f"/ui/signatures/{path}{tail}")).status_code == 404
        await running.app.db.write(lambda tx: signatures.delete_signature(tx, number))
        assert (await user.get(here)).status_code == 404


async def test_support_may_look_at_signatures_only(serve, only_support) -> None:
    async with serve() as running, browsing(running) as user:
        assert (await user.get("/ui/signatures")).status_code == 200
        for path in ("/new", "/1001", "/1001/resend", "/1001/link", "/1001/delete"):
            assert (await user.post(f"/ui/signatures{path}")).status_code == 403
