"""The HTTP request of a webhook. Source: spec webhooks 6.1."""

from base64 import b64encode
from urllib.parse import unquote, urlsplit

from pillarbox.outgoing.http import Headers, Request
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
    headers: Headers,
    body: bytes,
    *,
    ours: Headers = (),
    agent: str = USER_AGENT,
) -> Request:
    """A webhook's request: its own headers win over the usual ones, except over those that frame the body.

    `ours` say what the call is; nothing wins over them.

    The credentials of the webhook win over those in its URL. Neither those nor its headers nor a signature follow
    a redirect to somewhere else.
    """
    own = [(name, value) for name, value in headers if name.lower() not in _OURS]
    credentials = auth or _in_url(url)
    made = [("Content-Type", "application/json"), *ours]
    if credentials is not None:
        made.append(("Authorization", _basic(credentials)))
    sent = _unless_in(made, own) + made
    usual = [("User-Agent", agent), ("Accept", "application/json")]
    bound = _names(own) | {"authorization"} | ({signature.HEADER.lower()} & _names(made))
    return Request(url, body, tuple(_unless_in(sent, usual) + sent), bound)


def _names(headers: Headers) -> frozenset[str]:
    return frozenset(name.lower() for name, _ in headers)


def _unless_in(those: Headers, headers: Headers) -> list[tuple[str, str]]:
    names = _names(those)
    return [(name, value) for name, value in headers if name.lower() not in names]


def _in_url(url: str) -> HttpAuth | None:
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return None
    return HttpAuth(unquote(parts.username or ""), unquote(parts.password or ""))


def _basic(auth: HttpAuth) -> str:
    return f"Basic {b64encode(f'{auth.username}:{auth.password}'.encode()).decode('ascii')}"
