from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pillarbox.bench.signatures import Verify, verifier, verify

RAW = (
    b"From: A <a@x.example>\r\nTo: b@y.example\r\nSubject: Your\r\n  order \r\n\r\n"
    b"Hello  there \r\n\r\nBye\r\n\r\n\r\n"
)
NAME = "s1._domainkey.x.example"


@cache
def key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def record(bits: int = 2048) -> dict[str, str]:
    pem = key(bits).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {NAME: "v=DKIM1; k=rsa; p=" + b"".join(pem.splitlines()[1:-1]).decode()}


def signed(
    raw: bytes = RAW, *, bits: int = 2048, rules: tuple[bytes, bytes] | None = None
) -> bytes:
    pem = key(bits).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    both = rules or (b"relaxed", b"relaxed")
    header = dkim.sign(raw, b"s1", b"x.example", pem, canonicalize=both)
    return bytes(header) + raw


@pytest.fixture(params=["own", "dkimpy"])
def check(request: pytest.FixtureRequest) -> Verify:
    return verify if request.param == "own" else verifier()[1]


@pytest.mark.parametrize("header", [b"relaxed", b"simple"])
@pytest.mark.parametrize("body", [b"relaxed", b"simple"])
def test_a_good_signature_holds(check: Verify, header: bytes, body: bytes):
    assert check(signed(rules=(header, body)), record())


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"Bye", b"By "), (b"order", b"ordre"), (b"a@x.example", b"e@x.example"), (b"bh=", b"bh=A")],
)
def test_a_changed_message_does_not_hold(check: Verify, old: bytes, new: bytes):
    raw = signed()
    assert old in raw
    assert not check(raw.replace(old, new), record())


def test_a_message_without_signature_or_record_does_not_hold(check: Verify):
    assert not check(RAW, record())
    assert not check(signed(), {})


def test_a_key_below_2048_bits_does_not_count(check: Verify):
    assert not check(signed(bits=1024), record(1024))


def test_an_empty_body_is_told_apart_from_a_missing_one(check: Verify):
    assert check(signed(b"From: a@x.example\r\n\r\n"), record())


def test_dkimpy_is_used_where_it_is_installed():
    assert verifier()[0] == "dkimpy"
