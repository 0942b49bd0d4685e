"""The API of a running server as a client sees it."""

import asyncio
from typing import Any

import httpx

from tests.conftest import SERVER_TOKEN, Running

MAIL = {
    "From": "Shop <shop@sender.example>",
    "To": "Ann <ann@one.example>",
    "Subject": "Hi",
    "TextBody": "x",
}
OPEN: list[httpx.AsyncClient] = []
"""The connections that the fixture `closing` closes after each test."""


class Client:
    """The API as a client sees it."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.http = httpx.AsyncClient(
            base_url=running.http, headers={"X-Postmark-Server-Token": SERVER_TOKEN}
        )
        OPEN.append(self.http)

    async def send(self, **changes: Any) -> dict[str, Any]:
        answer = await self.http.post("/email", json=MAIL | changes)
        return dict(answer.json())

    async def details(self, message_id: str) -> dict[str, Any]:
        answer = await self.http.get(f"/messages/outbound/{message_id}/details")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def events(self, message_id: str, count: int = 1) -> list[dict[str, Any]]:
        """The message's events once there are so many."""
        heard = self.running.app.wake.subscribe("events")
        async with asyncio.timeout(20):
            while True:
                found = (await self.details(message_id))["MessageEvents"]
                if len(found) >= count:
                    return list(found)
                await heard.wait(20)
                heard.take()

    async def bounces(self) -> list[dict[str, Any]]:
        answer = await self.http.get("/bounces?count=50&offset=0")
        return list(answer.json()["Bounces"])
