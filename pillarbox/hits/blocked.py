"""Tracked links that lead nowhere any more, because whoever runs the installation says so, and what they show.

Source: spec tracking-and-unsubscribe 2.3.
"""

from collections.abc import Collection
from html import escape
from urllib.parse import urlsplit

from pillarbox.errors import Unavailable
from pillarbox.outbound.store import copies
from pillarbox.storage.db import Database
from pillarbox.tracking.token import Link
from pillarbox.tracking.unsubscribe_page import STYLE, STYLE_HASH

HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'".encode(),
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Blocked link</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>This link is blocked</h1>
<p>It led to <bdi>%s</bdi>. The service that delivered the message has blocked the link, because it may be
harmful. If you entered anything there before, such as a password, change it.</p>
</main>
</body>
</html>
"""


class Blocklist:
    """The setting BLOCKED_LINKS: domains, with all below them, and numbers of Servers."""

    def __init__(self, db: Database, entries: Collection[str]) -> None:
        self._db = db
        self._servers = frozenset(int(entry) for entry in entries if entry.isdecimal())
        self._domains = frozenset(
            entry.strip(".").lower() for entry in entries if not entry.isdecimal()
        )

    async def holds(self, link: Link) -> bool:
        """Whether a link is blocked. One of a Server is, as long as its message is kept."""
        if self._domains and self._is_below(host_of(link)):
            return True
        return bool(self._servers) and await self._is_of_server(link)

    def _is_below(self, host: str) -> bool:
        labels = host.split(".")
        return any(".".join(labels[start:]) in self._domains for start in range(len(labels)))

    async def _is_of_server(self, link: Link) -> bool:
        key = link.copy.message_key
        try:
            server = await self._db.read(lambda tx: copies.server_of(tx, key))
        except Unavailable:
            return False  # links lead on when the database is away
        return server in self._servers


def host_of(link: Link) -> str:
    """Where a link leads, lower-case; "" when that cannot be told."""
    try:
        return (urlsplit(link.url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def page(link: Link) -> bytes:
    """What is shown instead of going on."""
    return (_PAGE % escape(host_of(link) or "another site")).encode()
