"""The composed message, read back by the standard library's parser."""

import email
import email.policy
from email.message import EmailMessage

import pytest

from pillarbox.outbound.model import Attachment
from pillarbox.outbound.prepare import prepare
from tests.factories import a_draft, a_server, surroundings

PNG = "iVBORw0KGgo="


def composed(**changes) -> EmailMessage:
    raw = prepare(a_server(), a_draft(**changes), surroundings()).raw
    return email.message_from_bytes(raw, policy=email.policy.default)


def logo(**changes) -> Attachment:
    values = {
        "name": "logo.png",
        "content": PNG,
        "content_type": "image/png",
        "content_id": "cid:logo1",
    }
    return Attachment(**values | changes)


def test_headers_are_those_of_the_draft() -> None:
    message = composed(
        to='"Berg, Tom" <tom@one.example>, Inès <ines@two.example>',
        cc="carl@three.example",
        bcc="secret@four.example",
        reply_to="support@sender.example",
        subject="Grüße",
        tag="welcome",
    )
    assert message["From"] == "Shop <shop@sender.example>"
    assert [a.display_name for a in message["To"].addresses] == ["Berg, Tom", "Inès"]
    assert message["Cc"] == "carl@three.example"
    assert message["Reply-To"] == "support@sender.example"
    assert message["Subject"] == "Grüße"
    assert message["X-PM-Tag"] == "welcome"
    assert message["Date"] == "Wed, 04 Mar 2026 14:15:02 +0000"
    assert message["MIME-Version"] == "1.0"
    assert "secret" not in message.as_string()
    assert message["Bcc"] is None


def test_the_message_id_is_made_from_the_api_s_own() -> None:
    prepared = prepare(a_server(), a_draft(), surroundings())
    message = email.message_from_bytes(prepared.raw)
    assert message["Message-ID"] == f"<{prepared.message_id}@mail.example>"
    assert message["X-PM-Message-Id"] == prepared.message_id


@pytest.mark.parametrize("given", ["<1187@shop.example>", "1187@shop.example"])
def test_a_message_id_of_the_caller_is_kept(given) -> None:
    message = composed(headers=[("message-id", "<old@x>"), ("Message-ID", given)])
    assert message.get_all("Message-ID") == ["<1187@shop.example>"]


def test_custom_headers_are_delivered_and_control_headers_are_not() -> None:
    message = composed(
        headers=[
            ("X-Order", "1187"),
            ("X-Order", "1188"),
            ("X-PM-Bounce-Type", "SoftBounce"),
            ("X-PM-KeepID", "true"),
            ("x-pm-metadata-a", "b"),
            ("List-Unsubscribe", "<https://a.example>"),
            ("List-Unsubscribe", "<https://b.example>"),
        ]
    )
    assert message.get_all("X-Order") == ["1187", "1188"]
    assert message.get_all("List-Unsubscribe") == ["<https://b.example>"]
    assert not [
        name for name in message if name.lower().startswith("x-pm-") and name != "X-PM-Message-Id"
    ]


def test_header_injection_cve_2024_6923_is_impossible() -> None:
    message = composed(
        subject="a\r\nBcc: x@evil.example",
        tag="t\nX-Evil: 1",
        headers=[("X-A", "1\r\nX-Evil: 2"), ("X-B", "1\x00\x0bX-Evil: 3")],
        to='"n\r\nX-Evil: 4" <ann@one.example>',
    )
    assert message["X-Evil"] is None
    assert message["Bcc"] is None


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"text": "a"}, "text/plain"),
        ({"text": None, "html": "<p>a"}, "text/html"),
        ({"html": "<p>a"}, "multipart/alternative"),
        ({"attachments": [logo()]}, "multipart/mixed"),
        (
            {"text": None, "html": "<img src='cid:logo1'>", "attachments": [logo()]},
            "multipart/related",
        ),
    ],
)
def test_the_structure_follows_what_is_there(changes, kind) -> None:
    assert composed(**changes).get_content_type() == kind


def test_an_attachment_is_inline_only_when_the_html_points_to_it() -> None:
    inline = composed(html='<img src="cid:logo1">', attachments=[logo()])
    ordinary = composed(html="<p>no image</p>", attachments=[logo(content_id="logo.png")])
    (image,) = [part for part in inline.walk() if part.get_content_type() == "image/png"]
    assert (image.get_content_disposition(), image["Content-ID"]) == ("inline", "<logo1>")
    (image,) = [part for part in ordinary.walk() if part.get_content_type() == "image/png"]
    assert image.get_content_disposition() == "attachment"


def test_every_line_ends_in_crlf_and_nothing_is_eight_bit() -> None:
    raw = prepare(
        a_server(),
        a_draft(text="ä\n\r\n.\n\rx\r", html="<p>" + "ß" * 3000, subject="ü" * 200),
        surroundings(),
    ).raw
    assert raw.isascii()
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
