"""Checks DKIM signatures on messages the sink kept. Independent of the signer under test on purpose.

dkimpy does it where it is installed. Otherwise a small verifier of our own does, which knows exactly what the
servers of the benchmark write: rsa-sha256 with relaxed or simple canonicalisation (RFC 6376), no `l=`.
"""

import base64
import hashlib
import importlib
import re
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

Verify = Callable[[bytes, Mapping[str, str]], bool]

_MIN_KEY_BITS = 2048
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:((?:.*\r\n)(?:[ \t].*\r\n)*)")
_SIGNATURE_VALUE = re.compile(rb"((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")


def verifier() -> tuple[str, Verify]:
    """The best verifier at hand and its name. It takes a raw message and the zone's TXT records by name."""
    try:
        importlib.import_module("dkim")
    except ImportError:
        return "own verifier", verify
    return "dkimpy", _verify_with_dkimpy


def _verify_with_dkimpy(raw: bytes, txt: Mapping[str, str]) -> bool:
    dkim = importlib.import_module("dkim")

    def lookup(name: bytes, timeout: int = 5) -> bytes:  # dkimpy passes one
        return txt.get(name.decode().rstrip(".").lower(), "").encode()

    try:
        return bool(dkim.DKIM(raw, minkey=_MIN_KEY_BITS).verify(dnsfunc=lookup))
    except dkim.DKIMException:
        return False


def verify(raw: bytes, txt: Mapping[str, str]) -> bool:
    """Whether the first DKIM-Signature holds with an RSA key of 2,048 bits or more."""
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = [(name, value) for name, value in _FIELD.findall(head + b"\r\n")]
    signature = next((v for n, v in fields if n.lower() == b"dkim-signature"), None)
    if signature is None:
        return False
    tags = _tags(signature)
    try:
        return _holds(tags, signature, fields, body, txt)
    except (KeyError, ValueError, InvalidSignature):
        return False


def _tags(text: bytes) -> dict[str, bytes]:
    """The tag list with white space taken out of the values (RFC 6376 section 3.2)."""
    pairs = (item.partition(b"=") for item in text.split(b";") if b"=" in item)
    return {name.strip().decode(): b"".join(value.split()) for name, _, value in pairs}


def _holds(
    tags: dict[str, bytes],
    signature: bytes,
    fields: list[tuple[bytes, bytes]],
    body: bytes,
    txt: Mapping[str, str],
) -> bool:
    if tags["a"] != b"rsa-sha256" or "l" in tags:
        return False
    header_rule, _, body_rule = tags.get("c", b"simple/simple").partition(b"/")
    if base64.b64decode(tags["bh"]) != hashlib.sha256(_body(body, body_rule)).digest():
        return False
    key = _public_key(tags, txt)
    unsigned = _SIGNATURE_VALUE.sub(rb"\1", signature.removesuffix(b"\r\n"), count=1)
    signed = _chosen(tags["h"].lower().split(b":"), fields)
    text = b"".join(_header(name, value, header_rule) for name, value in signed)
    text += _header(b"DKIM-Signature", unsigned + b"\r\n", header_rule).removesuffix(b"\r\n")
    key.verify(base64.b64decode(tags["b"]), text, PKCS1v15(), SHA256())
    return True


def _public_key(tags: dict[str, bytes], txt: Mapping[str, str]) -> RSAPublicKey:
    name = f"{tags['s'].decode()}._domainkey.{tags['d'].decode()}".lower()
    key = load_der_public_key(base64.b64decode(_tags(txt[name].encode())["p"]))
    if not isinstance(key, RSAPublicKey) or key.key_size < _MIN_KEY_BITS:
        raise ValueError("not an RSA key of 2,048 bits")
    return key


def _chosen(names: list[bytes], fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The signed fields, each name taking the lowest one not taken yet (RFC 6376 section 5.4.2)."""
    left = {name: [f for f in fields if f[0].lower() == name] for name in names}
    return [left[name].pop() for name in names if left[name]]


def _header(name: bytes, value: bytes, rule: bytes) -> bytes:
    if rule == b"relaxed":
        return name.lower() + b":" + b" ".join(value.split()) + b"\r\n"
    return name + b":" + value


def _body(body: bytes, rule: bytes) -> bytes:
    if rule == b"relaxed":
        body = re.sub(rb"[ \t]+", b" ", body)
        body = re.sub(rb" \r\n", b"\r\n", body)
    while body.endswith(b"\r\n"):
        body = body[:-2]
    return body + b"\r\n" if body or rule != b"relaxed" else b""
