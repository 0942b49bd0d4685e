"""Everything python-postmark can do: single mails, batches, templates and bounces."""

from email.mime.image import MIMEImage
from http.client import HTTPConnection
from typing import Any
from urllib.error import HTTPError

from postmark import core
from postmark.core import (
    PMBatchMail,
    PMBounceManager,
    PMMail,
    PMMailInactiveRecipientException,
    PMMailMissingValueException,
    PMMailUnauthorizedException,
    PMMailUnprocessableEntityException,
)
from sweep import RECIPIENT, SENDER, SERVER_TOKEN, TAG, URL, Watched, check, public, refused, run

core.__POSTMARK_URL__ = f"{URL}/"
core.HTTPConnection = lambda _: HTTPConnection(URL.removeprefix("http://"))
bounces = Watched(PMBounceManager(api_key=SERVER_TOKEN), "bounces")


def mail(**changes: Any) -> PMMail:
    """A small message."""
    plain = {"api_key": SERVER_TOKEN, "sender": SENDER, "to": RECIPIENT}
    return PMMail(**(plain | {"subject": "Old", "text_body": "Hello"} | changes))


@check
def send() -> None:
    message = mail(
        cc="cc@elsewhere.example",
        bcc="bcc@elsewhere.example",
        reply_to="reply@elsewhere.example",
        tag="old",
        html_body="<p>Hello</p>",
        track_opens=True,
        custom_headers={"X-One": "1"},
        attachments=[("a.txt", "YQ==", "text/plain"), ("b.txt", "YQ==", "text/plain", "cid:b")],
        metadata={"color": "red", "number": 1},
        message_stream="outbound",
    )
    answer = message.send(return_json=True)
    assert answer["Message"] == "OK"
    assert len(message.message_id) == 36
    assert mail().send() is True


@check
def send_an_image() -> None:
    image = MIMEImage(b"GIF89a", "gif")
    image.add_header("Content-ID", "<logo>")
    image.add_header("Content-Disposition", "inline", filename="logo.gif")
    assert mail(attachments=[image]).send()


@check
def send_a_template() -> None:
    filled = {"template_alias": "greeting", "template_model": {"name": "Jo"}}
    message = mail(subject=None, text_body=None, **filled)
    assert message.send()
    assert len(message.message_id) == 36


@check
def send_refused() -> None:
    with refused(PMMailUnprocessableEntityException, None, "Illegal email domain"):
        mail(to="nobody@").send()
    with refused(PMMailUnauthorizedException):
        mail(api_key="wrong").send()
    with refused(PMMailMissingValueException):
        mail(subject=None).send()


@check
def send_to_inactive() -> None:
    found = bounces.get_all(inactive="true")["Bounces"]
    with refused(PMMailInactiveRecipientException):
        mail(to=found[0]["Email"]).send()


@check
def send_with_the_test_token() -> None:
    assert (
        mail(api_key="POSTMARK_API_TEST").send(return_json=True)["Message"] == "Test job accepted"
    )


@check
def batch() -> None:
    messages = [mail(), mail(to="second@elsewhere.example")]
    many = PMBatchMail(api_key=SERVER_TOKEN, messages=messages)
    extra = mail()
    many.add_message(extra)
    many.remove_message(extra)
    assert [one["ErrorCode"] for one in many.send(return_json=True)] == [0, 0]
    assert {len(message.message_id) for message in messages} == {36}


@check
def batch_of_templates() -> None:
    filled = {"template_alias": "greeting", "template_model": {"name": "Jo"}}
    message = mail(subject=None, text_body=None, **filled)
    many = PMBatchMail(api_key=SERVER_TOKEN, messages=[message])
    assert many.send(return_json=True)[0]["ErrorCode"] == 0


@check
def bounce_lists() -> None:
    stats = bounces.delivery_stats()
    assert stats["Bounces"][0]["Name"] == "All"
    everything = bounces.get_all()
    assert everything["TotalCount"] == stats["Bounces"][0]["Count"]
    tagged = bounces.get_all(tag=TAG, count=1)
    assert [one["Tag"] for one in tagged["Bounces"]] == [TAG]
    assert bounces.get_all(email_filter="nobody-at-all")["TotalCount"] == 0
    assert TAG in bounces.get_tags()


@check
def one_bounce() -> None:
    first = bounces.get_all(inactive="true")["Bounces"][0]
    assert bounces.get_single(first["ID"])["Email"] == first["Email"]
    assert "User unknown" in bounces.get_dump(first["ID"])["Body"]
    problem = bounces.get_single(1)
    assert isinstance(problem, HTTPError)
    assert problem.code == 422


@check
def activate() -> None:
    hard = [one for one in bounces.get_all(inactive="true")["Bounces"] if one["CanActivate"]][0]
    done = bounces.activate(hard["ID"])
    assert done["Message"] == "OK", done
    assert not done["Bounce"]["Inactive"]


run(public(PMBounceManager, "bounces", but={"api_key"}))
