import base64
import hashlib
import hmac

import pytest

from pillarbox.smtpd import sasl
from pillarbox.smtpd.sasl import CramLogin, PlainLogin, SaslError, begin


def test_plain_gives_user_and_password_at_once():
    attempt = begin("PLAIN", "mail.example").step("\0jürgen\0s3 cret".encode())
    assert isinstance(attempt, PlainLogin)
    assert (attempt.user, attempt.password, attempt.mechanism) == ("jürgen", "s3 cret", "PLAIN")


def test_login_asks_twice():
    exchange = begin("LOGIN", "mail.example")
    assert exchange.step(None) == b"Username:"
    assert exchange.step(b"user") == b"Password:"
    attempt = exchange.step(b"pass")
    assert isinstance(attempt, PlainLogin)
    assert (attempt.user, attempt.password, attempt.mechanism) == ("user", "pass", "LOGIN")


def test_cram_md5_matches_the_example_of_its_standard():
    # RFC 2195 section 2.
    attempt = CramLogin(
        user="tim",
        challenge=b"<1896.697170952@postoffice.reston.mci.net>",
        digest="b913a602c7eda7a495b4e6e7334d3890",
    )
    assert attempt.matches("tanstaaftanstaaf")
    assert not attempt.matches("tanstaaftanstaag")


def test_cram_md5_takes_user_names_with_spaces_and_digests_in_capitals():
    exchange = begin("CRAM-MD5", "mail.example")
    challenge = exchange.step(None)
    assert isinstance(challenge, bytes)
    digest = hmac.new(b"secret", challenge, hashlib.md5).hexdigest().upper()
    attempt = exchange.step(b"two words " + digest.encode())
    assert isinstance(attempt, CramLogin)
    assert attempt.user == "two words"
    assert attempt.matches("secret")
    assert not attempt.matches("Secret")


def test_every_cram_md5_challenge_is_another():
    challenges = {begin("CRAM-MD5", "mail.example").step(None) for _ in range(100)}
    assert len(challenges) == 100
    assert all(isinstance(c, bytes) and c.endswith(b"@mail.example>") for c in challenges)


@pytest.mark.parametrize(
    ("given", "secret", "is_good"),
    [("x", "x", True), ("x", "y", False), ("é", "é", True), ("é", "e", False), ("", "x", False)],
)
def test_a_password_matches_only_itself(given, secret, is_good):
    attempt = PlainLogin(user="u", password=given, mechanism="PLAIN")
    assert attempt.matches(secret) is is_good


@pytest.mark.parametrize(
    ("mechanism", "response"),
    [
        ("PLAIN", b""),
        ("PLAIN", b"user"),
        ("PLAIN", b"user\0pass"),
        ("PLAIN", b"\0user\0pass\0more"),
        ("PLAIN", b"other\0user\0pass"),
        ("PLAIN", b"\0\xff\0pass"),
        ("LOGIN", b"\xff"),
        ("CRAM-MD5", b"user"),
        ("CRAM-MD5", b"\xff 00"),
    ],
)
def test_a_response_out_of_form_is_refused(mechanism, response):
    exchange = begin(mechanism, "mail.example")
    with pytest.raises(SaslError):
        exchange.step(response)


def test_secrets_do_not_show_in_the_log():
    assert "s3cret" not in repr(PlainLogin(user="u", password="s3cret", mechanism="PLAIN"))
    assert "beef" not in repr(CramLogin(user="u", challenge=b"", digest="beef"))


@pytest.mark.parametrize("line", [b"!", b"YQ", b"YQ==\n", b" YQ==", b"YQ==YQ==", b"Y Q==", b"\xff"])
def test_base64_is_read_strictly(line):
    with pytest.raises(SaslError):
        sasl.decode(line)


def test_a_challenge_is_one_line():
    line = sasl.encode_challenge(b"x" * 300)
    assert line.startswith(b"334 ")
    assert line.endswith(b"\r\n")
    assert line.count(b"\n") == 1
    assert base64.b64decode(line[4:]) == b"x" * 300


def test_an_empty_challenge_keeps_its_space():
    assert sasl.encode_challenge(b"") == b"334 \r\n"


def test_a_mechanism_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="DIGEST-MD5"):
        begin("DIGEST-MD5", "mail.example")
