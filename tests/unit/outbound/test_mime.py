"""Messages submitted by SMTP: control headers, recipients, and what of the original stays."""

import email
from email.message import EmailMessage

import pytest

from pillarbox.errors import Problem, Refused
from pillarbox.mail.parse import parse
from pillarbox.outbound.mime import Submitted, prepare_mime
from pillarbox.outbound.model import Prepared
from tests.factories import a_server, surroundings

PLAIN = b"From: Shop <shop@sender.example>\r\nTo: Ann <ann@one.example>\r\nSubject: Hi\r\n\r\nIt works.\r\n"


def prepared(data: bytes = PLAIN, *recipients: str, stream: str | None = None) -> Prepared:
    submitted = Submitted(
        helo="app.example",
        ip="192.0.2.1",
        protocol="ESMTPSA",
        recipients=recipients or ("ann@one.example",),
        data=data,
        stream=stream,
    )
    return prepare_mime(a_server(), submitted, surroundings())


def with_headers(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode() + PLAIN


def test_envelope_recipients_are_sorted_by_the_header() -> None:
    data = with_headers("Cc: carl@two.example, gone@two.example")
    found = prepared(data, "ann@ONE.example", "carl@two.example", "hidden@three.example").recipients
    assert [(a.name, a.key) for a in found.to] == [("Ann", "ann@one.example")]
    assert [a.email for a in found.cc] == ["carl@two.example"]
    assert [a.email for a in found.bcc] == ["hidden@three.example"]


def test_control_headers_in_any_case_act_and_leave() -> None:
    message = prepared(
        with_headers(
            "X-Pm-Tag: welcome",
            "x-pm-metadata-Color: blue",
            "X-PM-Metadata-color: red",
            "X-PM-Metadata-color: green",
            "X-PM-TrackOpens: True",
            "X-PM-Track-Links: htmlonly",
            "X-PM-Bounce-Type: SoftBounce",
            "X-PM-Message-Stream: outbound",
        )
    )
    assert message.tag == "welcome"
    assert message.metadata == {"Color": "blue", "color1": "red", "color2": "green"}
    assert message.track_opens
    assert message.track_links.value == "HtmlOnly"
    assert message.bounce_type == "SoftBounce"
    raw = message.raw.lower()
    assert b"x-pm-metadata" not in raw
    assert b"x-pm-bounce" not in raw
    assert raw.count(b"x-pm-tag: welcome") == 1


def test_bcc_and_old_traces_leave_the_header() -> None:
    data = with_headers(
        "Bcc: hidden@three.example",
        "Return-Path: <x@y.example>",
        "Received: from inside by secret",
        "DKIM-Signature: v=1; b=x",
    )
    read = email.message_from_bytes(prepared(data).raw)
    assert read["Bcc"] is None
    assert read["Return-Path"] is None
    assert read["DKIM-Signature"] is None
    (received,) = read.get_all("Received", [])
    assert "app.example" in received
    assert "ESMTPSA" in received


def test_the_message_id_is_replaced_unless_it_is_to_be_kept() -> None:
    own = with_headers("Message-ID: <mine@app.example>")
    replaced = prepared(own)
    assert email.message_from_bytes(replaced.raw)["Message-ID"] == (
        f"<{replaced.message_id}@mail.example>"
    )
    kept = prepared(with_headers("Message-ID: <mine@app.example>", "X-PM-KeepID: true"))
    assert email.message_from_bytes(kept.raw)["Message-ID"] == "<mine@app.example>"


def test_a_seven_bit_body_is_kept_to_the_byte() -> None:
    inner = EmailMessage()
    inner["From"], inner["To"] = "shop@sender.example", "ann@one.example"
    inner.set_content("plain")
    inner.add_alternative("<p>html</p>", subtype="html")
    inner.add_attachment(
        b"\x00\xff" * 50, maintype="application", subtype="x-odd", filename="a.bin2"
    )
    data = inner.as_bytes(policy=inner.policy.clone(linesep="\r\n"))
    assert prepared(data).raw.partition(b"\r\n\r\n")[2] == data.partition(b"\r\n\r\n")[2]


def test_eight_bit_text_is_encoded_anew() -> None:
    data = (
        with_headers("Content-Type: text/plain; charset=utf-8", "X-Name: Jürgen")
        + "Grüße\r\n".encode()
    )
    message = prepared(data)
    assert message.raw.isascii()
    read = email.message_from_bytes(message.raw)
    body = read.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "Grüße" in body.decode()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"To: a@b.example\r\n\r\nx\r\n", Problem.FROM_MISSING),
        (b"From: nobody\r\n\r\nx\r\n", Problem.FROM_INVALID),
        (with_headers("Reply-To: nobody"), Problem.ADDRESS_WITHOUT_AT),
        (b"From: a@b.example\r\n\r\n", Problem.NO_BODY),
        (with_headers("X-PM-Message-Stream: nowhere"), Problem.SEND_STREAM_UNKNOWN),
        (with_headers("X-PM-Message-Stream: inbound"), Problem.SEND_STREAM_INBOUND),
        (with_headers("X-PM-TrackLinks: maybe"), Problem.BAD_TRACK_LINKS),
        (with_headers("X-PM-Tag: " + "x" * 1001), Problem.FIELD_TOO_LONG),
        (with_headers(*[f"Received: by h{n}" for n in range(101)]), Problem.BAD_HEADER),
    ],
)
def test_what_the_api_refuses_is_refused(data, problem) -> None:
    with pytest.raises(Refused) as caught:
        prepared(data)
    assert caught.value.problem is problem


def test_credentials_of_a_stream_win_over_the_header() -> None:
    assert (
        prepared(with_headers("X-PM-Message-Stream: nowhere"), stream="outbound").stream.slug
        == "outbound"
    )


@pytest.mark.parametrize("kind", ["text/x-amp-html", "application/octet-stream", "image/webp"])
def test_a_part_without_a_name_is_not_judged_by_a_name_of_ours(kind: str) -> None:
    message = EmailMessage()
    message["From"] = "shop@sender.example"
    message.set_content("text")
    message.add_attachment(b"<html amp4email></html>", *kind.split("/"))
    assert prepared(message.as_bytes()).attachments == ["attachment-1.bin"]
    message.add_attachment(b"MZ", *kind.split("/"), filename="attachment-1.bin")
    with pytest.raises(Refused) as refused:
        prepared(message.as_bytes())
    assert refused.value.problem is Problem.ATTACHMENT_TYPE_FORBIDDEN


def test_a_comma_in_an_encoded_name_separates_nothing() -> None:
    name = "=?utf-8?q?M=C3=BCller=2C_J=C3=B6rg?="
    data = f"From: {name} <j@sender.example>\r\nTo: {name} <ann@one.example>\r\n\r\nx\r\n".encode()
    message = prepared(data)
    assert (message.sender.name, message.sender.email) == ("Müller, Jörg", "j@sender.example")
    assert [(a.name, a.email) for a in message.recipients.to] == [
        ("Müller, Jörg", "ann@one.example")
    ]


@pytest.mark.parametrize(
    "lines",
    [
        "From: Shop <shop@sender.example>\r\nFrom: boss@bank.example",
        "From: Shop <shop@sender.example>, boss@bank.example",
        "From: Shop <shop@sender.example>,\r\n boss@bank.example\r\nfrom : ceo@bank.example",
    ],
)
def test_who_was_checked_is_the_only_sender_that_is_delivered(lines) -> None:
    message = prepared(f"{lines}\r\n\r\nx\r\n".encode())
    assert message.sender.email == "shop@sender.example"
    assert b"bank.example" not in message.raw
    assert email.message_from_bytes(message.raw).get_all("From") == ["Shop <shop@sender.example>"]


def test_an_address_in_an_encoded_word_is_a_name() -> None:
    """CVE-2025-13033 and its kin: checked as one sender, read as another."""
    with pytest.raises(Refused) as refused:
        prepared(b"From: =?utf-8?q?shop=40sender=2Eexample=2C?=, c@bank.example\r\n\r\nx\r\n")
    assert refused.value.problem is Problem.FROM_INVALID
    message = prepared(b"From: =?utf-8?q?shop=40sender=2Eexample=2C?= <c@d.example>\r\n\r\nx\r\n")
    assert (message.sender.email, message.sender.name) == ("c@d.example", "shop@sender.example,")


def test_of_what_may_occur_once_the_first_is_delivered() -> None:
    data = with_headers("Date: Mon, 1 Jan 2024 00:00:00 +0000", "Date: tomorrow", "Subject: One")
    raw = email.message_from_bytes(prepared(data).raw)
    assert raw.get_all("Date") == ["Mon, 1 Jan 2024 00:00:00 +0000"]
    assert raw.get_all("Subject") == ["One"]


@pytest.mark.parametrize(
    ("body", "charset"), [("Grüße".encode(), "utf-8"), ("Grüße".encode("latin-1"), "iso-8859-1")]
)
def test_text_without_mime_gets_what_its_encoding_needs(body, charset) -> None:
    raw = email.message_from_bytes(prepared(PLAIN + body + b"\r\n").raw)
    assert raw["MIME-Version"] == "1.0"
    assert raw["Content-Type"] == f"text/plain; charset={charset}"
    assert raw.get_payload(decode=True).decode(charset) == "It works.\r\nGrüße\r\n"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "line",
    [
        "References: " + " ".join(f"<{n}.abcdefghij@example.com>" for n in range(100)),
        "To: " + ", ".join(f'"Number {n}" <n{n}@two.example>' for n in range(60)),
        "X-Token: " + "t" * 3000,
        "X-Gap: one\r\n \r\n two",
    ],
)
def test_header_lines_that_not_every_server_takes_are_folded_anew(line: str) -> None:
    """A next server that breaks them breaks the signature, and a blank line may end the header for it."""
    raw = prepared(with_headers(line)).raw
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert max(map(len, head)) <= 998
    assert all(piece.strip() for piece in head)
    name, _, value = line.replace("\r\n", "").partition(": ")
    written = parse(raw).headers_named(name)[0].decoded
    assert written.replace('"', "") == value.replace('"', "")


@pytest.mark.parametrize("name", ["X/Y(z)@", "X" * 100])
def test_a_field_that_cannot_be_written_is_left_out(name: str) -> None:
    raw = prepared(
        with_headers(f"{name}: é", f"{name}: plain", "Cc: \r\n \r\n ", "To: ,\r\n \r\n ")
    ).raw
    assert raw.isascii()
    assert raw.count(f"{name}: plain\r\n".encode()) == 1
