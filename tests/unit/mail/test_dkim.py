"""Signatures must satisfy an independent verifier, whatever the message looks like."""

import base64
import re

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pillarbox.mail.dkim import Signer, generate_key, public_record

KEY = generate_key()
RECORD = public_record(KEY)
SIGNER = Signer(domain="b.example", selector="20260304141502pm", key_pem=KEY)
HEAD = b"From: Ann <a@b.example>\r\nTo: c@d.example\r\nSubject: Order 1187\r\n"


def verifies(message: bytes) -> bool:
    def record(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"20260304141502pm._domainkey.b.example."
        return b"v=DKIM1; " + RECORD.encode()

    return bool(dkim.verify(message, dnsfunc=record))


def signed(raw: bytes) -> bytes:
    return SIGNER.sign(raw, at=1_772_633_702) + raw


def tag(header: bytes, name: str) -> str:
    found = re.search(rf"[;:]\s*{name}=([^;]*)", header.decode().replace("\r\n ", ""))
    assert found
    return found.group(1).strip()


def names(raw: bytes) -> list[str]:
    return tag(SIGNER.sign(raw, at=1), "h").split(":")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n\r\n",
        b" \r\n\t\r\n",
        b"text\r\n",
        b"text",
        b"text\r\n\r\n \t\r\n\r\n",
        b"  two  blanks \t and\ttabs  \r\n\r\n  indented\r\n",
        b"\r\n\r\nstarts empty\r\n",
        "Grüße\r\n".encode(),
        b".\r\n..\r\n",
        b"x" * 5000 + b"\r\n",
    ],
)
def test_odd_bodies_verify(body):
    assert verifies(signed(HEAD + b"\r\n" + body))


def test_a_message_without_a_body_verifies():
    assert verifies(signed(HEAD))


PIECES = st.sampled_from([b"a", b"word", b" ", b"  ", b"\t", b"\r\n", b".", b":", b"\xc3\xa9"])
TEXT = st.lists(PIECES, max_size=40).map(b"".join)


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_any_body_verifies_as_it_goes_over_the_wire(body):
    raw = HEAD + b"\r\n" + body
    sent = raw if raw.endswith(b"\r\n") else raw + b"\r\n"  # what the transport adds
    assert verifies(SIGNER.sign(raw, at=1) + sent)


VALUE = st.lists(
    st.sampled_from([b"a", b"word", b" ", b"\t", b"\r\n ", b"\r\n\t", b"<x@y>", b":", b"\xc3\xa9"]),
    min_size=1,
    max_size=12,
).map(b"".join)
FIELD = st.tuples(
    st.sampled_from([b"To", b"subject", b"CC", b"X-Other", b"References", b"Received"]),
    VALUE,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(FIELD, max_size=6))
def test_any_headers_repeated_or_folded_verify(fields):
    head = b"".join(name + b":" + value + b"z\r\n" for name, value in fields)
    assert verifies(signed(b"From: a@b.example\r\n" + head + b"\r\nbody\r\n"))


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"1187", b"1188"), (b"the body", b"THE body"), (b"a@b.example", b"x@b.example")],
)
def test_a_changed_message_does_not_verify(old, new):
    message = signed(HEAD + b"\r\nthe body\r\n")
    assert verifies(message)
    assert not verifies(message.replace(old, new))


def test_an_added_from_breaks_the_signature():
    message = signed(HEAD + b"\r\nbody\r\n")
    assert not verifies(message.replace(b"To: ", b"From: evil@x.example\r\nTo: "))


def test_from_is_listed_once_more_than_it_occurs():
    assert names(HEAD + b"\r\n") == ["From", "From", "To", "Subject"]


def test_every_instance_of_a_repeated_header_is_signed():
    message = signed(HEAD + b"To: e@f.example\r\n\r\nbody\r\n")
    assert names(HEAD + b"To: e@f.example\r\n\r\n").count("To") == 2
    assert verifies(message)
    assert not verifies(message.replace(b"c@d.example", b"x@d.example"))
    assert not verifies(message.replace(b"e@f.example", b"x@d.example"))


def test_return_path_and_received_are_not_signed():
    raw = b"Return-Path: <x@y>\r\nReceived: from a\r\n by b\r\n" + HEAD + b"\r\nbody\r\n"
    assert not {"return-path", "received"} & {name.lower() for name in names(raw)}
    assert verifies(signed(raw).replace(b"from a", b"from elsewhere"))


def test_all_headers_that_matter_are_signed_when_present():
    wanted = [
        "From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version",
        "Content-Type", "Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post",
        "In-Reply-To", "References", "Feedback-ID", "X-PM-Message-Id",
    ]  # fmt: skip
    raw = "".join(f"{name}: some value\r\n" for name in reversed(wanted)).encode() + b"\r\nbody\r\n"
    assert names(raw) == ["From", *wanted]
    assert verifies(signed(raw))


def test_the_signature_is_one_folded_header_with_its_tags():
    header = SIGNER.sign(HEAD + b"\r\nbody\r\n", at=1_772_633_702)
    assert header.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; ")
    assert header.endswith(b"\r\n")
    assert tag(header, "t") == "1772633702"
    lines = header[:-2].split(b"\r\n")
    assert all(line.startswith(b" ") for line in lines[1:])
    assert max(map(len, lines)) <= 78


def test_a_run_of_a_million_blanks_costs_no_more_than_its_length():
    # With a regular expression such as `[ \t]+\r\n` this takes hours (in the verifier, too).
    long, short = b" \t" * 500_000 + b"x\r\n", b" x\r\n"
    hashes = {tag(SIGNER.sign(HEAD + b"\r\n" + body, at=1), "bh") for body in (long, short)}
    assert len(hashes) == 1


@pytest.mark.parametrize("bits", [1024, 2048])
def test_the_public_record_is_that_of_the_key(bits):
    match = re.fullmatch(r"k=rsa; p=([A-Za-z0-9+/=]+)", public_record(generate_key(bits)))
    assert match
    key = load_der_public_key(base64.b64decode(match.group(1)))
    assert getattr(key, "key_size", 0) == bits


@pytest.mark.parametrize("name", ["", "b.example\r\n", "b.example; x=1", "bücher.example", "-"])
def test_a_name_that_could_break_the_header_is_refused(name):
    with pytest.raises(ValueError, match="not a DNS name"):
        Signer(domain=name, selector="s", key_pem=KEY)
    with pytest.raises(ValueError, match="not a DNS name"):
        Signer(domain="b.example", selector=name, key_pem=KEY)


def test_a_key_of_another_kind_is_refused():
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="not an RSA key"):
        Signer(domain="b.example", selector="s", key_pem=pem)
