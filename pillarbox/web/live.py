"""The live stream: tells open pages that something changed, so that they ask for what they show again.

A push says nothing but "look again". A page that missed some, because it slept or lost its connection, is up to
date after the next one, and each new stream begins with one. Server-sent events (WHATWG HTML, section 9.2).
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.datastructures import QueryParams
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from pillarbox.app import App
from pillarbox.errors import Unavailable
from pillarbox.events import store as events
from pillarbox.events.store import TOPIC as EVENTS
from pillarbox.ids import key_of
from pillarbox.inbound.store import messages as inbound
from pillarbox.outbound.accept import DELIVERY
from pillarbox.outbound.store import overview
from pillarbox.storage.tx import Tx
from pillarbox.storage.wake import Subscription
from pillarbox.webhooks.store import calls, log

TOPICS = (DELIVERY, EVENTS)
TOPICS_OF_MESSAGE = (*TOPICS, log.ATTEMPTS)
ABOUT = {"calls": (calls.TOPIC, log.ATTEMPTS), "inbound": (inbound.LIST,)}
"""What else a page may ask to hear of, by `about` in the address."""
CALLS_OF_EVENTS = 100
PAUSE_S = 0.2
"""The least time between two pushes to one page."""
HEARTBEAT_S = 15.0
ASKED_AGAIN_S = 30.0
"""After this long, whoever listens must still be allowed to."""
MAX_STREAMS = 100

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_HELLO = b"retry: 1000\n\n"
_CHANGE = b"event: change\ndata:\n\n"
_HEARTBEAT = b":\n\n"


@dataclass(slots=True, kw_only=True, eq=False)
class _Stream:
    """One open page. With a `key` it cares for one message only."""

    key: int | None
    scope: Scope
    subscriptions: dict[str, Subscription]
    seen: object = field(default=None)

    async def wait(self, timeout: float) -> bool:
        """Whether something happened within `timeout` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout), asyncio.TaskGroup() as tasks:
                waits = [tasks.create_task(s.wait(None)) for s in self.subscriptions.values()]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()
        happened = any(s.is_set for s in self.subscriptions.values())
        for subscription in self.subscriptions.values():
            subscription.take()
        return happened


class Live:
    """The streams of this process. `close` ends them, so that a stopping server need not wait for open pages."""

    def __init__(
        self,
        app: App,
        *,
        may_stay: Callable[[Scope], Awaitable[bool]],
        max_streams: int = MAX_STREAMS,
    ) -> None:
        self._app = app
        self._may_stay = may_stay
        self._max_streams = max_streams
        self._streams: set[_Stream] = set()
        self._is_closed = False

    def close(self) -> None:
        """End all streams and open no more."""
        self._is_closed = True
        for stream in self._streams:
            for subscription in stream.subscriptions.values():
                subscription.arrive(())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI) with a stream; 503 when there are too many."""
        if self._is_closed or len(self._streams) >= self._max_streams:
            full = PlainTextResponse("Too many pages are open.\n", 503, {"Retry-After": "10"})
            await full(scope, receive, send)
            return
        query = QueryParams(scope["query_string"])
        message_id = query.get("message")
        key = key_of(message_id) if message_id else None
        topics = ABOUT.get(query.get("about", ""), TOPICS) if key is None else TOPICS_OF_MESSAGE
        stream = _Stream(
            key=key,
            scope=scope,
            subscriptions={topic: self._app.wake.subscribe(topic) for topic in topics},
        )
        self._streams.add(stream)
        try:
            await self._serve(stream, receive, send)
        finally:
            self._streams.remove(stream)
            for topic, subscription in stream.subscriptions.items():
                self._app.wake.unsubscribe(topic, subscription)

    async def _serve(self, stream: _Stream, receive: Receive, send: Send) -> None:
        async with asyncio.TaskGroup() as tasks:
            pushing = tasks.create_task(self._push(stream, send))
            leaving = tasks.create_task(_left(receive))
            await asyncio.wait((pushing, leaving), return_when=asyncio.FIRST_COMPLETED)
            pushing.cancel()
            leaving.cancel()

    async def _push(self, stream: _Stream, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await self._has_news(stream)
        await _write(send, _HELLO + _CHANGE)
        asked_at = self._app.monotonic()
        while True:
            happened = await stream.wait(HEARTBEAT_S)
            if self._app.monotonic() - asked_at >= ASKED_AGAIN_S:
                asked_at = self._app.monotonic()
                if not await self._may_stay(stream.scope):
                    break
            if self._is_closed:
                break
            if not happened:
                await _write(send, _HEARTBEAT)
            elif await self._has_news(stream):
                await _write(send, _CHANGE)
            await asyncio.sleep(PAUSE_S)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _has_news(self, stream: _Stream) -> bool:
        """Whether what happened concerns this page."""
        key = stream.key
        if key is None:
            return True
        try:
            now = await self._app.db.read(lambda tx: _version(tx, key))
        except Unavailable:
            return False
        before, stream.seen = stream.seen, now
        return before != now


def _version(tx: Tx, key: int) -> object:
    """What changes as soon as anything has happened to a message, or to a webhook that is told of it."""
    told = events.ids_of_message(tx, key, limit=CALLS_OF_EVENTS)
    return overview.version(tx, key), log.version_of_events(tx, told)


async def _write(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
