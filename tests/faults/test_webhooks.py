"""kill -9 at any moment: whoever wants to hear of a delivery does, whatever happens."""

import asyncio
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests import process
from tests.conftest import SERVER_TOKEN
from tests.doubles.hook import HookSink

ROUNDS, MESSAGES = 4, 40


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        url,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "X-Postmark-Server-Token": SERVER_TOKEN},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def send(server: process.Server, messages: int) -> set[str]:
    """Have messages accepted; their MessageIDs."""
    mail = {"From": "a@sender.example", "To": "b@one.example", "Subject": "Hi", "TextBody": "x"}
    return {post(f"{server.http}/email", mail)["MessageID"] for _ in range(messages)}


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_no_webhook_is_lost_when_the_process_is_killed(
    tmp_path: Path, database_url: str | None
) -> None:
    settings = {"EGRESS_ALLOW": "127.0.0.0/8", "DATABASE_URL": database_url or ""}
    accepted: set[str] = set()
    async with HookSink() as sink:
        for number in range(ROUNDS):
            server = await asyncio.to_thread(process.start, tmp_path, **settings)
            if number == 0:
                hook = {"Url": sink.url(), "Triggers": {"Delivery": {"Enabled": True}}}
                await asyncio.to_thread(post, f"{server.http}/webhooks", hook)
            accepted |= await asyncio.to_thread(send, server, MESSAGES + 7 * number)
            server.kill()
            assert server.process.stdout is not None
            server.process.stdout.close()
        server = await asyncio.to_thread(process.start, tmp_path, **settings)
        # What was in hand is due again when its lease ends.
        async with asyncio.timeout(150):
            while accepted - {hit.json["MessageID"] for hit in sink.hits}:
                await sink.wait(len(sink.hits) + 1, timeout_s=150)
        await asyncio.to_thread(server.terminate)
        assert server.process.stdout is not None
        server.process.stdout.close()
    told = [hit.headers["X-PM-Webhook-Trace-Id"] for hit in sink.hits]
    assert len(set(told)) == len(accepted), (
        "one trace id for each delivery, however often it is told"
    )
