"""DKIM signatures for outgoing mail (RFC 6376): rsa-sha256, relaxed/relaxed.

Not for verifying anybody's signature, and not for the keys' life cycle or DNS names.
"""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

# In the order of the h= tag. Return-Path and Received change on the way and are never signed.
_SIGNED = (
    b"From",
    b"To",
    b"Cc",
    b"Subject",
    b"Date",
    b"Message-ID",
    b"Reply-To",
    b"MIME-Version",
    b"Content-Type",
    b"Content-Transfer-Encoding",
    b"List-Unsubscribe",
    b"List-Unsubscribe-Post",
    b"In-Reply-To",
    b"References",
    b"Feedback-ID",
    b"X-PM-Message-Id",
)
_RANK = {name.lower(): rank for rank, name in enumerate(_SIGNED)}

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_LINE = 72
_PADDING = PKCS1v15()
_HASH = SHA256()


class Signer:
    """Signs messages for one domain and selector; the key is parsed once.

    The key must be one of our own (generate_key): it is loaded without the validation that costs
    a hundred signatures.

    Raises ValueError: no RSA key, or a domain or selector that is no plain ASCII DNS name.
    """

    __slots__ = ("_frame", "_key", "domain", "selector")

    def __init__(self, *, domain: str, selector: str, key_pem: bytes) -> None:
        for name in (domain, selector):
            if not _NAME.fullmatch(name):
                raise ValueError(f"not a DNS name: {name!r}")
        self.domain = domain
        self.selector = selector
        self._key = _load(key_pem)
        self._frame = (
            f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain};\r\n s={selector}; t=%d; h=%b;\r\n"
            " bh=%b;\r\n b="
        ).encode("ascii")

    def sign(self, raw: bytes, *, at: int) -> bytes:
        """One complete `DKIM-Signature` header, folded, with its CRLF, to put before the message.

        raw: the whole message with CRLF line ends; a missing last CRLF is signed as if it were
        there, since the transport adds it. at: Unix time in seconds for the t= tag.
        Source: RFC 6376 sections 3.4, 3.5, 3.7 and 5.4 (From is listed once more than it occurs).
        """
        head, _, body = raw.partition(b"\r\n\r\n")
        names, fields = _signed_fields(head)
        body_hash = b64encode(sha256(_canonical_body(body)).digest())
        tags = self._frame % (at, _fold_names(names), body_hash)
        fields.append(b"dkim-signature:" + tags.replace(b"\r\n ", b" "))
        signature = b64encode(self._key.sign(b"\r\n".join(fields), _PADDING, _HASH))
        return b"DKIM-Signature: " + tags + _fold_base64(signature) + b"\r\n"


def generate_key(bits: int = 2048) -> bytes:
    """A new RSA private key as unencrypted PKCS #8 PEM."""
    key = generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_record(key_pem: bytes) -> str:
    """The text of the DNS record for a private key: `k=rsa; p=...`, not split into strings.

    Source: RFC 6376 section 3.6.1, spec/domains-and-signatures.md 1.2.
    """
    public = _load(key_pem).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"k=rsa; p={b64encode(der).decode('ascii')}"


def _load(key_pem: bytes) -> RSAPrivateKey:
    key = load_pem_private_key(key_pem, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - the text is wrong, not the caller
    return key


def _signed_fields(head: bytes) -> tuple[tuple[bytes, ...], list[bytes]]:
    """The names for h= and the canonical fields in the same order.

    Of a repeated field the last instance comes first (RFC 6376 section 5.4.2).
    """
    found: list[tuple[int, int, bytes]] = []
    lines = _relaxed_head(head).split(b"\r\n")
    for place, line in enumerate(lines):
        name, _, value = line.partition(b":")
        name = name.rstrip(b" ").lower()
        rank = _RANK.get(name)
        if rank is not None:
            found.append((rank, -place, name + b":" + value.strip(b" ")))
    found.sort()
    return (b"From", *(_SIGNED[rank] for rank, _, _ in found)), [field for _, _, field in found]


def _relaxed_head(head: bytes) -> bytes:
    """Header unfolded and blanks reduced (RFC 6376 section 3.4.2)."""
    if b"\r\n " in head:
        head = head.replace(b"\r\n ", b" ")
    if b"\t" in head:
        head = head.replace(b"\r\n\t", b" ")
    return _reduce_blanks(head)


def _reduce_blanks(text: bytes) -> bytes:
    """Every run of blanks and tabs as one blank; halving the runs beats a regular expression."""
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text


def _canonical_body(body: bytes) -> bytes:
    """RFC 6376 section 3.4.4. Blanks are reduced first, so that no run of them is scanned twice."""
    body = _reduce_blanks(body)
    if b" \r\n" in body:
        body = body.replace(b" \r\n", b"\r\n")
    if body.endswith(b" "):
        body = body[:-1]
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n" if end else b""


@lru_cache(maxsize=1024)
def _fold_names(names: tuple[bytes, ...]) -> bytes:
    folded: list[bytes] = []
    width = 40  # what stands before h= on its line
    for name in names:
        width += len(name) + 1
        folded.append(b"\r\n " + name if width > _LINE else name)
        if width > _LINE:
            width = len(name) + 2
    return b":".join(folded)


def _fold_base64(text: bytes) -> bytes:
    return b"\r\n ".join(text[start : start + _LINE] for start in range(0, len(text), _LINE))
