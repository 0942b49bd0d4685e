"""The pages of inbound mail: one story in a real browser, the logic behind it, and what is refused."""

from playwright.async_api import expect

from pillarbox.inbound import simulate
from pillarbox.inbound.simulate import Composed
from pillarbox.inbound.store import rules
from pillarbox.servers import manage
from pillarbox.servers.model import NewServer, Settings
from pillarbox.web.inbound import verdict
from tests.doubles.hook import HookSink
from tests.e2e import mailroom, seeds_inbound
from tests.e2e.browse import browsing
from tests.e2e.screens import Facts

OWN = [
    ("Return-Path", "<a@b.example>"),
    ("Received", "by mail.example (inbound)"),
    ("X-Spam-Status", "Yes"),
    ("X-Spam-Score", "9.1"),
    ("X-Spam-Tests", "BAYES_99"),
    ("Authentication-Results", "mail.example; spf=fail smtp.mailfrom=a@b.example; dkim=none"),
    ("Received", "from there"),
    ("Authentication-Results", "mail.example; dmarc=pass header.from=b.example"),
    ("X-Spam-Score", "0.0"),
]


def test_only_our_own_checks_count():
    found = {one.name: (one.result, one.tone) for one in verdict.checks(OWN, is_scanned=True)}
    assert found == {"SPF": ("fail", "bad"), "DKIM": ("none", "mute"), "Spam": ("9.1", "bad")}
    forged = [OWN[0], ("Authentication-Results", "mail.example; spf=pass")]
    assert verdict.checks(forged, is_scanned=True) == []


def test_a_composed_mail_cannot_grow_headers():
    written = Composed(
        sender="a@b.example\nBcc: c@d.example",
        recipient="x@y.example",
        subject="Hi\nX-Evil: 1",
        text="Zoë\n.\n",
    )
    head, _, body = simulate.source(written, date="now").partition(b"\r\n\r\n")
    assert b"\r\nBcc:" not in head
    assert b"\r\nX-Evil:" not in head
    assert body == "Zoë\r\n.\r\n\r\n".encode()


async def test_from_the_simulator_to_the_webhook(serve, visit) -> None:
    async with HookSink() as sink, serve(egress_allow="127.0.0.0/8") as running:
        server = await mailroom.first_server(running.app)
        home = f"/ui/servers/{server.id}/inbound"
        watching = await visit(running, home)
        await expect(watching.get_by_text("No mail has come in yet")).to_be_visible()
        await expect(watching.get_by_text("No inbound webhook is set")).to_be_visible()

        page = await visit(running, f"{home}/simulator")
        await page.get_by_label("Subject").fill("Grüße")
        await page.get_by_role("button", name="Run it").click()
        await expect(page.get_by_role("heading", name="Grüße")).to_be_visible(timeout=15_000)
        await expect(page.locator("#payload")).to_contain_text('"Email": "amy@example.com"')
        await expect(page.get_by_text("so nobody was told")).to_be_visible()
        await expect(watching.get_by_text("Grüße")).to_be_visible()
        await watching.close()

        url = sink.url("/in")
        await running.app.db.write(
            lambda tx: manage.edit(tx, server.id, Settings(inbound_hook_url=url))
        )
        await page.reload()
        await page.get_by_role("button", name="Retry now").click()
        (hit,) = await sink.wait(1)
        assert hit.json["Subject"] == "Grüße"
        await expect(page.get_by_text("Your webhook took it.")).to_be_visible()  # by itself
        await expect(page.get_by_role("list", name="Tries")).to_contain_text("HTTP 200")

        await page.goto(f"{running.http}{home}/rules")
        await page.get_by_label("Address or domain").fill("Example.com")
        await page.get_by_role("button", name="Block").click()
        await page.get_by_role("textbox", name="Sender").fill("amy@example.com")
        await page.get_by_role("button", name="Ask").click()
        await expect(page.get_by_text("By the rule")).to_be_visible()
        await page.goto(f"{running.http}{home}/simulator")
        await page.get_by_text("Paste a raw message instead").click()
        await page.get_by_label("Raw message").fill("From: amy@example.com\nSubject: Raw\n\nHi\n")
        await page.get_by_role("button", name="Run it").click()
        await expect(page.get_by_text("blocked by domain rule")).to_be_visible(timeout=15_000)
        await page.get_by_role("button", name="Let it through").click()
        assert (await sink.wait(2))[1].json["Subject"] == "Raw"


async def test_others_ids_and_bad_forms_are_refused(serve) -> None:
    async with serve() as running, browsing(running) as user:
        facts = Facts()
        await seeds_inbound.inbound(running, facts)
        other = await running.app.db.write(
            lambda tx: manage.create(tx, NewServer(name="Other"), Settings(), limit=None)
        )
        server = await mailroom.first_server(running.app)
        own, foreign = f"/ui/servers/{server.id}/inbound", f"/ui/servers/{other.id}/inbound"
        message, blocked = facts.ids["inbound"], facts.ids["inbound_blocked"]
        for path in (message, *(f"{message}/{one}" for one in ("html", "raw", "payload"))):
            assert (await user.get(f"{own}/{path}")).status_code == 200, path
            assert (await user.get(f"{foreign}/{path}")).status_code == 404, path
        assert (await user.get(f"{foreign}/{message}/attachments/0")).status_code == 404
        assert (await user.get(f"{own}/{message}/attachments/1")).status_code == 404
        file = await user.get(f"{own}/{message}/attachments/0")
        assert file.content == b"\x89PNG\r\n\x1a\n"
        assert "attachment" in file.headers["content-disposition"]
        assert (await user.post(f"{foreign}/{blocked}/bypass")).status_code == 404
        assert (await user.post_raw(f"{own}/{blocked}/bypass", {"x": "y"})).status_code == 403
        assert (await user.post(f"{own}/{message}/retry")).status_code == 422
        assert (await user.post(f"{own}/rules", rule="*@x")).status_code == 422
        assert (await user.post(f"{own}/rules", rule="spammer.example")).status_code == 422
        assert (await user.post(f"{own}/simulator", to="nobody")).status_code == 422
        with running.app.db.transaction() as tx:
            _, found = rules.page(tx, server.id, count=10, offset=0)
        assert (await user.post(f"{foreign}/rules/{found[0].id}/delete")).status_code == 404
        assert (await user.post(f"{own}/rules/{found[0].id}/delete")).status_code == 303
