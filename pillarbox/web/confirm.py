"""The page behind the link of a confirmation mail. Who has the link needs no login; it works with any HTTP role.

Looking at the page changes nothing, so that programs that follow links in mail confirm nothing; its button does.
The token in the address is the secret, and no cookie is looked at: another site has nothing to forge with.
"""

import logging
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from pillarbox.app import App
from pillarbox.domains import signatures
from pillarbox.domains.model import Signature
from pillarbox.errors import Unavailable
from pillarbox.outbound.confirmation import PATH
from pillarbox.storage.tx import Tx
from pillarbox.web.guard import HEADERS

log = logging.getLogger(__name__)

LONGEST_TOKEN = 100
_TEMPLATES = Path(__file__).parent / "html"
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 34rem; margin: 12vh auto 0; padding: 0 1.25rem }
h1 { font-size: 1.4rem; line-height: 1.25 }
bdi { overflow-wrap: anywhere }
button { font: inherit; font-weight: 600; padding: .6rem 1.1rem; border: 0; border-radius: .5rem;
  background: #1f6feb; color: #fff; cursor: pointer }
"""
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = HEADERS | {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address holds the secret
}
_STATUS = {
    "asked": 200,
    "confirmed": 200,
    "unknown": 404,
    "method": 405,
    "later": 503,
    "failed": 500,
}


class ConfirmPage:
    """Answers everything below PATH (ASGI)."""

    def __init__(self, app: App) -> None:
        self._db = app.db
        self._template = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined
        ).get_template("confirm.html")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        state, signature = await self._answer(scope["method"], scope["path"].removeprefix(PATH))
        text = self._template.render(state=state, signature=signature, style=_STYLE)
        headers = dict(_HEADERS)
        if state == "method":
            headers["Allow"] = "GET, HEAD, POST"
        if state == "later":
            headers["Retry-After"] = "5"
        await HTMLResponse(text, _STATUS[state], headers)(scope, receive, send)

    async def _answer(self, method: str, token: str) -> tuple[str, Signature | None]:
        """What to show, and whose address it is about."""
        if method not in ("GET", "HEAD", "POST"):
            return "method", None
        if not token or len(token) > LONGEST_TOKEN:
            return "unknown", None
        try:
            if method == "POST":
                signature = await self._db.write(lambda tx: _confirm(tx, token))
            else:
                signature = await self._db.read(lambda tx: signatures.find_by_link(tx, token))
        except Unavailable:
            return "later", None
        except Exception:
            log.exception("confirmation failed")
            return "failed", None
        if signature is None:
            return "unknown", None
        return ("confirmed" if signature.is_confirmed else "asked"), signature


def _confirm(tx: Tx, token: str) -> Signature | None:
    """Confirm what the link is about; None for a link that leads nowhere."""
    found = signatures.find_by_link(tx, token)
    if found is None:
        return None
    signatures.confirm(tx, found.id)
    return signatures.get(tx, found.id)
