"""Links that the installation blocks show a warning, lead nowhere and count as nothing."""

from typing import Any

import pytest

from pillarbox.hits.blocked import Blocklist
from pillarbox.hits.main import HitsApp
from pillarbox.outbound.accept import accept
from pillarbox.tracking.model import ClickLocation
from pillarbox.tracking.token import Copy, Link, Tokens
from tests.factories import a_prepared

TOKENS = Tokens(b"s" * 32)


def link(url: str, key: int = 5) -> Link:
    return Link(Copy(key, 0), url, ClickLocation.HTML)


async def click(app, blocklist: Blocklist, to: Link, method: str = "GET") -> tuple[Any, str, int]:
    """Status and headers, body, and how many hits were counted."""
    hits: list[Any] = []
    sent: list[Any] = []
    path = TOKENS.link(to, 1)
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "client": ("198.51.100.1", 1234),
        "headers": [],
    }

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    def add(hit: Any) -> None:
        assert not sent, "safe before it is answered"
        hits.append(hit)

    await HitsApp(TOKENS, app.clock, add, blocklist=blocklist)(scope, receive, send)
    return sent[0], sent[1]["body"].decode(), len(hits)


@pytest.mark.parametrize(
    ("url", "is_blocked"),
    [
        ("https://bad.example/login", True),
        ("http://WWW.Bad.Example:8080/", True),
        ("https://user@bad.example./", True),
        ("https://notbad.example/", False),
        ("https://bad.example.org/", False),
        ("https://good.example/?to=bad.example", False),
        ("http://[::1]/", False),
    ],
)
async def test_a_domain_with_all_below_it(app, url, is_blocked):
    assert await Blocklist(app.db, ("Bad.example", "7")).holds(link(url)) is is_blocked


async def test_the_page_says_where_it_led_and_goes_nowhere(app):
    blocklist = Blocklist(app.db, ("bad.example",))
    start, body, hits = await click(app, blocklist, link("https://bad.example/a"))
    headers = dict(start["headers"])
    assert (start["status"], hits) == (403, 0)
    assert b"location" not in headers
    assert "default-src 'none'" in headers[b"content-security-policy"].decode()
    assert "<bdi>bad.example</bdi>" in body
    assert "href" not in body
    start, body, hits = await click(app, blocklist, link("https://bad.example/a"), "HEAD")
    assert (start["status"], body, hits) == (403, "", 0)
    start, _, hits = await click(app, blocklist, link("https://good.example/"))
    assert (start["status"], hits) == (302, 1)


async def test_all_links_of_a_server(app, server):
    message = a_prepared(app, server)
    with app.db.transaction() as tx:
        accept(tx, [message])
    url = "https://good.example/"
    mine = Blocklist(app.db, (str(server.id),))
    assert await mine.holds(link(url, message.key))
    assert not await mine.holds(link(url, message.key + 1))
    assert not await Blocklist(app.db, (str(server.id + 1),)).holds(link(url, message.key))
