"""One HTTP connection: uvicorn's, with limits on the size of a request's head and on the time it takes.

Bodies have limits of their own, which know the endpoint (api/intake.py). The head of an answer leaves in one write
with the beginning of its body: uvicorn hands them over apart, and two packets wake the client twice.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD = 65_536
"""Octets of request line and header fields."""
HEAD_S = 75.0

_ANSWER = (
    b"HTTP/1.1 %b\r\ncontent-type: application/json; charset=utf-8\r\nx-pm-apierrorcode: %d\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b"
)


class _HeadTooLargeError(Exception):
    """The parser is left by it."""


class _Gathering:
    """A transport that holds the head of an answer until its body, or the next turn of the loop, has come."""

    __slots__ = ("_head", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data) if data else (head,))
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 1"):
            self._head = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head:
            self.write(b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(HttpToolsProtocol):
    """What uvicorn makes for each client."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_since: float | None = None
        self._size = 0  # of the fields that are complete
        self._received = 0  # in pieces that began and ended inside of the head
        self._is_new = False

    def is_late(self, now: float) -> bool:
        """Whether the head of a request is awaited for too long, and for no reason of ours."""
        if self._head_since is None or now - self._head_since < HEAD_S:
            return False
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request
        return cycle is None or cycle.response_complete

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, _Gathering(transport, self.loop))
        self._head_since = self.loop.time()

    @override
    def data_received(self, data: bytes) -> None:
        self._is_new = False
        super().data_received(data)
        if self._head_since is not None and not self._is_new:
            self._received += len(data)
            if self._received > MAX_HEAD and not self.transport.is_closing():
                self._refuse_head()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_since = self.loop.time()
        self._size = self._received = 0
        self._is_new = True

    @override
    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._grow(len(url))

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._grow(len(name) + len(value))

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > MAX_HEAD:
            raise _HeadTooLargeError

    @override
    def on_headers_complete(self) -> None:
        self._head_since = None
        super().on_headers_complete()

    @override
    def send_400_response(self, msg: str) -> None:
        if self._size > MAX_HEAD:
            self._refuse_head()
        else:
            self._refuse(b"400 Bad Request", 300, b"Invalid HTTP request.")

    def _refuse_head(self) -> None:
        status = b"431 Request Header Fields Too Large"
        self._refuse(status, 431, b"Request header fields are too large.")

    def _refuse(self, status: bytes, code: int, text: bytes) -> None:
        body = b'{"ErrorCode":%d,"Message":"%b"}' % (code, text)
        self.transport.write(_ANSWER % (status, code, len(body), body))
        self.transport.close()


def close_late(connections: Iterable[object], now: float) -> None:
    """Close those that have not finished the head of a request in time."""
    for connection in list(connections):
        if isinstance(connection, Connection) and connection.is_late(now):
            connection.transport.close()
