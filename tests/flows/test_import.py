"""`pillarbox import postmark` from one Pillarbox, which speaks for Postmark, into another of each kind."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest
from click.testing import CliRunner

from pillarbox import roles
from pillarbox.cli.import_ import import_
from pillarbox.domains import signatures
from pillarbox.domains import store as domains
from pillarbox.errors import StartError, UsageError
from pillarbox.events import store as events
from pillarbox.inbound.store import rules
from pillarbox.servers.model import Server
from pillarbox.servers.store import servers, streams
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Origin, Reason, Suppression, SuppressionSearch
from pillarbox.templates import store as templates
from pillarbox.templates.model import TemplateType, Values
from pillarbox.webhooks.model import HttpAuth, Trigger
from pillarbox.webhooks.store import webhooks
from tests.conftest import ACCOUNT_TOKEN, Settings

LONG_AGO = datetime(2019, 12, 10, 13, 58, 33, tzinfo=UTC)
HTML = "<h1>{{name}}</h1>"


@pytest.fixture
async def source(tmp_path, first_sqlite):
    """A running Pillarbox with an API that can be called with either token, by the tokens of its Servers."""
    (tmp_path / "source").mkdir()
    made = Settings(tmp_path / "source", None, first_sqlite)()
    stop = asyncio.Event()
    ready = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(roles.run(made, ("api",), stop=stop, started=ready.set_result))
        started = await ready
        try:
            yield started
        finally:
            stop.set()


@asynccontextmanager
async def calling(source):
    """Calls the source; a refusal fails the test. The token of a Server is the first argument."""
    base_url = f"http://127.0.0.1:{source.http_port}"
    async with httpx.AsyncClient(base_url=base_url) as client:

        async def call(token, method, path, **body):
            headers = {"X-Postmark-Account-Token": ACCOUNT_TOKEN}
            headers |= {"X-Postmark-Server-Token": token} if token else {}
            answer = await client.request(method, path, headers=headers, json=body or None)
            assert answer.status_code == 200, answer.text
            return answer.json()

        yield call


@pytest.fixture
async def orchard(source):
    """A Server of the source with one of everything, and a domain and a signature; its token."""
    async with calling(source) as call:
        made = await call(
            "", "POST", "/servers", Name="Orchard", Color="green", TrackOpens=True,
            DeliveryHookUrl="https://hooks.example/d", InboundSpamThreshold=7,
        )  # fmt: skip
        (token,) = made["ApiTokens"]
        await call(
            token, "POST", "/message-streams", ID="letters", Name="Letters",
            MessageStreamType="Broadcasts", Description="By hand",
            SubscriptionManagementConfiguration={"UnsubscribeHandlingType": "Custom"},
        )  # fmt: skip
        await call(token, "PATCH", "/message-streams/outbound", Name="Main")
        await call(
            token, "POST", "/templates", Name="Frame", Alias="frame", TemplateType="Layout",
            HtmlBody="<body>{{{@content}}}</body>", TextBody="{{{@content}}}",
        )  # fmt: skip
        await call(
            token, "POST", "/templates", Name="A welcome", Alias="welcome", Subject="Hi {{name}}",
            HtmlBody=HTML, TextBody="Hi", LayoutTemplate="frame",
        )  # fmt: skip
        for subject in ("One", "Two"):  # without alias, of the same name
            await call(token, "POST", "/templates", Name="Twin", Subject=subject, TextBody="Hello")
        await call(
            token, "POST", "/webhooks", Url="https://hooks.example/all?key=1", MessageStream="letters",
            HttpAuth={"Username": "u", "Password": "p"}, HttpHeaders=[{"Name": "X-A", "Value": "1"}],
            Triggers={"Bounce": {"Enabled": True, "IncludeContent": True}},
        )  # fmt: skip
        await call(token, "POST", "/triggers/inboundrules", Rule="spam.example")
        await call(
            "", "POST", "/domains", Name="orchard.example", ReturnPathDomain="pm.orchard.example"
        )
        await call(
            "", "POST", "/senders", FromEmail="ann@orchard.example", Name="Ann", ReplyToEmail="b@one.example",
            ConfirmationPersonalNote="Please do",
        )  # fmt: skip
    with source.app.db.transaction() as tx:
        stream = servers.get(tx, made["ID"]).streams["letters"]
        held = Suppression(
            stream_key=stream.key,
            address="gone@one.example",
            reason=Reason.HARD_BOUNCE,
            origin=Origin.RECIPIENT,
            created_at=LONG_AGO,
        )
        suppressions.insert(tx, [held])
    return token


@pytest.fixture
def run(source, app, monkeypatch):
    """Runs the import into the other Pillarbox; what it printed, by part and name, or how it ended."""

    async def call(*arguments, account=ACCOUNT_TOKEN, own="", given=None, **changes):
        monkeypatch.setenv("POSTMARK_ACCOUNT_TOKEN", account)
        monkeypatch.setenv("POSTMARK_SERVER_TOKENS", own)
        flags = {
            "base-url": f"http://127.0.0.1:{source.http_port}",
            "data-dir": str(app.config.data_dir),
            "egress-allow": "127.0.0.0/8",
            "hostname": "pillarbox.example",
        } | changes
        if app.config.database_url:
            flags["database-url"] = app.config.database_url
        options = [text for name, value in flags.items() for text in (f"--{name}", value)]
        form = [] if "--text" in arguments else ["--json"]
        command = ["postmark", *form, *(a for a in arguments if a != "--text"), *options]
        result = await asyncio.to_thread(CliRunner().invoke, import_, command, input=given)
        if isinstance(result.exception, StartError | UsageError) and not result.stdout:
            return str(result.exception)
        if not form:
            return result.stdout
        return json.loads(result.stdout) | {"failure": result.exception}

    return call


def the_orchard(tx) -> Server:
    found = servers.find_named(tx, "Orchard")
    assert found is not None
    return found


def actions(report):
    found: dict[str, set[str]] = {}
    for one in report["outcomes"]:
        found.setdefault(one["action"], set()).add(one["part"])
    return found


async def test_a_whole_account_is_copied(orchard, run, app, source):
    report = await run()
    assert report["failure"] is None
    assert actions(report)["created"] == {
        "domain", "sender signature", "server", "stream", "layout", "template", "inbound rule", "webhook",
        "suppressions",
    }  # fmt: skip
    with app.db.transaction() as tx:
        made = the_orchard(tx)
        assert (made.color, made.track_opens, made.inbound_spam_threshold) == ("green", True, 7)
        assert made.delivery_hook_url == "https://hooks.example/d"
        assert made.tokens != (orchard,)
        letters = made.streams["letters"]
        assert (letters.name, letters.description) == ("Letters", "By hand")
        assert (letters.type, letters.unsubscribe) == ("Broadcasts", "Custom")
        assert made.streams["outbound"].name == "Main"
        welcome = templates.get(tx, made.id, "welcome")
        assert (welcome.subject, welcome.html, welcome.text) == ("Hi {{name}}", HTML, "Hi")
        assert welcome.layout == "frame"
        assert [one.name for one in templates.list_active(tx, made.id)].count("Twin") == 2
        (hook,) = webhooks.list_of_server(tx, made.id)
        assert (hook.url, hook.stream) == ("https://hooks.example/all?key=1", "letters")
        assert hook.auth == HttpAuth("u", "p")
        assert (hook.headers, hook.is_verified) == ((("X-A", "1"),), True)
        assert hook.triggers[Trigger.BOUNCE].option
        assert [one.rule for one in rules.page(tx, made.id, count=9, offset=0)[1]] == [
            "spam.example"
        ]
        wanted = SuppressionSearch(stream_key=letters.key)
        (held,) = suppressions.newest(tx, wanted, after=None, limit=9)
        assert (held.address, held.reason, held.origin) == (
            "gone@one.example", Reason.HARD_BOUNCE, Origin.RECIPIENT,
        )  # fmt: skip
        assert held.created_at == LONG_AGO
        domain = domains.find(tx, "orchard.example")
        assert domain is not None
        assert domain.return_path.host == "pm.orchard.example"
        ann = signatures.find(tx, "ann@orchard.example")
        assert ann is not None
        assert (ann.name, ann.reply_to, ann.note) == ("Ann", "b@one.example", "Please do")
        assert not ann.is_confirmed
    (shown,) = report["domains"]
    assert shown["name"] == "orchard.example"
    assert shown["keys"]["pending"]["host"].endswith("._domainkey.orchard.example")
    assert not any("hooks.example/all?key" in one["name"] for one in report["outcomes"])


async def test_again_nothing_changes(orchard, run, app):
    await run()
    again = await run("--update")
    assert again["failure"] is None
    assert set(actions(again)) == {"same"}


async def test_what_differs_stays_unless_it_may_be_changed(orchard, run, app, source):
    await run(account="", own=orchard)
    async with calling(source) as call:
        await call(orchard, "PUT", "/server", Color="red")
        await call(orchard, "PATCH", "/message-streams/letters", Name="Post")
        await call(orchard, "PUT", "/templates/welcome", Subject="Hello")
        (hook,) = (await call(orchard, "GET", "/webhooks"))["Webhooks"]
        await call(orchard, "PUT", f"/webhooks/{hook['ID']}", Triggers={"Open": {"Enabled": True}})
    changed = {"server", "stream", "template", "webhook"}
    assert actions(await run(account="", own=orchard))["differs"] == changed
    assert (
        actions(await run("--update", "--dry-run", account="", own=orchard))["updated"] == changed
    )
    assert actions(await run("--update", account="", own=orchard))["updated"] == changed
    with app.db.transaction() as tx:
        made = the_orchard(tx)
        assert (made.color, made.streams["letters"].name) == ("red", "Post")
        assert templates.get(tx, made.id, "welcome").subject == "Hello"
    assert set(actions(await run(account="", own=orchard))) == {"same"}


async def test_a_dry_run_keeps_nothing(orchard, run, app):
    report = await run("--dry-run")
    assert report["dry_run"]
    assert {"server", "domain", "suppressions", "webhook"} <= actions(report)["created"]
    with app.db.transaction() as tx:
        assert [one.name for one in servers.list_servers(tx)] == ["My First Server"]
        assert domains.list_domains(tx) == []
        assert signatures.find(tx, "ann@orchard.example") is None


async def test_what_cannot_be_had_is_told(orchard, run, source):
    values = {"inbound_domain": "in.orchard.example", "bounce_hook_url": "http://10.0.0.1/"}

    def configure(tx):
        servers.update_server(tx, the_orchard(tx).id, values)

    await source.app.db.write(configure)
    here = {"inbound-mx-check": "on", "custom-unsubscribe": "off"}
    report = await run(account="", own=f"{orchard}, {orchard}", **here)
    (server,) = [one for one in report["outcomes"] if one["part"] == "server"]
    assert "BounceHookUrl 'http://10.0.0.1/' was left out" in server["note"]
    assert "InboundDomain 'in.orchard.example' was left out" in server["note"]
    (letters,) = [
        one for one in report["outcomes"] if one["name"] == "letters" and one["part"] == "stream"
    ]
    assert (letters["action"], letters["note"][:8]) == ("created", "who hand")


async def test_too_many_templates_fail_and_the_rest_is_kept(orchard, run):
    report = await run(**{"template-limit": "2"})
    assert str(report["failure"]) == "not everything could be copied"
    assert "webhook" in actions(report)["created"]
    assert actions(report)["failed"] == {"template"}


async def test_tokens_can_be_read_from_standard_input(orchard, run):
    report = await run(account="", given=f"\n{orchard}\n")
    assert "domain" not in actions(report)["created"]
    assert "server" in actions(report)["created"]


async def test_problems_end_it_with_words(orchard, run):
    assert await run(account="", given="\n\n") == (
        "no token: set POSTMARK_ACCOUNT_TOKEN or POSTMARK_SERVER_TOKENS"
    )
    assert await run(account="1234") == "/domains: the token is not accepted (401)."
    assert "EGRESS_ALLOW" in await run(**{"egress-allow": ""})


async def test_importing_tells_no_webhook(orchard, run, app):
    await run()
    with app.db.transaction() as tx:
        assert events.list_after(tx, 0, 1 << 40, limit=9) == []


async def test_what_a_person_reads(orchard, run, app):
    with app.db.transaction() as tx:  # so that the next ids are not those of the source
        own = Values(name="Own", subject="Hi", html=None, text="Hi", alias=None, layout_id=None)
        templates.insert_template(tx, servers.list_servers(tx)[0].id, TemplateType.STANDARD, own)
    text = await run("--text")
    assert "Server Orchard\n  created  server Orchard\n" in text
    assert "  created  suppressions letters (1)\n" in text
    assert " there, " in text
    assert "DNS records to publish" in text
    assert "pm.orchard.example  CNAME  pillarbox.example" in text
    assert "* Give your applications this installation's base URL and tokens" in text
    again = await run("--text", "--dry-run")
    assert again.startswith("Nothing was kept: this is what would be done.\n")
    assert "  same     template (3)\n" in again


async def test_suppressions_of_a_stream_that_is_archived_here_are_not_passed_over(
    orchard, run, app
):
    await run()
    with app.db.transaction() as tx:
        letters = the_orchard(tx).streams["letters"]
        streams.update_stream(tx, letters.key, {"archived_at": tx.now})
    report = await run()
    (failed,) = [
        one
        for one in report["outcomes"]
        if one["action"] == "failed" and one["part"] == "suppressions"
    ]
    assert (failed["name"], failed["count"]) == ("letters", 1)
    assert failed["note"] == "their stream is not in use here"
