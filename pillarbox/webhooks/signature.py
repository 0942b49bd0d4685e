"""Signing what a webhook is told. Pure. An addition for webhooks that have a secret: Postmark signs nothing.

    X-Pillarbox-Signature: t=1767225600,v1=<hex of HMAC-SHA256(secret, "1767225600." + body)>

The time is in what is signed, so that nobody who has seen a call can make it again later.
"""

import hashlib
import hmac
import secrets
from datetime import datetime

HEADER = "X-Pillarbox-Signature"
PREFIX = "whsec_"


def new_secret() -> str:
    """A random secret; its prefix tells people and scanners of leaks what it is, and is part of the key."""
    return PREFIX + secrets.token_urlsafe(32)


def headers(secret: str | None, body: bytes, at: datetime) -> tuple[tuple[str, str], ...]:
    """The header that proves who said this and when; none without a secret."""
    return () if secret is None else ((HEADER, sign(secret, body, at)),)


def sign(secret: str, body: bytes, at: datetime) -> str:
    """The value of the header."""
    timestamp = int(at.timestamp())
    digest = hmac.digest(secret.encode(), b"%d." % timestamp + body, hashlib.sha256)
    return f"t={timestamp},v1={digest.hex()}"
