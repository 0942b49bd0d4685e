"""The client's side of SMTP AUTH (RFC 4954): PLAIN, LOGIN and CRAM-MD5.

Pure: which mechanism, and what to say next.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Generator

# PLAIN first where nobody listens (one round trip); the one that hides the password where the
# line is in the clear.
_PRIVATE = ("PLAIN", "LOGIN", "CRAM-MD5")
_OVERHEARD = ("CRAM-MD5", "PLAIN", "LOGIN")
_HIDING = ("CRAM-MD5",)


def choose(offered: str, *, is_private: bool, may_show_password: bool) -> str | None:
    """The best mechanism out of the server's list (blank-separated), or None.

    is_private: nobody can read along. may_show_password: PLAIN and LOGIN are allowed.
    """
    names = set(offered.upper().split())
    wanted: tuple[str, ...] = _PRIVATE if is_private else _OVERHEARD
    if not may_show_password:
        wanted = _HIDING
    return next((name for name in wanted if name in names), None)


def dialogue(mechanism: str, user: str, password: str) -> Generator[str, str, None]:
    """What the client says, line by line; takes the text of each 334 reply.

    Raises ValueError: the server's challenge is not base64.
    Source: RFC 4616 (PLAIN), RFC 2195 (CRAM-MD5).
    """
    if mechanism == "PLAIN":
        yield "AUTH PLAIN " + _encoded(f"\0{user}\0{password}")
    elif mechanism == "LOGIN":
        yield "AUTH LOGIN"
        yield _encoded(user)
        yield _encoded(password)
    else:
        challenge = b64decode((yield "AUTH CRAM-MD5"))
        digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
        yield _encoded(f"{user} {digest}")


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")
