"""A consumer of webhooks on loopback, which keeps what it is sent and answers as told."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web
from multidict import CIMultiDict


@dataclass
class Hit:
    """One request as it came."""

    target: str
    headers: CIMultiDict[str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """What it says."""
        said: dict[str, Any] = json.loads(self.body)
        return said


class HookSink:
    """`async with HookSink() as sink: sink.url("/path")`; answers 200 unless told otherwise.

    `status` is the answer's, or a function of the request's JSON; `location` makes it a redirect.
    """

    def __init__(self, *, host: str = "127.0.0.1", ssl: Any = None) -> None:
        self.hits: list[Hit] = []
        self.status: int | Callable[[Any], int] = 200
        self.location: str | None = None
        self.body = b"ok"
        self.is_silent = False
        self.port = 0
        self._host = host
        self._ssl = ssl

    def url(self, path: str = "/hook", *, host: str | None = None, user: str = "") -> str:
        scheme = "https" if self._ssl else "http"
        return f"{scheme}://{user}{host or self._host}:{self.port}{path}"

    async def wait(self, count: int, *, timeout_s: float = 30) -> list[Hit]:
        """What came, once there are so many."""
        async with asyncio.timeout(timeout_s), self._came:
            await self._came.wait_for(lambda: len(self.hits) >= count)
        return self.hits

    async def __aenter__(self) -> Self:
        self._released = asyncio.Event()
        self._came = asyncio.Condition()
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, 0, ssl_context=self._ssl)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._released.set()
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        self.hits.append(Hit(request.raw_path, CIMultiDict(request.headers), body))
        async with self._came:
            self._came.notify_all()
        if self.is_silent:
            await self._released.wait()
        status = self.status(await request.json()) if callable(self.status) else self.status
        headers = {} if self.location is None else {"Location": self.location}
        return web.Response(status=status, headers=headers, body=self.body)
