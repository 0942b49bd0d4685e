"""Cookies of the pages: for this site only, out of reach of scripts, and never sent in clear where TLS is used."""

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from pillarbox.config import Config
from pillarbox.proxies import is_https
from pillarbox.users.model import LONGEST

SESSION = "session"
_SESSION_OF_HTTPS = (
    "__Host-session"  # browsers take it from this very host only, and only with Secure
)


def is_secure(request: Request, config: Config) -> bool:
    """Whether the browser has come by https: by PUBLIC_URL, or as a trusted proxy says."""
    public = urlsplit(config.public_url)
    by_name = public.scheme == "https" and request.headers.get("host") == public.netloc
    return by_name or is_https(request.scope, config.trusted_proxies)


def facts(request: Request, config: Config) -> dict[str, Any]:
    """What every cookie is set with."""
    return {
        "path": "/",
        "httponly": True,
        "samesite": "strict",
        "secure": is_secure(request, config),
    }


def session_token(request: Request, config: Config) -> str:
    """The token of this browser's session, or an empty text."""
    return request.cookies.get(_session_name(request, config), "")


def set_session(answer: Response, request: Request, config: Config, token: str) -> None:
    """Have the browser keep its session as long as one may last; the server may end it earlier."""
    name = _session_name(request, config)
    answer.set_cookie(name, token, max_age=int(LONGEST.total_seconds()), **facts(request, config))


def drop_session(answer: Response, request: Request, config: Config) -> None:
    """Have the browser forget its session."""
    answer.delete_cookie(_session_name(request, config), **facts(request, config))


def _session_name(request: Request, config: Config) -> str:
    return _SESSION_OF_HTTPS if is_secure(request, config) else SESSION
