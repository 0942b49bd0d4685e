"""Templates, servers, streams, suppressions, webhooks, senders."""

from datetime import timedelta

import postmark.sync
from postmark.exceptions import (
    InvalidAPIKeyException,
    PostmarkAPIException,
    ValidationException,
)
from postmark.models.servers import DeliveryType, ServerColor, TrackLinks
from postmark.models.streams import MessageStreamType, UnsubscribeHandlingType
from postmark.models.suppressions import SuppressionOrigin, SuppressionReason
from postmark.models.templates.enums import TemplateTypeFilter
from sweep import (
    DOMAIN,
    SENDER,
    SERVER_TOKEN,
    URL,
    check,
    refused,
)

from official.client import START, account, server, server_client


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
    own = next(one for one in account.domain.list().items if one.name == "verified.example")
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
