"""kill -9 right after an answer: a hit that was answered is counted."""

import asyncio
import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests import process
from tests.conftest import SERVER_TOKEN
from tests.doubles.mx import ScriptedMx

ROUNDS, HITS = 4, 5
MAIL = {
    "From": "a@sender.example",
    "To": "b@one.example",
    "Subject": "Hi",
    "HtmlBody": "<p>Hi</p>",
    "TrackOpens": True,
}


def ask(server: process.Server, path: str, body: Any = None) -> bytes:
    """The body of an answer of 200."""
    headers = {"Content-Type": "application/json", "X-Postmark-Server-Token": SERVER_TOKEN}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(
        urllib.request.Request(server.http + path, data, headers), timeout=30
    ) as answer:
        content: bytes = answer.read()
    return content


async def pixels_of(mx: ScriptedMx, count: int) -> list[str]:
    """The paths of the tracking pixels in so many messages, once they have arrived."""
    async with asyncio.timeout(30):
        while len(mx.messages) < count:
            mx.arrived.clear()
            await mx.arrived.wait()
    whole = b"".join(message.data.replace(b"=\r\n", b"") for message in mx.messages)
    return [found.decode() for found in re.findall(rb"/open/[\w./-]+", whole)]


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_no_answered_hit_is_lost_when_the_process_is_killed(
    tmp_path: Path, database_url: str | None
) -> None:
    async with ScriptedMx() as mx:
        settings = {
            "DELIVERY": "relay",
            "RELAY_URL": f"smtp://127.0.0.1:{mx.port}",
            "SENDER_POLICY": "open",
            "EGRESS_ALLOW": "127.0.0.0/8",
            "DATABASE_URL": database_url or "",
        }
        pixels: list[str] = []
        for number in range(ROUNDS):
            with process.serving(tmp_path, **settings) as server:
                if not pixels:
                    await asyncio.to_thread(ask, server, "/email/batch", [MAIL] * ROUNDS * HITS)
                    pixels = await pixels_of(mx, ROUNDS * HITS)
                for pixel in pixels[number * HITS : (number + 1) * HITS]:
                    await asyncio.to_thread(ask, server, pixel)
                server.kill()
    opens = 0
    with process.serving(tmp_path, **settings) as server:
        async with asyncio.timeout(30):
            while opens < ROUNDS * HITS:
                told = await asyncio.to_thread(ask, server, "/stats/outbound")
                opens = json.loads(told)["UniqueOpens"]
    assert opens == ROUNDS * HITS
