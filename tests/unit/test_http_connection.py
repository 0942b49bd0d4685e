"""The limits of a request's head, over real connections. Source: the design's quality page, section 2."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from typing_extensions import override
from uvicorn.server import ServerState

from pillarbox.http_connection import HEAD_S, MAX_HEAD, Connection, close_late

START = b"GET / HTTP/1.1\r\nHost: h\r\n"


async def answer(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


@dataclass
class Http:
    state: ServerState
    port: int

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def end_late(self, after_s: float) -> None:
        close_late(self.state.connections, asyncio.get_running_loop().time() + after_s)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    config = uvicorn.Config(answer, http=Connection, ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    yield Http(state, server.sockets[0].getsockname()[1])
    server.close()
    while state.connections:
        for connection in list(state.connections):
            connection.transport.close()
        await asyncio.sleep(0)


async def status_of(reader: asyncio.StreamReader) -> int:
    return int((await reader.readline()).split()[1])


async def test_a_large_head_within_the_limit_is_taken(http) -> None:
    reader, writer = await http.connect()
    head = START + b"X-A: b\r\n" * 1000 + b"X-B: " + b"x" * (MAX_HEAD - 10_000) + b"\r\n\r\n"
    for _ in range(3):
        writer.write(head)
        assert await status_of(reader) == 200
        await reader.readuntil(b"ok")
    writer.close()


@pytest.mark.parametrize(
    "piece", [b"X-A: b\r\n" * 1000, b"x" * 10_000, b"X-" + b"y" * 9_000 + b": z\r\n"]
)
async def test_a_head_without_end_costs_no_memory(http, piece) -> None:
    reader, writer = await http.connect()
    writer.write(START + b"X-B: ")
    for _ in range(20):
        writer.write(piece)
    assert await status_of(reader) == 431
    body = (await reader.readuntil(b"}")).partition(b"\r\n\r\n")[2]
    assert json.loads(body) == {"ErrorCode": 431, "Message": "Request header fields are too large."}
    writer.close()


async def test_what_is_no_http_is_answered_as_every_error(http) -> None:
    reader, writer = await http.connect()
    writer.write(b"HELO there\r\n\r\n")
    assert await status_of(reader) == 400
    body = (await reader.read()).partition(b"\r\n\r\n")[2]
    assert json.loads(body) == {"ErrorCode": 300, "Message": "Invalid HTTP request."}
    writer.close()


@pytest.mark.parametrize("sent", [b"", START, START + b"\r\n" + START])
async def test_a_head_that_does_not_come_ends_the_connection(http, sent) -> None:
    reader, writer = await http.connect()
    writer.write(sent)
    if sent.endswith(b"\r\n" + START):
        await reader.readuntil(b"ok")
    while not any(not sent or connection.scope for connection in http.state.connections):
        await asyncio.sleep(0)
    await http.end_late(HEAD_S - 5)
    assert not any(c.transport.is_closing() for c in http.state.connections)
    await http.end_late(HEAD_S + 5)
    assert await reader.read() == b""
    writer.close()


async def test_a_head_that_waits_for_our_answer_is_not_late(http) -> None:
    reader, writer = await http.connect()
    writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n")
    while not any(connection.cycle for connection in http.state.connections):
        await asyncio.sleep(0)
    await http.end_late(10 * HEAD_S)
    writer.write(b"x")
    assert await status_of(reader) == 200
    writer.close()


class Written(asyncio.Transport):
    """Counts writes instead of sending."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.is_closed = False

    @override
    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    @override
    def writelines(self, list_of_data: Any) -> None:
        self.writes.append(b"".join(list_of_data))

    @override
    def is_closing(self) -> bool:
        return self.is_closed

    @override
    def close(self) -> None:
        self.is_closed = True


def a_connection(app: Any) -> tuple[Connection, Written]:
    config = uvicorn.Config(app, http=Connection, ws="none", lifespan="off", log_config=None)
    config.load()
    connection = Connection(config=config, server_state=ServerState(), app_state={})
    written = Written()
    connection.connection_made(written)
    return connection, written


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_head_and_body_of_an_answer_leave_in_one_write() -> None:
    connection, written = a_connection(answer)
    connection.data_received(START + b"\r\n")
    await turns()
    assert [piece[:15] for piece in written.writes] == [b"HTTP/1.1 200 OK"]
    assert written.writes[0].endswith(b"\r\n\r\nok")


async def test_a_head_whose_body_comes_later_does_not_wait_for_it() -> None:
    go_on = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"ok"})

    connection, written = a_connection(slow)
    connection.data_received(START + b"\r\n")
    await turns()
    assert written.writes[0].endswith(b"content-length: 2\r\n\r\n")
    go_on.set()
    await turns()
    assert written.writes[1:] == [b"ok"]


async def test_an_answer_without_body_is_sent_before_the_connection_closes() -> None:
    connection, written = a_connection(answer)
    connection.data_received(START.replace(b"GET", b"HEAD") + b"Connection: close\r\n\r\n")
    await turns()
    assert len(written.writes) == 1
    assert written.is_closed
