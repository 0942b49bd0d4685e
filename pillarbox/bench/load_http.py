"""The load generator's HTTP side: POST /email and POST /email/batch over keep-alive connections.

Knows just enough HTTP/1.1 to talk to one server: a request goes out in one write, an answer needs Content-Length.
"""

import asyncio
import re
import time
from typing import cast

from typing_extensions import override

from pillarbox.bench.load_work import Work
from pillarbox.bench.messages import json_message
from pillarbox.bench.model import Door

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_GOOD = re.compile(rb'"ErrorCode": ?0[,}]')


class HttpConnection(asyncio.Protocol):
    """One keep-alive connection with one request at a time."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._buffer = bytearray()
        self._begun_at = 0.0
        self._asked = 0
        self._closed = False
        self._transport: asyncio.WriteTransport | None = None
        path = "/email/batch" if work.plan.door is Door.BATCH else "/email"
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{work.plan.port}\r\n"
            "Accept: application/json\r\nContent-Type: application/json\r\n"
            f"X-Postmark-Server-Token: {work.plan.token}\r\nContent-Length: "
        ).encode()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is not a subclass
        self._work.ready(self)

    def send(self, first: int, count: int) -> None:
        """Write the request for messages first … first+count-1."""
        plan = self._work.plan
        messages = [
            json_message(plan.run, number, plan.domains, plan.size)
            for number in range(first, first + count)
        ]
        body = b"[" + b",".join(messages) + b"]" if plan.door is Door.BATCH else messages[0]
        assert self._transport is not None
        self._asked = count
        self._begun_at = time.monotonic()
        self._transport.write(self._head + b"%d\r\n\r\n" % len(body) + body)

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        length = _LENGTH.search(self._buffer, 0, head_end)
        if length is None:
            self._give_up("answer without Content-Length")
            return
        body_at = head_end + 4
        if len(self._buffer) < body_at + int(length[1]):
            return
        answer = bytes(self._buffer)
        self._buffer.clear()
        self._settle(answer, answer[body_at:])

    def _settle(self, answer: bytes, body: bytes) -> None:
        asked, self._asked = self._asked, 0
        good = len(_GOOD.findall(body)) if answer[9:12] == b"200" else 0
        failure = "" if good == asked else f"{answer[:12].decode()}: {body[:200].decode()}"
        self._work.done(self._begun_at, accepted=good, failed=asked - good, failure=failure)
        self._work.ready(self)

    def _give_up(self, failure: str) -> None:
        """Count what is open as failed and disconnect."""
        if not self._closed:
            self._closed = True
            self._work.lost(self, failure, unanswered=self._asked)
        self.close()

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self._give_up(f"connection lost: {error}")

    def close(self) -> None:
        """Disconnect; no further answer is counted."""
        self._closed = True
        if self._transport is not None:
            self._transport.close()
