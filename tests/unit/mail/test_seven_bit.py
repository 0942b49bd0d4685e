import email
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail import transfer
from pillarbox.mail.parse import parse, to_seven_bit

LONG = "x" * 1200
SIGNED = (
    "Content-Type: multipart/signed; boundary=s\r\n\r\n"
    "--s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\né\r\n"
    "--s\r\nContent-Type: application/pgp-signature\r\n\r\nsig\r\n--s--\r\n"
).encode()


def mixed(*parts: str, fields: str = "") -> bytes:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts)
    return f"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n{fields}\r\n{body}--b--\r\n".encode()


def same(one: bytes, other: bytes) -> bool:
    """Whether two messages mean the same."""
    first, second = parse(one), parse(other)
    shown = [
        (found.text, found.html, [(part.name, part.content) for part in found.attachments])
        for found in (first, second)
    ]
    return shown[0] == shown[1]


def test_a_seven_bit_message_is_returned_itself():
    raw = mixed("Content-Type: text/plain\r\n\r\nplain\r\n")
    assert to_seven_bit(raw) is raw


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("mostly ascii, one é\r\n", b"quoted-printable"),
        ("日本語のみ\r\n", b"base64"),
        (f"{LONG}\r\n", b"quoted-printable"),
        ("bare é\nline feed\r\n", b"base64"),
    ],
)
def test_a_text_that_needs_it_is_encoded_and_means_the_same(body, encoding):
    raw = (
        "Subject: x\r\nContent-Transfer-Encoding: 8bit\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nX: y\r\n\r\n{body}"
    ).encode()
    found = to_seven_bit(raw)
    assert transfer.is_seven_bit(found)
    assert same(found, raw)
    assert found.endswith(b"\r\n")
    assert found.startswith(
        b"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\nX: y\r\n"
        b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    )


def test_only_the_leaves_that_need_it_change():
    plain = (
        "Content-Type: text/html\r\nContent-Transfer-Encoding: 7bit\r\nX-Odd :  y\r\n\r\n<p>\r\n"
    )
    raw = mixed(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\né",
        plain,
        "Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\u00ff",
        fields="Content-Transfer-Encoding: 8bit\r\n",
    )
    found = to_seven_bit(raw)
    assert transfer.is_seven_bit(found)
    assert same(found, raw)
    assert plain.encode() in found
    assert found.startswith(
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n\r\n--b\r\n"
    )
    assert found.endswith(b"\r\n--b--\r\n")


def test_base64_on_one_long_line_is_wrapped():
    raw = mixed("Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + "QUJD" * 500)
    found = to_seven_bit(raw)
    assert transfer.is_seven_bit(found)
    assert same(found, raw)


def test_signed_parts_keep_every_octet():
    raw = b"Subject: x\r\nContent-Transfer-Encoding: 8bit\r\n" + SIGNED
    assert to_seven_bit(raw) == raw
    inside = mixed(
        SIGNED.decode(),
        "Content-Type: text/plain\r\n\r\né",
        fields="Content-Transfer-Encoding: 8bit\r\n",
    )
    found = to_seven_bit(inside)
    assert SIGNED in found
    assert b"Content-Transfer-Encoding: 8bit\r\n\r\n--b\r\n" in found
    assert same(found, inside)


def test_a_message_in_the_message_is_encoded_inside():
    inner = "Subject: i\r\nContent-Type: text/plain; charset=utf-8\r\n\r\né\r\n"
    raw = mixed(f"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{inner}")
    found = to_seven_bit(raw)
    assert transfer.is_seven_bit(found)
    assert b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n" in found
    (attached,) = parse(found).attachments
    assert parse(attached.content).text == "é\r\n"


def test_an_encoded_message_in_the_message_is_only_wrapped():
    raw = mixed(
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + "U3ViamVjdDog" * 200
    )
    found = to_seven_bit(raw)
    assert transfer.is_seven_bit(found)
    assert same(found, raw)


def test_a_part_without_header_or_blank_line_gets_both():
    for part in ("\r\né", "é"):
        raw = mixed(part)
        found = to_seven_bit(raw)
        assert transfer.is_seven_bit(found)
        assert same(found, raw)


def test_a_message_without_blank_line_gets_one():
    found = to_seven_bit("Subject: x\r\né\r\n".encode())
    assert found == b"Subject: x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n"


def test_eight_bit_headers_are_left_alone():
    raw = "Subject: é\r\n\r\nplain\r\n".encode()
    assert to_seven_bit(raw) == raw


def test_what_is_beyond_the_limits_is_left_alone():
    raw = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(80)
    )
    assert to_seven_bit(f"{raw}\r\né\r\n".encode()) == f"{raw}\r\né\r\n".encode()
    many = mixed(*["\r\né"] * 1200)
    assert to_seven_bit(many).count("é".encode()) == 1200 - 999
    nested = b"Content-Type: message/rfc822\r\n\r\n" * 80 + "é".encode()
    assert to_seven_bit(nested) == nested


texts = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
    | st.just(LONG)
    | st.just("é" * 999)
)


@given(texts, texts, st.binary(max_size=100).filter(lambda content: b"--b" not in content))
def test_encoding_changes_no_meaning(text, html, content):
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + text.encode()
        + b"\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        + html.encode()
        + b"\r\n--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        + content
        + b"\r\n--b--\r\n"
    )
    found = to_seven_bit(raw)
    assert transfer.is_seven_bit(found)
    assert same(found, raw)
    if not any("--b" in part for part in (text, html)):
        payloads = [
            part.get_payload(decode=True) for part in email.message_from_bytes(found).walk()
        ]
        if not transfer.is_seven_bit(content):
            assert payloads[3] == content


@given(st.binary())
def test_it_never_raises(raw):
    found = to_seven_bit(raw)
    assert to_seven_bit(found) == found or not transfer.is_seven_bit(found)


def test_a_bomb_takes_linear_time():
    started = time.process_time()
    to_seven_bit(mixed(*["\r\né"] * 20_000))
    to_seven_bit(b"Content-Type: message/rfc822\r\n\r\n" * 20_000 + b"\xff")
    assert time.process_time() - started < 8
