"""Sending in all its ways."""

import postmark.sync
from postmark.exceptions import (
    InactiveRecipientException,
    InvalidAPIKeyException,
    InvalidEmailException,
    ValidationException,
)
from postmark.models.templates.enums import TemplateTypeFilter
from sweep import (
    NEVER,
    RECIPIENT,
    SENDER,
    URL,
    check,
    refused,
    soon,
)

from official.client import mail, server


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
