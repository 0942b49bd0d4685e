"""The account that is copied from, as its API shows it: GET requests, repeated with patience.

A page that is refused for haste (429), a failure of the server and a broken connection are tried again after a
growing pause; then there is a SourceFailed with a text for the person who runs the import.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from urllib.parse import urlencode, urlsplit

from pillarbox.outgoing.http import Answer, Cause, Client, NoAnswer, Request

PAUSES_S = (1, 2, 4, 8, 15, 30, 30)
TIMEOUT_S = 60.0
MOST = 256 * 1024 * 1024
"""No answer may be longer: that of a list of suppressions, which has no pages, may be long."""

Pause = Callable[[float], Awaitable[None]]


class Kind(Enum):
    """The kinds of token; the value is the header that carries one."""

    SERVER = "X-Postmark-Server-Token"
    ACCOUNT = "X-Postmark-Account-Token"


class SourceFailed(Exception):
    """The source cannot be read; the text is for a person."""


class Source:
    """Reads from one base URL."""

    def __init__(self, client: Client, base_url: str, *, pause: Pause = asyncio.sleep) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._pause = pause

    async def get(self, kind: Kind, token: str, path: str, **query: str | int) -> bytes:
        """The body of a good answer. Raises SourceFailed."""
        url = f"{self._base_url}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = (("Accept", "application/json"), (kind.value, token))
        request = Request(url, headers=headers, bound=frozenset({kind.value.lower()}))
        problem = ""
        for pause in (*PAUSES_S, None):
            try:
                answer = await self._client.get(request, timeout_s=TIMEOUT_S, most=MOST)
            except NoAnswer as refused:
                problem = self._unreachable(refused.cause)
            else:
                if answer.status == 200:
                    return answer.body
                problem = _failed(path, answer)
            if pause is not None:
                await self._pause(pause)
        raise SourceFailed(
            f"{problem}; tried {len(PAUSES_S) + 1} times. Run the import again to go on"
        )

    def _unreachable(self, cause: Cause) -> str:
        """What a request without an answer is called. Raises SourceFailed when it would not help to try again."""
        host = urlsplit(self._base_url).netloc
        if cause is Cause.REFUSED:
            raise SourceFailed(
                f"{host} is at an address of an inner network; EGRESS_ALLOW names those that may be called"
            )
        if cause in (Cause.TLS, Cause.TOO_MANY_HOPS, Cause.TOO_LONG):
            raise SourceFailed(f"{host}: {cause.value}")
        return f"{host}: {cause.value}"


def _failed(path: str, answer: Answer) -> str:
    """What an answer that is not good is called. Raises SourceFailed when it would not help to try again."""
    if answer.status == 429 or answer.status >= 500:
        return f"{path} was answered with {answer.status}"
    if answer.status in (401, 403):
        raise SourceFailed(f"{path}: the token is not accepted ({answer.status})")
    raise SourceFailed(f"{path} was answered with {answer.status}: {_excerpt(answer.body)}")


def _excerpt(body: bytes) -> str:
    text = body[:300].decode("utf-8", "replace")
    return "".join(character for character in text if character.isprintable())
