"""The pages of webhooks: one story in a real browser, and what is refused."""

import hashlib
import hmac
import re

import httpx
import pytest
from playwright.async_api import expect

from pillarbox.servers import manage
from pillarbox.servers.model import NewServer, Settings
from pillarbox.web.forms import Form
from pillarbox.web.plumbing import webhook_form, webhook_story
from pillarbox.webhooks.model import Attempts, HttpAuth, Trigger, TriggerState, Webhook
from pillarbox.webhooks.store import webhooks as store
from tests.conftest import SERVER_TOKEN
from tests.doubles.hook import HookSink
from tests.e2e import mailroom, seeds_webhooks
from tests.e2e.screens import Facts

HOOK = Webhook(
    id=5,
    server_id=1,
    stream_key=1,
    stream="outbound",
    url="https://me:hidden@shop.example/hook",
    auth=HttpAuth("shop", "hidden"),
    headers=(("X-Key", "hidden"),),
    triggers={kind: TriggerState(is_enabled=kind is Trigger.OPEN) for kind in Trigger},
)


def form(**fields: list[str]) -> Form:
    return Form({name.replace("_", "-"): values for name, values in fields.items()})


def test_what_is_not_shown_stays_as_it_is():
    shown = webhook_form.shown_saved(HOOK, None)
    assert "hidden" not in repr(shown)
    edit = webhook_form.to_edit(
        form(
            url=[shown.url],
            username=["shop"],
            password=[""],
            header_name=["X-Key", ""],
            header_value=["", ""],
        ),
        HOOK,
    )
    assert (edit.url, edit.auth, edit.headers) == (HOOK.url, HOOK.auth, HOOK.headers)


def test_what_is_cleared_goes():
    edit = webhook_form.to_edit(
        form(url=["https://other.example"], username=[""], header_name=[""], header_value=["x"]),
        HOOK,
    )
    assert (edit.url, edit.auth, edit.headers) == ("https://other.example", HttpAuth("", ""), ())
    assert edit.triggers["Open"].is_enabled is False


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (Attempts(), ["Active"]),
        (Attempts(requests=2, successes=1, failures=1), ["Active"]),
        (Attempts(requests=9, successes=1, failures=8), ["Failing"]),
        (Attempts(requests=3, retries=3), ["Retrying"]),
        (Attempts(requests=4, successes=4, slow=2), ["Slow"]),
    ],
)
def test_the_state_of_a_webhook(made, words):
    assert [pill.text for pill in webhook_story.pills(HOOK, made)] == words


async def test_a_webhook_from_first_to_last(serve, visit) -> None:
    async with (
        HookSink() as sink,
        serve(egress_allow="127.0.0.0/8") as running,
        httpx.AsyncClient(base_url=running.http) as client,
    ):
        server = await mailroom.first_server(running.app)
        page = await visit(running, f"/ui/servers/{server.id}/webhooks")
        await page.get_by_role("link", name="New webhook").first.click()
        await page.get_by_label("URL", exact=True).fill(sink.url("/in"))
        await page.get_by_label("Header 1").fill("X-Shop")
        await page.get_by_label("Value 1").fill("secret value")
        await page.get_by_role("button", name="Create the webhook").click()
        await expect(page.get_by_text("The webhook is ready.")).to_be_visible()

        await page.get_by_role("button", name="Make a signing secret").click()
        secret = await page.locator("#secret").inner_text()
        await page.get_by_role("link", name="I have copied it").click()
        await expect(page.get_by_text(secret)).to_have_count(0)

        await page.get_by_label("Sample for").select_option("Bounce")
        await page.get_by_role("button", name="Send a test").click()
        await expect(page.get_by_role("heading", name="Bounce")).to_be_visible()
        await expect(page.get_by_text("secret value")).to_have_count(0)
        (tested,) = await sink.wait(1)
        assert tested.headers["X-Shop"] == "secret value"
        await page.get_by_role("link", name="Webhook", exact=True).click()

        sink.status = 410
        mail = {"From": "a@b.example", "To": "ann@one.example", "Subject": "Hi", "TextBody": "x"}
        headers = {"X-Postmark-Server-Token": SERVER_TOKEN}
        assert (await client.post("/email", json=mail, headers=headers)).status_code == 200
        # The log is live: the call appears by itself.
        await page.locator("#calls").get_by_role("link", name="Delivery").click()
        await expect(page.get_by_text("Failed").first).to_be_visible()
        await expect(page.locator("#payload")).to_contain_text('"Recipient": "ann@one.example"')
        sink.status = 200
        await page.get_by_role("button", name="Replay").click()
        hits = await sink.wait(3)
        assert hits[1].body == hits[2].body
        await expect(page.get_by_text("200", exact=True)).to_be_visible()  # by itself
        assert hits[2].headers["X-Pillarbox-Signature"] == signed(hits[2], secret)

        await page.get_by_role("link", name="Calls", exact=True).click()
        await page.get_by_text("Delete the webhook…").click()
        await page.get_by_role("button", name="Yes, delete it").click()
        await expect(page.get_by_text("No webhook yet")).to_be_visible()


def signed(hit, secret: str) -> str:
    found = re.fullmatch(r"t=(\d+),v1=[0-9a-f]{64}", hit.headers["X-Pillarbox-Signature"])
    assert found
    said = found.group(1).encode() + b"." + hit.body
    return f"t={found.group(1)},v1={hmac.digest(secret.encode(), said, hashlib.sha256).hex()}"


async def test_others_ids_and_bad_forms_are_refused(serve) -> None:
    async with serve(delivery="direct", dns_servers="127.0.0.1:1") as running:
        facts = Facts()
        await seeds_webhooks.webhooks(running, facts)
        other = await running.app.db.write(
            lambda tx: manage.create(tx, NewServer(name="Other"), Settings(), limit=None)
        )
        server = await mailroom.first_server(running.app)
        own, foreign = f"/ui/servers/{server.id}/webhooks", f"/ui/servers/{other.id}/webhooks"
        webhook, call = facts.ids["webhook"], facts.ids["call"]
        async with httpx.AsyncClient(base_url=running.http) as client:
            token = await form_token(client, own)
            for path in (webhook, f"{webhook}/edit", f"calls/{call}", "calls/9" + "9" * 30):
                assert (await client.get(f"{foreign}/{path}")).status_code == 404, path
            for path in ("delete", "secret", "secret/delete", "test", "edit"):
                answer = await client.post(f"{foreign}/{webhook}/{path}", data={"_form": token})
                assert answer.status_code == 404, path
            assert (
                await client.post(f"{own}/{webhook}/delete", data={"a": "b"})
            ).status_code == 403
            for what in ("replay", "hurry"):
                answer = await client.post(f"{foreign}/calls/{call}/{what}", data={"_form": token})
                assert answer.status_code == 404, what
            refused = await client.post(
                f"{own}/new", data={"_form": token, "url": "http://127.0.0.1/", "on-Open": "1"}
            )
            assert refused.status_code == 422
            assert "missing or invalid" in refused.text
            assert "EGRESS_ALLOW" in refused.text
        with running.app.db.transaction() as tx:
            assert store.get(tx, server.id, int(webhook)).secret


async def test_the_servers_own_hooks_are_listed(serve) -> None:
    async with serve() as running, httpx.AsyncClient(base_url=running.http) as client:
        server = await mailroom.first_server(running.app)
        old = "https://u:passw0rd@old.example/hook"
        await running.app.db.write(
            lambda tx: manage.edit(tx, server.id, Settings(bounce_hook_url=old))
        )
        page = (await client.get(f"/ui/servers/{server.id}/webhooks")).text
        assert "https://old.example/hook" in page
        assert "passw0rd" not in page
        assert "Bounce, Spam complaint" in page
        log = await client.get(f"/ui/servers/{server.id}/webhooks/server")
        assert "Not called yet" in log.text


async def test_a_verification_that_fails_saves_nothing(serve) -> None:
    async with (
        HookSink() as sink,
        serve(egress_allow="127.0.0.0/8") as running,
        httpx.AsyncClient(base_url=running.http) as client,
    ):
        sink.status = 500
        server = await mailroom.first_server(running.app)
        home = f"/ui/servers/{server.id}/webhooks"
        token = await form_token(client, home)
        sent = {"_form": token, "url": sink.url(), "on-Delivery": "1", "verify": "1"}
        answer = await client.post(f"{home}/new", data=sent)
        assert answer.status_code == 422
        assert "Delivery: Remote server returned an HTTP status code of 500." in answer.text
        with running.app.db.transaction() as tx:
            assert store.list_of_server(tx, server.id) == []


async def form_token(client: httpx.AsyncClient, path: str) -> str:
    await client.get(path)
    return client.cookies["form"]
