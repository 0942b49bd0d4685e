"""Pages without a browser: `async with browsing(running) as user:`, then `await user.post("/ui/…", name="…")`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from pillarbox.web import forms
from tests.conftest import Running


@dataclass
class User:
    """Somebody who looks at pages and sends forms."""

    client: httpx.AsyncClient

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form as a page of ours would."""
        if forms.COOKIE not in self.client.cookies:
            await self.client.get("/ui/servers")
        return await self.post_raw(path, fields | {forms.FIELD: self.client.cookies[forms.COOKIE]})

    async def post_raw(self, path: str, fields: dict[str, str]) -> httpx.Response:
        """Send a form without what proves that it was ours."""
        return await self.client.post(path, data=fields)


@asynccontextmanager
async def browsing(running: Running) -> AsyncIterator[User]:
    async with httpx.AsyncClient(base_url=running.http) as client:
        yield User(client)
