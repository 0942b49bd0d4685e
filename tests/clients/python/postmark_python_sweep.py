"""Every method of the official Python client; its models validate each reply."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import postmark.sync
from postmark.exceptions import (
    InactiveRecipientException,
    InvalidAPIKeyException,
    InvalidEmailException,
    PostmarkAPIException,
    ValidationException,
)
from postmark.models.bounces import BounceType
from postmark.models.servers import DeliveryType, ServerColor, TrackLinks
from postmark.models.streams import MessageStreamType, UnsubscribeHandlingType
from postmark.models.suppressions import SuppressionOrigin, SuppressionReason
from postmark.models.templates.enums import TemplateTypeFilter
from sweep import (
    ACCOUNT_TOKEN,
    DOMAIN,
    NEVER,
    RECIPIENT,
    SENDER,
    SERVER_TOKEN,
    TAG,
    URL,
    Watched,
    check,
    public,
    refused,
    run,
    soon,
)

logging.disable()
SERVER_PARTS = postmark.sync.SyncServerClient._SERVER_MANAGERS
ACCOUNT_PARTS = postmark.sync.SyncAccountClient._ACCOUNT_MANAGERS


class Client:
    """The managers of one of the client's classes, watched."""

    def __init__(self, client: Any, parts: list[str], name: str) -> None:
        for part in parts:
            setattr(self, part, Watched(getattr(client, part), f"{name}.{part}"))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


server_client = postmark.sync.ServerClient(SERVER_TOKEN, retries=0, timeout=20, base_url=URL)
account_client = postmark.sync.AccountClient(ACCOUNT_TOKEN, retries=0, timeout=20, base_url=URL)
server = Client(server_client, SERVER_PARTS, "server")
account = Client(account_client, ACCOUNT_PARTS, "account")
START = datetime.now(UTC)


def offered() -> set[str]:
    """All methods of all managers."""
    found: set[str] = set()
    for client, parts, name in (
        (server_client, SERVER_PARTS, "server"),
        (account_client, ACCOUNT_PARTS, "account"),
    ):
        for part in parts:
            manager = type(getattr(client, part)._async)
            found |= public(manager, f"{name}.{part}")
    return found


def mail(**changes: Any) -> dict[str, Any]:
    """A small message."""
    plain = {"sender": SENDER, "to": RECIPIENT, "subject": "Official", "text_body": "Hello"}
    return plain | changes


@check
def send() -> None:
    sent = server.outbound.send(
        mail(
            to=f'"Recipient, First" <{RECIPIENT}>',
            cc="cc@elsewhere.example",
            bcc="bcc@elsewhere.example",
            html_body='<p>Hello <a href="https://elsewhere.example/">you</a></p>',
            reply_to="reply@elsewhere.example",
            tag="official",
            headers=[{"name": "X-One", "value": "1"}],
            track_opens=True,
            track_links="HtmlAndText",
            attachments=[{"name": "a.txt", "content": "YQ==", "content_type": "text/plain"}],
            metadata={"color": "green"},
            message_stream="outbound",
        )
    )
    assert sent.success
    assert sent.message == "OK"
    assert sent.to == f'"Recipient, First" <{RECIPIENT}>'
    details = server.outbound.get(sent.message_id)
    assert [str(a.email) for a in details.to] == [RECIPIENT]
    assert details.to[0].name == "Recipient, First"
    assert details.recipients == [RECIPIENT, "cc@elsewhere.example", "bcc@elsewhere.example"]
    assert details.metadata == {"color": "green"}
    assert details.tag == "official"
    assert details.attachments == ["a.txt"]
    assert details.track_opens
    assert details.track_links.value == "HtmlAndText"
    assert details.text_body == "Hello"
    assert not details.sandboxed
    events = soon(lambda: server.outbound.get(sent.message_id).message_events)
    assert events[0].type.value == "Delivered"
    assert "Subject: Official" in server.outbound.get_dump(sent.message_id).body


@check
def send_refused() -> None:
    with refused(ValidationException, 300, "'To'"):
        server.outbound.send(mail(to="nobody"))
    with refused(ValidationException, 300):
        server.outbound.send(mail(text_body=None))
    with refused(ValidationException, 1235, "does not exist"):
        server.outbound.send(mail(message_stream="no-such-stream"))
    with refused(InvalidEmailException):
        server.outbound.send({"to": RECIPIENT})
    wrong = postmark.sync.ServerClient("no-such-token", retries=0, base_url=URL)
    with refused(InvalidAPIKeyException, 10):
        wrong.outbound.send(mail())
    with refused(ValidationException, 701, "not found"):
        server.outbound.get(NEVER)


@check
def send_to_inactive() -> None:
    address = "official-inactive@elsewhere.example"
    server.suppressions.create("outbound", [address])
    try:
        server.outbound.send(mail(to=address))
    except InactiveRecipientException as problem:
        assert problem.error_code == 406
        assert problem.inactive_recipients == [address]
    else:
        raise AssertionError("sent to an inactive recipient")
    partly = server.outbound.send(mail(to=f"{address}, {RECIPIENT}"))
    assert partly.success
    assert address in partly.message


@check
def send_with_the_test_token() -> None:
    client = postmark.sync.ServerClient("POSTMARK_API_TEST", retries=0, base_url=URL)
    assert client.outbound.send(mail(sender="a@any.example")).message == "Test job accepted"


@check
def send_batch() -> None:
    sent = server.outbound.send_batch([mail(subject=f"Batch {n}") for n in range(3)])
    assert [one.success for one in sent] == [True, True, True]
    assert len({one.message_id for one in sent}) == 3


@check
def send_batch_with_a_bad_message() -> None:
    sent = server.outbound.send_batch([mail(), mail(to="nobody")])
    assert [one.error_code for one in sent] == [0, 300]


@check
def send_with_template() -> None:
    sent = server.outbound.send_with_template(
        {"template_alias": "greeting", "template_model": {"name": "Jo"}}
        | {"sender": SENDER, "to": RECIPIENT, "tag": "official", "metadata": {"a": "b"}}
    )
    assert sent.success
    details = server.outbound.get(sent.message_id)
    assert details.subject == "Hello, Jo"
    assert details.text_body == "Hello Jo"
    with refused(ValidationException, 1101):
        server.outbound.send_with_template(
            {"template_alias": "no-such", "template_model": {}, "sender": SENDER, "to": RECIPIENT}
        )


@check
def send_batch_with_template() -> None:
    first = server.templates.list(count=1, template_type=TemplateTypeFilter.STANDARD).items[0]
    message = {"template_id": first.template_id, "template_model": {}, "sender": SENDER}
    sent = server.outbound.send_batch_with_template(
        [message | {"to": RECIPIENT}, message | {"to": "other@elsewhere.example"}]
    )
    assert [one.error_code for one in sent] == [0, 0]
    assert [one.to for one in sent] == [RECIPIENT, "other@elsewhere.example"]


@check
def send_bulk() -> None:
    started = server.outbound.send_bulk(
        {
            "sender": SENDER,
            "subject": "Bulk {{name}}",
            "text_body": "Hello {{name}}",
            "message_stream": "broadcast",
            "messages": [
                {"to": f"bulk{n}@elsewhere.example", "template_model": {"name": f"n{n}"}}
                for n in range(3)
            ],
        }
    )
    assert started.status.value == "Accepted"
    status = soon(
        lambda: (
            (found := server.outbound.get_bulk_status(started.id)).percentage_completed == 100
            and found
        )
    )
    assert status.total_messages == 3
    assert status.subject == "Bulk {{name}}"
    assert status.status.value == "Completed"
    with refused(ValueError):
        server.outbound.send_bulk({"sender": SENDER, "messages": []})
    found = soon(
        lambda: (
            server.outbound.list(
                message_stream="broadcast", recipient="bulk1@elsewhere.example"
            ).items
        )
    )
    assert found[0].subject == "Bulk n1", found


@check
def list_messages() -> None:
    page = server.outbound.list(count=33, tag=TAG)
    assert page.total == 24
    assert {message.tag for message in page.items} == {TAG}
    assert len(server.outbound.list(count=33).items) == 33
    first, second = (
        server.outbound.list(count=2).items,
        server.outbound.list(count=1, offset=1).items,
    )
    assert first[1].message_id == second[0].message_id
    assert first[0].received_at >= first[1].received_at
    found = server.outbound.list(subject="Message 7", recipient="reader0@elsewhere.example").items
    assert {message.subject for message in found} == {"Message 7", "Message 70"}
    assert server.outbound.list(metadata={"number": "8"}).items[0].subject == "Message 8"
    assert server.outbound.list(from_email="nobody@elsewhere.example").total == 0
    assert server.outbound.list(from_email=SENDER, status="sent").total > 70
    old = server.outbound.list(
        count=500,
        from_date=START - timedelta(days=35),
        to_date=START - timedelta(days=30),
        message_stream="outbound",
    )
    assert 8 <= old.total <= 12
    with refused(ValidationException, 700):
        server.outbound.list(count=-1)


@check
def stream_messages() -> None:
    found = server.outbound.stream(batch_size=10, max_messages=24, tag=TAG)
    assert len({message.message_id for message in found}) == 24


@check
def opens() -> None:
    page = server.outbound.list_opens()
    assert page.total == len(page.items) > 5
    one = next(hit for hit in page.items if hit.tag == TAG)
    assert one.record_type == "Open"
    for name, value in filters(one).items():
        found = server.outbound.list_opens(**{name: value})
        assert found.total > 0, name
        assert server.outbound.list_opens(**{name: "no-such"}).total == 0, name
    own = server.outbound.list_message_opens(one.message_id)
    assert {hit.message_id for hit in own.items} == {one.message_id}
    assert server.outbound.list_opens(to_date=START - timedelta(days=60)).total == 0
    with refused(ValidationException, 701):
        server.outbound.list_message_opens(NEVER)


@check
def clicks() -> None:
    page = server.outbound.list_clicks()
    assert page.total == len(page.items) > 5
    one = page.items[0]
    assert one.record_type == "Click"
    assert one.click_location == "HTML"
    assert one.original_link.startswith("https://elsewhere.example/")
    for name, value in filters(one).items():
        assert server.outbound.list_clicks(**{name: value}).total > 0, name
    own = server.outbound.list_message_clicks(one.message_id)
    assert {hit.message_id for hit in own.items} == {one.message_id}
    assert server.outbound.list_clicks(from_date=START + timedelta(days=2)).total == 0


def filters(hit: Any) -> dict[str, str]:
    """Filters that must find this open or click."""
    wanted = {
        "recipient": hit.recipient,
        "client_name": hit.client.name,
        "client_company": hit.client.company,
        "client_family": hit.client.family,
        "os_name": hit.os.name,
        "os_family": hit.os.family,
        "os_company": hit.os.company,
        "platform": hit.platform,
        "country": hit.geo.country,
        "region": hit.geo.region,
        "city": hit.geo.city,
    }
    assert all(wanted.values()), wanted
    return {name: value for name, value in wanted.items() if name != "platform"}


@check
def bounce_list() -> None:
    everything = server.bounces.list()
    hard = server.bounces.list(type=BounceType.HARD_BOUNCE)
    assert everything.total > hard.total >= 3
    assert {bounce.type for bounce in hard.items} == {BounceType.HARD_BOUNCE}
    assert {bounce.inactive for bounce in server.bounces.list(inactive=True).items} == {True}
    assert server.bounces.list(email_filter="nobody-at-all").total == 0
    one = hard.items[0]
    assert server.bounces.list(message_id=one.message_id).items[0].id == one.id
    assert server.bounces.list(tag=TAG, message_stream="outbound").total >= 1
    assert server.bounces.list(to_date=START - timedelta(days=60)).total == 0
    assert server.bounces.list(from_date=START - timedelta(days=60)).total == everything.total
    assert server.bounces.get(one.id).message_id == one.message_id
    dumped = next(bounce for bounce in everything.items if bounce.dump_available)
    assert "User unknown" in server.bounces.get_dump(dumped.id).body
    with refused(ValidationException, 1000):
        server.bounces.list(count=-4)
    with refused(ValidationException, 1001):
        server.bounces.get(1)


@check
def bounce_stream() -> None:
    found = server.bounces.stream(batch_size=2, max_bounces=5)
    assert len({bounce.id for bounce in found}) == 5


@check
def bounce_activate() -> None:
    one = server.bounces.list(type=BounceType.HARD_BOUNCE, inactive=True).items[-1]
    assert one.can_activate
    done = server.bounces.activate(one.id)
    assert done.bounce.id == one.id
    assert not done.bounce.inactive
    assert done.message == "OK"


@check
def delivery_stats() -> None:
    stats = server.bounces.get_delivery_stats()
    assert stats.inactive_mails > 0


@check
def inbound() -> None:
    page = server.inbound.list()
    assert page.total == len(page.items) >= 10
    one = page.items[0]
    details = server.inbound.get(one.message_id)
    assert details.subject == one.subject
    assert details.text_body
    assert details.headers
    assert server.inbound.list(subject=one.subject).items[0].message_id == one.message_id
    assert server.inbound.list(recipient=one.original_recipient, from_email=one.from_email).total
    assert server.inbound.list(mailbox_hash="no-such").total == 0
    assert server.inbound.list(to_date=START - timedelta(days=60)).total == 0
    with refused(ValidationException, 701):
        server.inbound.get(NEVER)


@check
def inbound_again() -> None:
    blocked = server.inbound.list(status="blocked").items[0]
    assert server.inbound.bypass(blocked.message_id).error_code == 0
    failed = server.inbound.list(status="failed").items[0]
    assert server.inbound.retry(failed.message_id).error_code == 0
    with refused(ValidationException, 701, "cannot be bypassed"):
        server.inbound.bypass(NEVER)
    with refused(ValidationException, 701, "cannot be retried"):
        server.inbound.retry(NEVER)


@check
def inbound_rules() -> None:
    one = server.inbound_rules.create("spam.example")
    other = server.inbound_rules.create("spammer@elsewhere.example")
    page = server.inbound_rules.list()
    assert {(one.id, one.rule), (other.id, other.rule)} <= {(r.id, r.rule) for r in page.items}
    with refused(ValidationException, 810):
        server.inbound_rules.create("spam.example")
    for rule in (one, other):
        assert server.inbound_rules.delete(rule.id).error_code == 0
    assert server.inbound_rules.list().total == page.total - 2
    with refused(ValidationException, 812):
        server.inbound_rules.delete(one.id)


@check
def templates() -> None:
    layout = server.templates.create(
        {"name": "Official layout", "template_type": "Layout", "alias": "official-layout"}
        | {"html_body": "<b>{{{@content}}}</b>", "text_body": "-- {{{@content}}}"}
    )
    made = server.templates.create(
        {"name": "Official", "alias": "official", "subject": "S {{x}}", "html_body": "<i>{{x}}</i>"}
        | {"text_body": "T {{x}}", "layout_template": "official-layout"}
    )
    assert (made.alias, made.layout_template) == ("official", "official-layout")
    read = server.templates.get("official")
    assert read.template_id == made.template_id
    assert (read.subject, read.text_body) == ("S {{x}}", "T {{x}}")
    changed = server.templates.edit(made.template_id, {"name": "Official two"})
    assert (changed.name, changed.alias) == ("Official two", "official")
    assert server.templates.get(made.template_id).html_body == "<i>{{x}}</i>"
    layouts = server.templates.list(template_type=TemplateTypeFilter.LAYOUT).items
    assert layout.template_id in {template.template_id for template in layouts}
    assert made.template_id not in {template.template_id for template in layouts}
    with refused(ValidationException, 1130):
        server.templates.delete(layout.template_id)
    for template in (made, layout):
        gone = server.templates.delete(template.template_id)
        assert gone.message == f"Template {template.template_id} removed."
    assert not server.templates.get(made.template_id).active
    with refused(ValidationException, 1101):
        server.templates.delete("official")


@check
def templates_validate() -> None:
    found = server.templates.validate(
        {"subject": "{{a}}", "html_body": "{{#each b}}x{{/each}}", "text_body": "{{d.e}}"}
        | {"test_render_model": {"a": "x"}}
    )
    assert found.all_content_is_valid
    assert found.subject.rendered_content == "x"
    assert len(found.suggested_template_model["b"]) == 3
    bad = server.templates.validate({"subject": "{{#a}}", "text_body": "x"})
    assert not bad.all_content_is_valid
    assert bad.subject.validation_errors


@check
def templates_push() -> None:
    target = account.server.create("Push target")
    own = server.server.get().id
    ids = {"source_server_id": str(own), "destination_server_id": str(target.id)}
    planned = account.templates.push(ids | {"perform_changes": False})
    done = account.templates.push(ids | {"perform_changes": True})
    assert planned.total_count == done.total_count == len(done.templates) >= 3
    assert {template.action.value for template in done.templates} == {"Create"}
    with refused(ValidationException, None, "The source and destination servers were not found."):
        account.templates.push(
            {"source_server_id": "0", "destination_server_id": "1", "perform_changes": True}
        )
    account.server.delete(target.id)


@check
def own_server() -> None:
    before = server.server.get()
    assert before.api_tokens == [SERVER_TOKEN]
    changed = server.server.edit(
        color=ServerColor.PURPLE,
        track_opens=True,
        track_links=TrackLinks.TEXT_ONLY,
        inbound_spam_threshold=9,
        raw_email_enabled=True,
        smtp_api_activated=True,
        post_first_open_only=True,
        include_bounce_content_in_hook=True,
        enable_smtp_api_error_hooks=True,
        inbound_hook_url="https://hooks.example/inbound",
        bounce_hook_url="https://hooks.example/bounce",
        open_hook_url="https://hooks.example/open",
        delivery_hook_url="https://hooks.example/delivery",
        click_hook_url="https://hooks.example/click",
    )
    assert changed.name == before.name
    assert (changed.color, changed.track_links) == (ServerColor.PURPLE, TrackLinks.TEXT_ONLY)
    assert changed.inbound_spam_threshold == 9
    assert changed.click_hook_url == "https://hooks.example/click"
    assert server.server.get() == changed
    server.server.edit(
        color=before.color,
        track_opens=False,
        track_links=TrackLinks.NONE,
        inbound_spam_threshold=before.inbound_spam_threshold,
        inbound_hook_url="",
        bounce_hook_url="",
        open_hook_url="",
        delivery_hook_url="",
        click_hook_url="",
    )
    with refused(ValidationException, 611):
        server.server.edit(inbound_spam_threshold=99)


@check
def servers() -> None:
    made = account.server.create(
        "Official Server",
        color=ServerColor.RED,
        delivery_type=DeliveryType.SANDBOX,
        track_links=TrackLinks.HTML_ONLY,
    )
    assert (made.color, made.delivery_type) == (ServerColor.RED, DeliveryType.SANDBOX)
    assert account.server.get(made.id) == made
    fresh = postmark.sync.ServerClient(made.api_tokens[0], retries=0, base_url=URL)
    assert fresh.server.get().id == made.id
    assert {stream.id for stream in fresh.stream.list().items} == {
        "outbound",
        "broadcast",
        "inbound",
    }
    changed = account.server.edit(made.id, name="Official Server Two")
    assert (changed.name, changed.color) == ("Official Server Two", ServerColor.RED)
    assert [one.id for one in account.server.list(name="server two").items] == [made.id]
    assert account.server.list().total >= 3
    assert account.server.delete(made.id).error_code == 0
    assert made.id not in {one.id for one in account.server.list().items}
    with refused(PostmarkAPIException, 601):
        account.server.get(made.id)
    wrong = postmark.sync.AccountClient(SERVER_TOKEN, retries=0, base_url=URL)
    with refused(InvalidAPIKeyException, 10):
        wrong.server.list()


@check
def streams() -> None:
    made = server.stream.create(
        "official",
        "Official",
        MessageStreamType.BROADCASTS,
        description="One",
        unsubscribe_handling_type=UnsubscribeHandlingType.CUSTOM,
    )
    assert made.updated_at is None
    handling = made.subscription_management_configuration.unsubscribe_handling_type
    assert handling is UnsubscribeHandlingType.CUSTOM
    changed = server.stream.edit("official", name="Official two", description="Two")
    assert (changed.name, changed.description) == ("Official two", "Two")
    assert changed.updated_at is not None
    assert server.stream.get("official") == changed
    gone = server.stream.archive("official")
    assert gone.expected_purge_date > START
    kind = MessageStreamType.BROADCASTS
    assert "official" not in {one.id for one in server.stream.list(kind).items}
    with_archived = server.stream.list(kind, include_archived=True).items
    assert "official" in {one.id for one in with_archived}
    assert server.stream.unarchive("official").archived_at is None
    server.stream.archive("official")
    with refused(ValidationException, 1226):
        server.stream.get("no-such-stream")
    with refused(ValidationException, 1230):
        server.stream.create("outbound", "Again", MessageStreamType.TRANSACTIONAL)


@check
def suppressions() -> None:
    address = "official-held@elsewhere.example"
    made = server.suppressions.create("broadcast", [address, "not an address"])
    assert [one.status for one in made] == ["Suppressed", "Failed"]
    assert made[1].message
    found = server.suppressions.dump(
        "broadcast",
        suppression_reason=SuppressionReason.MANUAL_SUPPRESSION,
        origin=SuppressionOrigin.CUSTOMER,
        email_address=address,
        from_date=START - timedelta(days=2),
        to_date=START + timedelta(days=2),
    )
    assert [one.email_address for one in found] == [address]
    assert server.suppressions.dump("broadcast", origin=SuppressionOrigin.RECIPIENT) == []
    assert [one.status for one in server.suppressions.delete("broadcast", [address])] == ["Deleted"]
    assert server.suppressions.dump("broadcast") == []
    with refused(ValidationException, 1226):
        server.suppressions.create("no-such-stream", [address])


@check
def stats_overview() -> None:
    found = server.stats.overview()
    assert found.sent > 70
    assert found.opens >= found.unique_opens > 0
    assert found.total_clicks >= found.unique_links_clicked > 0
    assert 0 < found.bounce_rate < 100
    tagged = server.stats.overview(tag=TAG, message_stream="outbound")
    assert tagged.sent == 24
    window = server.stats.overview(
        tag=TAG, from_date=START - timedelta(days=20), to_date=START - timedelta(days=10)
    )
    assert 0 < window.sent < tagged.sent


@check
def stats_sent() -> None:
    found = server.stats.sent_counts(tag=TAG)
    assert found.sent == sum(day.sent for day in found.days) == 24


@check
def stats_bounces() -> None:
    found = server.stats.bounce_counts()
    assert found.hard_bounce == sum(day.hard_bounce for day in found.days) >= 3


@check
def stats_spam() -> None:
    found = server.stats.spam_counts()
    assert found.spam_complaint == sum(day.spam_complaint for day in found.days) == 1


@check
def stats_tracked() -> None:
    found = server.stats.tracked_counts()
    assert found.tracked == sum(day.tracked for day in found.days) > 70


@check
def stats_opens() -> None:
    found = server.stats.open_counts()
    assert found.opens == sum(day.opens for day in found.days) > 0
    assert found.unique == sum(day.unique for day in found.days) > 0


@check
def stats_open_platforms() -> None:
    found = server.stats.platform_usage()
    assert found.desktop == sum(day.desktop for day in found.days) > 0


@check
def stats_email_clients() -> None:
    found = server.stats.email_client_usage()
    assert found.model_extra
    for name, total in found.model_extra.items():
        assert total == sum(day.get(name, 0) for day in found.days)


@check
def stats_read_times() -> None:
    found = server.stats.read_times()
    assert found.model_extra
    assert found.days


@check
def stats_clicks() -> None:
    found = server.stats.click_counts()
    assert found.clicks == sum(day.clicks for day in found.days) > 0


@check
def stats_browsers() -> None:
    found = server.stats.browser_usage()
    assert found.model_extra


@check
def stats_click_platforms() -> None:
    found = server.stats.browser_platform_usage()
    assert found.desktop == sum(day.desktop for day in found.days) > 0


@check
def stats_click_location() -> None:
    found = server.stats.click_location()
    assert found.html == sum(day.html for day in found.days) > 0


@check
def webhooks() -> None:
    made = server.webhooks.create(
        "https://hooks.example/official",
        message_stream="outbound",
        http_auth={"Username": "user", "Password": "pass"},
        http_headers=[{"Name": "X-Custom", "Value": "value"}],
        triggers={"Open": {"Enabled": True, "PostFirstOpenOnly": True}},
    )
    assert made.message_stream == "outbound"
    assert (made.http_auth.username, made.http_auth.password) == ("user", "pass")
    assert [(one.name, one.value) for one in made.http_headers] == [("X-Custom", "value")]
    assert (made.triggers.open.enabled, made.triggers.open.post_first_open_only) == (True, True)
    assert not made.triggers.bounce.enabled
    changed = server.webhooks.edit(
        made.id, triggers={"Bounce": {"Enabled": True, "IncludeContent": True}}
    )
    assert changed.triggers.open.enabled
    assert changed.triggers.bounce.include_content
    assert changed.url == made.url
    assert server.webhooks.get(made.id) == changed
    assert made.id in {one.id for one in server.webhooks.list("outbound")}
    assert server.webhooks.list("broadcast") == []
    assert server.webhooks.delete(made.id).error_code == 0
    with refused(ValidationException, 1352, "The webhook for the provided 'ID' was not found."):
        server.webhooks.get(made.id)


@check
def domains() -> None:
    name = f"official.{DOMAIN}"
    made = account.domain.create(name, return_path_domain=f"bounces.{name}")
    assert (made.name, made.return_path_domain) == (name, f"bounces.{name}")
    assert made.dkim_pending_host
    assert account.domain.get(made.id) == made
    assert (
        account.domain.edit(made.id, return_path_domain=f"pm.{name}").return_path_domain
        == f"pm.{name}"
    )
    assert {one.id for one in account.domain.list().items} >= {made.id}
    assert account.domain.verify_dkim(made.id).id == made.id
    assert account.domain.verify_return_path(made.id).name == name
    assert account.domain.verify_spf(made.id).spf_verified
    with refused(ValidationException, 505, "This DKIM is already being renewed."):
        account.domain.rotate_dkim(made.id)
    own = next(one for one in account.domain.list().items if one.name == DOMAIN)
    assert own.dkim_verified
    assert account.domain.rotate_dkim(own.id).dkim_pending_host
    assert account.domain.delete(made.id).error_code == 0
    with refused(ValidationException):
        account.domain.get(made.id)
    with refused(ValidationException):
        account.domain.create("thisisntadomain")


@check
def signatures() -> None:
    made = account.signature.create(
        f"official@{DOMAIN}",
        "Official",
        reply_to="reply@elsewhere.example",
        return_path_domain=f"pm.{DOMAIN}",
        confirmation_personal_note="Please",
    )
    assert not made.confirmed
    assert made.confirmation_personal_note == "Please"
    assert made.reply_to_email_address == "reply@elsewhere.example"
    assert account.signature.get(made.id).email_address == f"official@{DOMAIN}"
    assert account.signature.edit(made.id, "Official two").name == "Official two"
    listed = account.signature.list().items
    assert {one.confirmed for one in listed if one.email_address == SENDER} == {True}
    assert account.signature.resend_confirmation(made.id).error_code == 0
    assert account.signature.verify_spf(made.id).spf_verified
    with refused(ValidationException, 505):
        account.signature.request_new_dkim(made.id)
    assert "removed" in account.signature.delete(made.id).message
    with refused(ValidationException):
        account.signature.get(made.id)


@check
def data_removals() -> None:
    made = account.data_removals.create(SENDER, "forget@elsewhere.example", True)
    assert made.status == "Pending"
    assert account.data_removals.get(made.id).id == made.id
    with refused(ValidationException):
        account.data_removals.get(2_000_000_000)


@check
def unknown_route() -> None:
    try:
        postmark.sync._loop.run(server_client._async.get("/no-such-route"))
    except PostmarkAPIException as problem:
        assert problem.http_status == 404
        assert problem.request_id
    else:
        raise AssertionError("answered")


run(offered())
