"""Pixels and tracked links (ASGI). A hit is answered from its address alone: nothing is read from the database.

path -> tracking/token (genuine?) -> the hit goes to the backlog, where it is safe -> image or redirect

Only where links are blocked (`blocked`) a page may stand in the place of the redirect, and then it is no hit.
"""

from collections.abc import Callable, Sequence

from starlette.types import Receive, Scope, Send

from pillarbox.clock import Clock
from pillarbox.hits import blocked
from pillarbox.hits.blocked import Blocklist
from pillarbox.hits.model import RawHit
from pillarbox.proxies import Network, client_address
from pillarbox.storage.types import micros
from pillarbox.tracking.agent import LONGEST_AGENT
from pillarbox.tracking.token import OPEN, Copy, Link, Tokens

Header = tuple[bytes, bytes]

PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
_NO_STORE = b"no-store, no-cache, must-revalidate, private"
_PIXEL_HEADERS: list[Header] = [
    (b"content-type", b"image/gif"),
    (b"content-length", str(len(PIXEL)).encode()),
    (b"cache-control", _NO_STORE),
    (b"pragma", b"no-cache"),
    (b"expires", b"Thu, 01 Jan 1970 00:00:00 GMT"),
    (b"x-content-type-options", b"nosniff"),
]
_NOT_FOUND = b"This link leads nowhere."
_METHODS = ("GET", "HEAD")


class HitsApp:
    """Answers everything below the paths of `tracking.token`."""

    def __init__(
        self,
        tokens: Tokens,
        clock: Clock,
        add: Callable[[RawHit], None],
        *,
        trusted: Sequence[Network] = (),
        blocklist: Blocklist | None = None,
    ) -> None:
        """`trusted` are the networks of proxies whose word is taken for who asks."""
        self._tokens = tokens
        self._clock = clock
        self._add = add
        self._trusted = trusted
        self._blocklist = blocklist

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method = scope["method"]
        if method not in _METHODS:
            await _answer(send, 405, [(b"allow", b"GET, HEAD")], b"")
        elif scope["path"].startswith(OPEN):
            await self._open(scope, send, counts=method == "GET")
        else:
            await self._click(scope, send, counts=method == "GET")

    async def _open(self, scope: Scope, send: Send, *, counts: bool) -> None:
        """The same image for every address, known or not."""
        copy = self._tokens.read_pixel(scope["path"])
        if copy is not None and counts:
            self._take(scope, copy, None)
        await _answer(send, 200, _PIXEL_HEADERS, PIXEL if counts else b"")

    async def _click(self, scope: Scope, send: Send, *, counts: bool) -> None:
        """On to where the message pointed, and nowhere else."""
        link = self._tokens.read_link(scope["raw_path"])
        if link is None:
            headers = [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"cache-control", b"no-store"),
            ]
            await _answer(send, 404, headers, _NOT_FOUND)
            return
        if self._blocklist is not None and await self._blocklist.holds(link):
            await _answer(send, 403, blocked.HEADERS, blocked.page(link) if counts else b"")
            return
        headers = [
            (b"location", link.url.encode("ascii")),
            (b"cache-control", b"no-store"),
            (b"referrer-policy", b"no-referrer"),
            (b"content-length", b"0"),
        ]
        if counts:
            self._take(scope, link.copy, link)
        await _answer(send, 302, headers, b"")

    def _take(self, scope: Scope, copy: Copy, link: Link | None) -> None:
        headers: Sequence[Header] = scope["headers"]
        agent = next((value for name, value in headers if name == b"user-agent"), b"")
        self._add(
            RawHit(
                message_key=copy.message_key,
                position=copy.position,
                at=micros(self._clock.now()),
                agent=agent.decode("latin-1")[:LONGEST_AGENT],
                address=client_address(scope, self._trusted),
                url=link.url if link else "",
                location=link.location.value if link else "",
            )
        )


async def _answer(send: Send, status: int, headers: Sequence[Header], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})
