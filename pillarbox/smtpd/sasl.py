"""SASL exchanges of a server: PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login), CRAM-MD5 (RFC 2195).

An exchange turns the client's responses into a login attempt; whether that one is good is for the service
to say. Pure.
"""

import binascii
import hmac
import secrets
import time
from dataclasses import dataclass, field
from typing import Protocol

from typing_extensions import override

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")


class SaslError(Exception):
    """The client's response cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainLogin:
    """A user name with the password itself, by PLAIN or LOGIN."""

    user: str
    password: str = field(repr=False)
    mechanism: str

    def matches(self, secret: str) -> bool:
        """Whether the password is this secret; takes the same time for every wrong one."""
        return hmac.compare_digest(self.password.encode(), secret.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class CramLogin:
    """A user name with a digest that proves knowledge of the password, by CRAM-MD5."""

    user: str
    challenge: bytes
    digest: str = field(repr=False)
    mechanism: str = "CRAM-MD5"

    def matches(self, secret: str) -> bool:
        """Whether the digest was made with this secret; takes the same time for every wrong one."""
        expected = hmac.digest(secret.encode(), self.challenge, "md5").hex()
        return hmac.compare_digest(self.digest.lower().encode(), expected.encode())


Attempt = PlainLogin | CramLogin


class Exchange(Protocol):
    """One run of a mechanism."""

    takes_initial: bool

    def step(self, response: bytes | None) -> bytes | Attempt:
        """The next challenge, or the attempt when it is complete. None: no response yet.

        Raises SaslError.
        """
        ...


class _Plain(Exchange):
    takes_initial = True

    @override
    def step(self, response: bytes | None) -> bytes | Attempt:
        if response is None:
            return b""
        authorize_as, *rest = _text(response).split("\0")
        # Acting for somebody else (RFC 4616 section 2) exists nowhere here.
        if len(rest) != 2 or authorize_as not in ("", rest[0]):
            raise SaslError("not a PLAIN response")
        return PlainLogin(user=rest[0], password=rest[1], mechanism="PLAIN")


class _Login(Exchange):
    takes_initial = True

    def __init__(self) -> None:
        self._user: str | None = None

    @override
    def step(self, response: bytes | None) -> bytes | Attempt:
        if response is None:
            return b"Username:"
        if self._user is None:
            self._user = _text(response)
            return b"Password:"
        return PlainLogin(user=self._user, password=_text(response), mechanism="LOGIN")


class _CramMd5(Exchange):
    takes_initial = False

    def __init__(self, hostname: str) -> None:
        self._challenge = f"<{secrets.token_hex(10)}.{int(time.time())}@{hostname}>".encode()

    @override
    def step(self, response: bytes | None) -> bytes | Attempt:
        if response is None:
            return self._challenge
        user, space, digest = _text(response).rpartition(" ")
        if not space:
            raise SaslError("not a CRAM-MD5 response")
        return CramLogin(user=user, challenge=self._challenge, digest=digest)


def _text(response: bytes) -> str:
    try:
        return response.decode()
    except UnicodeDecodeError as error:
        raise SaslError("not UTF-8") from error


def begin(mechanism: str, hostname: str) -> Exchange:
    """A new exchange of one of MECHANISMS; the host name goes into its challenge. Raises ValueError."""
    match mechanism:
        case "PLAIN":
            return _Plain()
        case "LOGIN":
            return _Login()
        case "CRAM-MD5":
            return _CramMd5(hostname)
        case _:
            raise ValueError(f"unknown mechanism {mechanism}")


def decode(line: bytes) -> bytes:
    """The octets of a base64 line. Raises SaslError (RFC 4954 section 4: strict, no white space)."""
    try:
        return binascii.a2b_base64(line, strict_mode=True)
    except ValueError as error:
        raise SaslError("not base64") from error


def encode_challenge(challenge: bytes) -> bytes:
    """The 334 line that carries a challenge."""
    return b"334 " + binascii.b2a_base64(challenge, newline=False) + b"\r\n"
