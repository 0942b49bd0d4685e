"""Every function of pystmark, with the exact keys that the schemas of its own suite allow in replies."""

import tempfile
from pathlib import Path
from typing import Any

import pystmark
from pystmark import (
    BouncedMessage,
    Message,
    MessageError,
    UnauthorizedError,
    UnprocessableEntityError,
)
from requests import HTTPError
from sweep import (
    NEVER,
    RECIPIENT,
    SENDER,
    SERVER_TOKEN,
    TAG,
    URL,
    Watched,
    called,
    check,
    refused,
    run,
    soon,
)

pystmark.POSTMARK_API_URL = f"{URL}/"
FUNCTIONS = {
    "send",
    "send_with_template",
    "send_batch",
    "send_batch_with_templates",
    "get_outbound_message_details",
    "get_delivery_stats",
    "get_bounces",
    "get_bounce",
    "get_bounce_dump",
    "get_bounce_tags",
    "activate_bounce",
}
KEY = {"api_key": SERVER_TOKEN, "secure": False}
SENT = {"To", "SubmittedAt", "MessageID", "ErrorCode", "Message"}
BOUNCE = {
    "ID",
    "Type",
    "TypeCode",
    "Name",
    "Tag",
    "MessageID",
    "Description",
    "Details",
    "Email",
    "BouncedAt",
    "DumpAvailable",
    "Inactive",
    "CanActivate",
    "Subject",
}
api = Watched(pystmark, "pystmark")


def mail(**changes: Any) -> Message:
    """A small message."""
    plain = {"sender": SENDER, "to": RECIPIENT, "subject": "Stark", "text": "Hello"}
    return Message(**(plain | changes))


@check
def send() -> None:
    message = mail(
        to=[RECIPIENT, "second@elsewhere.example"],
        cc="cc@elsewhere.example",
        bcc=["bcc@elsewhere.example"],
        html="<p>Hello</p>",
        tag="stark",
        reply_to="reply@elsewhere.example",
        track_opens=True,
        message_stream="outbound",
    )
    message.add_header("X-One", "1")
    message.attach_binary(b"a", "a.txt")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "b.png"
        file.write_bytes(b"b")
        message.attach_file(str(file))
    answer = api.send(message, **KEY)
    answer.raise_for_status()
    assert set(answer.json()) == SENT
    assert answer.message.message == "OK"
    assert answer.message.to == f"{RECIPIENT},second@elsewhere.example"
    details = api.get_outbound_message_details(answer.message.id, **KEY).json()
    assert details["Tag"] == "stark"
    assert details["Attachments"] == ["a.txt", "b.png"]
    assert details["Recipients"][1] == "second@elsewhere.example"
    soon(lambda: api.get_outbound_message_details(answer.message.id, **KEY).json()["MessageEvents"])


@check
def send_refused() -> None:
    with refused(UnprocessableEntityError, 300, "'To'"):
        api.send(mail(to="nobody"), **KEY).raise_for_status()
    with refused(UnauthorizedError, 10):
        api.send(mail(), api_key="wrong", secure=False).raise_for_status()
    with refused(MessageError):
        mail(text=None).verify()
    with refused(UnprocessableEntityError, 300):
        api.send(mail(text=None), **KEY).raise_for_status()
    with refused(HTTPError, None, "422"):
        api.get_outbound_message_details(NEVER, **KEY)


@check
def send_with_the_test_token() -> None:
    answer = api.send(mail(sender="a@any.example"), test=True, secure=False)
    assert set(answer.json()) == SENT
    assert answer.message.message == "Test job accepted"
    answer = api.send_batch([mail(), mail()], test=True, secure=False)
    assert [one.message for one in answer.messages] == ["Test job accepted"] * 2


@check
def send_batch() -> None:
    answer = api.send_batch([mail(), mail(to="nobody@"), {"to": RECIPIENT, "text": "x"}], **KEY)
    assert [one.error_code for one in answer.messages] == [0, 300, 300]
    assert [set(one) for one in answer.json()] == [SENT, *[{"ErrorCode", "Message"}] * 2]


@check
def send_templates() -> None:
    filled = {"template_alias": "greeting", "template_model": {"name": "Jo"}}
    message = mail(subject=None, text=None, **filled)
    answer = api.send_with_template(message, **KEY)
    answer.raise_for_status()
    assert set(answer.json()) == SENT
    answer = api.send_batch_with_templates([message, message], **KEY)
    assert [one.error_code for one in answer.messages] == [0, 0]
    with refused(UnprocessableEntityError, 1123):
        api.send_with_template(mail(**filled), **KEY).raise_for_status()


@check
def defaults() -> None:
    sender = pystmark.Sender(mail(tag="stark"), api_key=SERVER_TOKEN, secure=False)
    assert sender.send().message.error_code == 0
    batch = pystmark.BatchSender(mail(), api_key=SERVER_TOKEN, secure=False)
    assert len(batch.send([{"to": RECIPIENT}, {"to": RECIPIENT}]).messages) == 2


@check
def delivery_stats() -> None:
    stats = api.get_delivery_stats(**KEY)
    assert stats.inactive > 0
    assert stats.total == sum(one.count for kind, one in stats.bounces.items() if kind != "All")
    assert set(stats.json()) == {"InactiveMails", "Bounces"}


@check
def bounces() -> None:
    found = api.get_bounces(**KEY)
    assert found.total == len(found.bounces) >= 5
    assert set(found.json()["Bounces"][0]) >= BOUNCE
    hard = pystmark.Bounces(**KEY).get(bounce_type="HardBounce", count=2)
    assert [one.type for one in hard.bounces] == ["HardBounce"] * 2
    one = hard.bounces[0]
    by_message = pystmark.Bounces(**KEY).get(message_id=one.message_id)
    assert [other.id for other in by_message.bounces] == [one.id]
    assert pystmark.Bounces(**KEY).get(email_filter="nobody-at-all").total == 0
    assert pystmark.Bounces(**KEY).get(inactive=True, offset=0, count=1).bounces[0].inactive
    read = api.get_bounce(one.id, **KEY)
    assert read.json()["Email"] == one.email
    assert "User unknown" in api.get_bounce_dump(one.id, **KEY).json()["Body"]
    assert isinstance(one, BouncedMessage)
    assert "User unknown" in one.dump().json()["Body"]
    assert TAG in api.get_bounce_tags(**KEY).json()


@check
def activate() -> None:
    one = pystmark.Bounces(**KEY).get(bounce_type="HardBounce", inactive=True).bounces[0]
    answer = api.activate_bounce(one.id, **KEY).json()
    assert set(answer) == {"Message", "Bounce"}
    assert answer["Bounce"]["ID"] == one.id
    assert not answer["Bounce"]["Inactive"]


@check
def functions() -> None:
    public = {name for name in dir(pystmark) if name.split("_")[0] in {"send", "get", "activate"}}
    assert public == FUNCTIONS
    assert {f"pystmark.{name}" for name in FUNCTIONS} <= called


run(f"pystmark.{name}" for name in FUNCTIONS)
