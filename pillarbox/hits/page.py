"""The page behind an unsubscribe link, and the one-click request of RFC 8058 (ASGI).

Looking changes nothing, so that programs that follow links in mail unsubscribe nobody; only a POST does. The link
is the secret, and no cookie is looked at: another site has nothing to forge with.
"""

import logging
from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from pillarbox.errors import Unavailable
from pillarbox.hits import unsubscribe
from pillarbox.hits.texts import LANGUAGES, Texts, choose
from pillarbox.hits.unsubscribe import Subscriber
from pillarbox.storage.db import Database
from pillarbox.storage.tx import Tx
from pillarbox.tracking.token import UNSUBSCRIBE, Tokens

log = logging.getLogger(__name__)

LONGEST_BODY = 4096
_ACTIONS: dict[str, Callable[[Tx, Tokens, str], Subscriber | None]] = {
    "unsubscribe": unsubscribe.unsubscribe,
    "resubscribe": unsubscribe.resubscribe,
}
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 34rem; margin: 12vh auto 0; padding: 0 1.25rem }
h1 { font-size: 1.4rem; line-height: 1.3; overflow-wrap: anywhere }
button { font: inherit; font-weight: 600; padding: .6rem 1.1rem; border: 0; border-radius: .5rem;
  background: #1f6feb; color: #fff; cursor: pointer }
"""
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
    "X-Content-Type-Options": "nosniff",
}


class UnsubscribePage:
    """Answers everything below UNSUBSCRIBE."""

    def __init__(self, db: Database, tokens: Tokens) -> None:
        self._db = db
        self._tokens = tokens
        self._template = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
        ).get_template("unsubscribe.html")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        if request.method not in ("GET", "HEAD", "POST"):
            response: Response = Response(status_code=405, headers={"Allow": "GET, HEAD, POST"})
        else:
            response = await self._respond(request)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        token = request.url.path.removeprefix(UNSUBSCRIBE)
        language = choose(request.headers.get("accept-language", ""))
        action, is_one_click = None, False
        if request.method == "POST":
            action, is_one_click = await _read(request)
            if action is None:
                return Response(status_code=400)
        try:
            who = await self._act(token, action)
        except Unavailable:
            status, parts = 503, (LANGUAGES[language].later, "", "", "")
        except Exception:
            log.exception("unsubscribe failed")
            status, parts = 500, (LANGUAGES[language].later, "", "", "")
        else:
            status, parts = 200 if who else 404, _shown(LANGUAGES[language], who, action)
        if is_one_click:
            return Response(status_code=status)
        return self._page(status, language, parts)

    async def _act(self, token: str, action: str | None) -> Subscriber | None:
        if self._tokens.read_unsubscribe(token) is None:
            return None
        if action is None:
            return await self._db.read(lambda tx: unsubscribe.find(tx, self._tokens, token))
        act = _ACTIONS[action]
        return await self._db.write(lambda tx: act(tx, self._tokens, token))

    def _page(self, status: int, language: str, parts: Sequence[str]) -> Response:
        headline, hint, action, button = parts
        text = self._template.render(
            language=language,
            texts=LANGUAGES[language],
            style=_STYLE,
            headline=headline,
            hint=hint,
            action=action,
            button=button,
        )
        headers = _HEADERS | {"Content-Language": language}
        return HTMLResponse(text, status, headers | ({"Retry-After": "5"} if status == 503 else {}))


async def _read(request: Request) -> tuple[str | None, bool]:
    """What a POST wants done (None: nothing we know), and whether a program asks, not a person on the page."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            return None, False
    if (
        b"List-Unsubscribe" in body and b"One-Click" in body
    ):  # urlencoded or multipart, both are allowed
        return "unsubscribe", True
    action = parse_qs(body.decode("latin-1")).get("action", [""])[0]
    return (action if action in _ACTIONS else None), False


def _shown(texts: Texts, who: Subscriber | None, action: str | None) -> tuple[str, str, str, str]:
    """Headline, hint, and what the button does and says."""
    if who is None:
        return texts.unknown, texts.unknown_hint, "", ""
    address = masked(who.recipient)
    if who.may_return:
        return texts.done.format(address=address), "", "resubscribe", texts.back_button
    if who.is_held_back:
        return texts.held_back.format(address=address), "", "", ""
    headline = texts.subscribed if action == "resubscribe" else texts.ask
    return headline.format(address=address), "", "unsubscribe", texts.ask_button


def masked(address: str) -> str:
    """An address that its owner knows again and nobody else learns."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"
