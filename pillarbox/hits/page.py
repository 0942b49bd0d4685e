"""The page behind an unsubscribe link, and the one-click request of RFC 8058 (ASGI).

Looking changes nothing, so that programs that follow links in mail unsubscribe nobody; only a POST does. The link
is the secret, and no cookie is looked at: another site has nothing to forge with.
"""

import logging
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from pillarbox.errors import Unavailable
from pillarbox.hits import unsubscribe
from pillarbox.hits.unsubscribe import Subscriber
from pillarbox.storage.db import Database
from pillarbox.storage.tx import Tx
from pillarbox.tracking.token import UNSUBSCRIBE, Tokens
from pillarbox.tracking.unsubscribe_page import STYLE_HASH, State, UnsubscribeLook
from pillarbox.tracking.unsubscribe_texts import choose

log = logging.getLogger(__name__)

LONGEST_BODY = 4096
_ACTIONS: dict[str, Callable[[Tx, Tokens, str], Subscriber | None]] = {
    "unsubscribe": unsubscribe.unsubscribe,
    "resubscribe": unsubscribe.resubscribe,
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
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
        self._look = UnsubscribeLook()

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
        who = None
        try:
            who = await self._act(token, action)
        except Unavailable:
            status, state = 503, State.LATER
        except Exception:
            log.exception("unsubscribe failed")
            status, state = 500, State.LATER
        else:
            status, state = 200 if who else 404, _state(who, action)
        if is_one_click:
            return Response(status_code=status)
        text = self._look.render(language, state, who.recipient if who else "")
        headers = _HEADERS | {"Content-Language": language}
        return HTMLResponse(text, status, headers | ({"Retry-After": "5"} if status == 503 else {}))

    async def _act(self, token: str, action: str | None) -> Subscriber | None:
        if self._tokens.read_unsubscribe(token) is None:
            return None
        if action is None:
            return await self._db.read(lambda tx: unsubscribe.find(tx, self._tokens, token))
        act = _ACTIONS[action]
        return await self._db.write(lambda tx: act(tx, self._tokens, token))


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


def _state(who: Subscriber | None, action: str | None) -> State:
    """What the page says to whom a link belongs."""
    if who is None:
        return State.UNKNOWN
    if who.may_return:
        return State.DONE
    if who.is_held_back:
        return State.HELD_BACK
    return State.SUBSCRIBED if action == "resubscribe" else State.ASK
