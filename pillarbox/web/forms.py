"""What a form sends, and the proof that it was our own form (a token in a cookie and in the form).

Besides that token, the guard looks at Origin and Fetch Metadata, and cookies are SameSite=Strict.
"""

import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request

COOKIE = "form"
FIELD = "_form"
MAX_BYTES = 12 * 1_048_576
MAX_BYTES_OF_STRANGERS = 65_536
MAX_FIELDS = 2_000
_MEDIA_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; a field that was sent several times has several values."""

    fields: dict[str, list[str]]

    def text(self, name: str, default: str = "") -> str:
        """The last value of a field, with line feeds alone as line ends."""
        return self.fields.get(name, [default])[-1].replace("\r\n", "\n")

    def line(self, name: str, default: str = "") -> str:
        """The same without white space around it."""
        return self.text(name, default).strip()

    def is_on(self, name: str) -> bool:
        """Whether a check box is ticked."""
        return bool(self.text(name))

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return self.fields.get(name, [])


def token_of(request: Request) -> str:
    """The token of this browser's forms; a new one when it has none."""
    known = request.cookies.get(COOKIE, "")
    return known if len(known) == 43 else secrets.token_urlsafe(32)


def hidden(token: str) -> Markup:
    """The token as a field for a form."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)


async def read(request: Request, *, most: int = MAX_BYTES) -> Form:
    """The form in a request's body. Raises HTTPException: 403 for a strange one, 413, 415."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise HTTPException(415, "form")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise HTTPException(413, "large")
    fields: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError:
        raise HTTPException(400, "form") from None
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\0", ""))
    sent, kept = fields.pop(FIELD, [""])[-1], request.cookies.get(COOKIE, "")
    if not kept or not hmac.compare_digest(sent.encode(), kept.encode()):
        raise HTTPException(403, "token")
    return Form(fields)
