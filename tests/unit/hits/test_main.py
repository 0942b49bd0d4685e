from ipaddress import ip_network
from typing import Any

import pytest

from pillarbox.hits.main import PIXEL, HitsApp
from pillarbox.hits.model import RawHit
from pillarbox.proxies import client_address
from pillarbox.tracking.model import ClickLocation
from pillarbox.tracking.token import Copy, Link, Tokens
from tests.conftest import SetClock

TOKENS = Tokens(b"s" * 32)
COPY = Copy(5, 1)
TRUSTED = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))


def scope(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "client": ("198.51.100.1", 1234),
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }


async def ask(asked: dict[str, Any]) -> tuple[int, dict[str, str], bytes, list[RawHit]]:
    hits: list[RawHit] = []
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    def add(hit: RawHit) -> None:
        assert not sent, "safe before it is answered"
        hits.append(hit)

    await HitsApp(TOKENS, SetClock(), add)(asked, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"], hits


async def test_a_pixel_is_an_image_that_nobody_keeps() -> None:
    status, headers, body, hits = await ask(scope(TOKENS.pixel(COPY), user_agent="Reader/1"))
    assert (status, body) == (200, PIXEL)
    assert headers["cache-control"] == "no-store, no-cache, must-revalidate, private"
    assert headers["pragma"] == "no-cache"
    assert headers["expires"].endswith("1970 00:00:00 GMT")
    assert len(PIXEL) in (42, 43)
    (hit,) = hits
    assert (hit.copy, hit.agent, hit.address, hit.url) == (COPY, "Reader/1", "198.51.100.1", "")


@pytest.mark.parametrize("path", ["/open/x", "/open/", "/open/" + "A" * 28])
async def test_any_other_pixel_is_the_same_image_and_no_hit(path: str) -> None:
    status, headers, body, hits = await ask(scope(path))
    known, known_headers, known_body, _ = await ask(scope(TOKENS.pixel(COPY)))
    assert (status, headers, body, hits) == (known, known_headers, known_body, [])


async def test_a_click_leads_on() -> None:
    link = Link(COPY, "https://e.example/a?b=c#d", ClickLocation.TEXT)
    status, headers, body, hits = await ask(scope(TOKENS.link(link, 4)))
    assert (status, headers["location"], body) == (302, link.url, b"")
    assert headers["cache-control"] == "no-store"
    (hit,) = hits
    assert (hit.copy, hit.url, hit.location) == (COPY, link.url, "Text")


async def test_head_answers_without_a_hit() -> None:
    link = Link(COPY, "https://e.example/", ClickLocation.HTML)
    status, headers, body, hits = await ask(scope(TOKENS.link(link, 1), "HEAD"))
    assert (status, headers["location"], body, hits) == (302, link.url, b"", [])
    status, _, body, hits = await ask(scope(TOKENS.pixel(COPY), "HEAD"))
    assert (status, body, hits) == (200, b"", [])


@pytest.mark.parametrize(
    "path", ["/3s/evil.example/AAAA/h1/BBBB", "/3/", "/3x/javascript%3Aalert/a/h1/b"]
)
async def test_an_open_redirect_is_not_to_be_had(path: str) -> None:
    status, headers, _, hits = await ask(scope(path))
    assert (status, hits) == (404, [])
    assert "location" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS"])
async def test_other_methods_are_refused(method: str) -> None:
    status, headers, _, hits = await ask(scope(TOKENS.pixel(COPY), method))
    assert (status, headers["allow"], hits) == (405, "GET, HEAD", [])


@pytest.mark.parametrize(
    ("peer", "forwarded", "who"),
    [
        ("198.51.100.1", "203.0.113.9", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "192.0.2.66, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        ("127.0.0.1", "10.1.1.1", "10.1.1.1"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "unknown", "unknown"),
    ],
)
def test_only_trusted_proxies_say_who_asks(peer: str, forwarded: str | None, who: str) -> None:
    asked = scope("/", **({"x_forwarded_for": forwarded} if forwarded else {}))
    asked["client"] = (peer, 1)
    assert client_address(asked, TRUSTED) == who
