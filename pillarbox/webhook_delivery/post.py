"""The HTTP request of a webhook. Source: spec webhooks 6.1."""

from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from pillarbox.outgoing.http import Request
from pillarbox.webhooks import signature
from pillarbox.webhooks.model import HttpAuth

USER_AGENT = "Postmark"
KEPT_OF_ANSWER = 1_000
_OURS = frozenset(
    (
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)


def request(
    url: str,
    auth: HttpAuth | None,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    ours: Iterable[tuple[str, str]] = (),
    agent: str = USER_AGENT,
) -> Request:
    """A webhook's request: its own headers win over the usual ones, except over those that frame the body.

    `ours` say what the call is; nothing wins over them.

    The credentials of the webhook win over those in its URL. Neither those nor its headers nor a signature follow
    a redirect to somewhere else.
    """
    own = {name.lower(): (name, value) for name, value in headers if name.lower() not in _OURS}
    sent = {
        "user-agent": ("User-Agent", agent),
        "accept": ("Accept", "application/json"),
        **own,
        "content-type": ("Content-Type", "application/json"),
    }
    credentials = auth or _in_url(url)
    if credentials is not None:
        sent["authorization"] = "Authorization", _basic(credentials)
    sent |= {name.lower(): (name, value) for name, value in ours}
    bound = frozenset(own) | {"authorization"} | ({signature.HEADER.lower()} & sent.keys())
    return Request(url, body, dict(sent.values()), bound)


def _in_url(url: str) -> HttpAuth | None:
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return None
    return HttpAuth(unquote(parts.username or ""), unquote(parts.password or ""))


def _basic(auth: HttpAuth) -> str:
    return f"Basic {b64encode(f'{auth.username}:{auth.password}'.encode()).decode('ascii')}"
