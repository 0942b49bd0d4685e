"""What no browser may be made to ask, and what every answer tells the browser to refuse.

Two things could let others use a browser that may see the pages, and each is refused here: a foreign name that
was made to point at this machine (DNS rebinding), and a foreign site that makes the user's own browser ask.
Whether the user may come in is for the gate behind this. Plain ASGI.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with "no-referrer" browsers send "Origin: null" with our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-DNS-Prefetch-Control": "off",
    "Cache-Control": "private, no-cache",
}
_NOT_THIS_NAME = (
    "This page does not answer to this host name.\n"
    "Use http://localhost or http://127.0.0.1, or set PUBLIC_URL to the address you use.\n"
)
_NOT_FROM_THERE = "This page does not answer requests that other sites make.\n"
_forwarded_for = re.compile(r'for="?\[?([^\];,"\s]+)', re.IGNORECASE).findall
_own_name = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-]+)(?::\d{1,5})?").fullmatch


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets a request through to `app`, or refuses it with 403. `public_url` is the setting."""

    app: ASGIApp
    public_url: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        refusal = self._refusal(scope)
        app = self.app if refusal is None else PlainTextResponse(refusal, 403)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        if not self._is_own_name(headers.getlist("host")):
            return _NOT_THIS_NAME
        return None if self._is_own_request(headers) else _NOT_FROM_THERE

    def _is_own_name(self, hosts: list[str]) -> bool:
        if len(hosts) != 1 or not _own_name(hosts[0]):
            return False
        name = _host_name(f"//{hosts[0]}")
        return bool(name) and (name == _host_name(self.public_url) or is_loopback(name))

    def _is_own_request(self, headers: Headers) -> bool:
        """Whether our own page or the user asks, not another site's page: Origin, and Fetch Metadata where sent.

        A link from elsewhere may open a page; it cannot read, embed or subscribe to anything.
        """
        origin = headers.get("origin")
        if origin is not None and not self._is_own_origin(origin.lower(), headers["host"].lower()):
            return False
        if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
            return True
        is_opened = headers.get("sec-fetch-mode") == "navigate"
        return is_opened and headers.get("sec-fetch-dest") == "document"

    def _is_own_origin(self, origin: str, host: str) -> bool:
        """By the name that was asked, or by PUBLIC_URL: a proxy may ask by another name than the browser did."""
        public = urlsplit(self.public_url.lower())
        return urlsplit(origin).netloc == host or origin == f"{public.scheme}://{public.netloc}"


def is_loopback(name: str) -> bool:
    """Whether a host name or bare address can only mean this machine (RFC 6761 section 6.3)."""
    name = name.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _host_name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_from_here(scope: Scope, headers: Headers) -> bool:
    """Whether the client, and everyone a proxy on this machine says it speaks for, is on this machine."""
    client = scope.get("client")
    if client is None:
        return False
    behind = [
        address.strip()
        for name in ("x-forwarded-for", "x-real-ip")
        for value in headers.getlist(name)
        for address in value.split(",")
    ]
    for value in headers.getlist("forwarded"):
        behind += _forwarded_for(value) or ["unknown"]
    return all(_is_loopback_address(address) for address in (client[0], *behind))


def _is_loopback_address(text: str) -> bool:
    """Whether this is an address, perhaps with a port, of this machine; a name never is."""
    host, _, port = text.rpartition(":")
    if port.isdigit() and "." in host:
        text = host
    return not text.lower().endswith("localhost") and is_loopback(text.strip("[]"))
