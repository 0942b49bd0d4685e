"""Sending through the Django backend of django-anymail: all its options, and its reading of refusals."""

import json
import urllib.request
from typing import Any

import django
from django.conf import settings
from django.core import mail
from sweep import (
    DOMAIN,
    RECIPIENT,
    SENDER,
    SERVER_TOKEN,
    URL,
    check,
    refused,
    run,
    soon,
)

settings.configure(
    EMAIL_BACKEND="anymail.backends.postmark.EmailBackend",
    ANYMAIL_POSTMARK_API_URL=f"{URL}/",
    ANYMAIL_POSTMARK_SERVER_TOKEN=SERVER_TOKEN,
    DEFAULT_FROM_EMAIL=SENDER,
    INSTALLED_APPS=["anymail"],
    USE_TZ=True,
)
django.setup()

from anymail.exceptions import (  # noqa: E402 - Django must know its settings first
    AnymailAPIError,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
)
from anymail.message import AnymailMessage, attach_inline_image  # noqa: E402

BULK_BACKEND = "anymail.backends.postmark.EmailBackend"


def message(**changes: Any) -> AnymailMessage:
    """A small message."""
    plain = {"subject": "Any", "body": "Hello", "from_email": SENDER, "to": [RECIPIENT]}
    return AnymailMessage(**(plain | changes))


def call(method: str, path: str, body: Any = None) -> Any:
    """Ask the platform itself."""
    request = urllib.request.Request(
        URL + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-Postmark-Server-Token": SERVER_TOKEN, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def details(message_id: str) -> Any:
    """The message as it was kept."""
    return call("GET", f"/messages/outbound/{message_id}/details")


def hold_back(address: str) -> None:
    """Make an address inactive."""
    call(
        "POST",
        "/message-streams/outbound/suppressions",
        {"Suppressions": [{"EmailAddress": address}]},
    )


def statuses(sent: AnymailMessage) -> dict[str, str]:
    """What the backend says of each recipient."""
    return {email: one.status for email, one in sent.anymail_status.recipients.items()}


@check
def send_mail() -> None:
    assert mail.send_mail("Any", "Hello", SENDER, [RECIPIENT], html_message="<p>Hello</p>") == 1


@check
def all_options() -> None:
    one = message(
        from_email=f'"Sender, The" <{SENDER}>',
        to=[f"Recipient <{RECIPIENT}>", "Zoë <zoe@elsewhere.example>"],
        cc=["cc@elsewhere.example"],
        bcc=["bcc@elsewhere.example"],
        reply_to=["reply@elsewhere.example", "Other <other@elsewhere.example>"],
        headers={"X-One": "1", "List-Help": "<https://elsewhere.example/>"},
        tags=["any"],
        metadata={"color": "green", "number": 7},
        track_opens=True,
        track_clicks=True,
        esp_extra={"MessageStream": "outbound"},
    )
    one.attach_alternative("<p>Hello</p>", "text/html")
    one.attach("a.txt", "a", "text/plain")
    cid = attach_inline_image(one, b"GIF89a", "logo.gif", subtype="gif")
    assert cid
    assert one.send() == 1
    assert one.anymail_status.status == {"sent"}
    assert statuses(one) == dict.fromkeys(
        (RECIPIENT, "zoe@elsewhere.example", "cc@elsewhere.example", "bcc@elsewhere.example"),
        "sent",
    )
    kept = details(one.anymail_status.message_id)
    assert kept["Tag"] == "any"
    assert kept["Metadata"] == {"color": "green", "number": "7"}
    assert (kept["TrackOpens"], kept["TrackLinks"]) == (True, "HtmlAndText")
    assert kept["To"][1] == {"Email": "zoe@elsewhere.example", "Name": "Zoë"}
    assert (kept["TextBody"], kept["HtmlBody"]) == ("Hello", "<p>Hello</p>")
    assert kept["Attachments"] == ["a.txt", "logo.gif"]
    assert "X-One: 1" in kept["Body"]
    assert soon(lambda: details(one.anymail_status.message_id)["MessageEvents"])


@check
def only_cc_or_bcc() -> None:
    for field in ("cc", "bcc"):
        one = message(to=[], **{field: [RECIPIENT]})
        assert one.send() == 1
        assert statuses(one) == {RECIPIENT: "sent"}


@check
def envelope_of_many() -> None:
    one = message(to=[RECIPIENT, "two@elsewhere.example"], merge_metadata={RECIPIENT: {"n": "1"}})
    one.merge_headers = {RECIPIENT: {"X-Own": "mine"}}
    assert one.send() == 1
    ids = {email: each.message_id for email, each in one.anymail_status.recipients.items()}
    assert len(set(ids.values())) == 2
    assert details(ids[RECIPIENT])["Metadata"] == {"n": "1"}
    assert details(ids["two@elsewhere.example"])["Metadata"] == {}
    assert "X-Own: mine" in details(ids[RECIPIENT])["Body"]


@check
def template() -> None:
    one = message(subject="", body="", template_id="greeting", merge_global_data={"name": "Jo"})
    assert one.send() == 1
    assert details(one.anymail_status.message_id)["Subject"] == "Hello, Jo"


@check
def template_by_id() -> None:
    number = call("GET", "/templates/greeting")["TemplateId"]
    one = message(subject="", body="", template_id=number)
    assert one.send() == 1
    assert details(one.anymail_status.message_id)["Subject"] == "Hello"


@check
def template_for_each() -> None:
    one = message(
        subject="",
        body="",
        to=[RECIPIENT, "two@elsewhere.example"],
        template_id="greeting",
        merge_data={RECIPIENT: {"name": "One"}},
        merge_global_data={"name": "All"},
    )
    assert one.send() == 1
    found = one.anymail_status.recipients
    assert details(found[RECIPIENT].message_id)["Subject"] == "Hello, One"
    assert details(found["two@elsewhere.example"].message_id)["Subject"] == "Hello, All"


def send_bulk(**changes: Any) -> str:
    """Send to two by the bulk API; the subject of what the first one got."""
    connection = mail.get_connection(BULK_BACKEND, use_bulk_api=True, message_stream="broadcast")
    one = message(
        subject="Any {{name}}",
        to=["any1@elsewhere.example", "any2@elsewhere.example"],
        merge_data={"any1@elsewhere.example": {"name": "One"}},
        merge_global_data={"name": "All"},
        metadata={"a": "b"},
        connection=connection,
        **changes,
    )
    assert one.send() == 1
    assert set(statuses(one).values()) == {"queued"}
    number = one.anymail_status.recipients["any1@elsewhere.example"].message_id
    path = "/messages/outbound?count=1&offset=0&messagestream=broadcast&metadata_anymail_id="
    found = soon(lambda: call("GET", path + number)["Messages"])
    assert found[0]["Recipients"] == ["any1@elsewhere.example"]
    return str(found[0]["Subject"])


@check
def bulk() -> None:
    own = {f"any{n}@elsewhere.example": {"n": str(n)} for n in (1, 2)}
    assert send_bulk(merge_metadata=own) == "Any One"


@check
def bulk_with_shared_metadata() -> None:
    assert send_bulk() == "Any One"


@check
def inactive_recipients() -> None:
    hold_back("any-held@elsewhere.example")
    partly = message(to=["Any-Held@elsewhere.example", RECIPIENT])
    assert partly.send() == 1
    assert statuses(partly) == {"Any-Held@elsewhere.example": "rejected", RECIPIENT: "sent"}
    with refused(AnymailRecipientsRefused):
        message(to=["any-held@elsewhere.example"]).send()
    one = message(to=["any-held@elsewhere.example"])
    assert one.send(fail_silently=True) == 0
    assert statuses(one) == {"any-held@elsewhere.example": "rejected"}


@check
def inactive_recipients_in_a_batch() -> None:
    hold_back("any-batch@elsewhere.example")
    one = message(to=["any-batch@elsewhere.example", RECIPIENT], merge_data={})
    assert one.send() == 1
    assert statuses(one) == {"any-batch@elsewhere.example": "rejected", RECIPIENT: "sent"}


@check
def invalid_recipients() -> None:
    for bad in ("user@+", "user@localhost"):
        for field in ("to", "cc", "bcc"):
            one = message(**({"to": []} | {field: [bad]}))
            with refused(AnymailRecipientsRefused):
                one.send()
            assert one.anymail_status.status == {"invalid"}
    partly = message(to=[RECIPIENT, "user@+"])
    partly.send()
    assert statuses(partly) == {RECIPIENT: "unknown", "user@+": "invalid"}


@check
def invalid_sender() -> None:
    for sender in ("webmaster@localhost", "Webmaster <webmaster@localhost>"):
        with refused(AnymailRequestsAPIError, None, "Invalid 'From' address"):
            message(from_email=sender).send()
    connection = mail.get_connection(server_token="POSTMARK_API_TEST")
    with refused(AnymailRequestsAPIError, None, "Invalid 'From' address"):
        message(from_email="webmaster@localhost", connection=connection).send()


@check
def the_test_token() -> None:
    connection = mail.get_connection(server_token="POSTMARK_API_TEST")
    one = message(from_email="any@nowhere.example", connection=connection)
    assert one.send() == 1
    assert one.anymail_status.status == {"sent"}


@check
def other_refusals() -> None:
    with refused(AnymailRequestsAPIError, None, "ErrorCode"):
        message(reply_to=["user@+"]).send()
    with refused(AnymailRequestsAPIError, None, "no-such-stream"):
        message(esp_extra={"MessageStream": "no-such-stream"}).send()
    with refused(AnymailRequestsAPIError, None, "1101"):
        message(subject="", body="", template_id="no-such-template").send()
    try:
        message(connection=mail.get_connection(server_token="wrong")).send()
    except AnymailAPIError as problem:
        assert problem.status_code == 401
        assert "valid" in str(problem)
    else:
        raise AssertionError("sent with a wrong token")


@check
def many_recipients() -> None:
    one = message(to=[f"any{n}@elsewhere.example" for n in range(50)])
    assert one.send() == 1
    assert len(statuses(one)) == 50


@check
def other_domains() -> None:
    one = message(from_email=f"other@sub.{DOMAIN}", to=[f"user@{'x' * 60}.example"])
    assert one.send() == 1


run()
