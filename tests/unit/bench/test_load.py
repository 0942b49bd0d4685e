import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from pillarbox.bench.load import LoadChild, send
from pillarbox.bench.model import Door, Plan, Size
from pillarbox.bench.sink import Sink, SinkChild

Answer = Callable[[str, dict[str, str], bytes], tuple[int, object]]


@asynccontextmanager
async def an_http_server(answer: Answer) -> AsyncIterator[int]:
    """A server that answers each request by `answer(path, headers, body)`; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.strip().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines)
                body = await reader.readexactly(int(headers["content-length"]))
                status, value = answer(first.split()[1], headers, body)
                text = json.dumps(value, separators=(",", ":")).encode()
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(text)))
                writer.write(text)
        except asyncio.IncompleteReadError:
            pass

    async with serving(serve) as port:
        yield port


@asynccontextmanager
async def serving(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A server on loopback; leaving waits until every session has ended."""
    sessions: set[asyncio.Task[None]] = set()

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        sessions.add(task)
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(session, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*sessions)


@asynccontextmanager
async def a_sink(run: str) -> AsyncIterator[tuple[Sink, int]]:
    sink = Sink()
    sink.reset(run, sample_every=1)
    try:
        yield sink, await sink.listen()
    finally:
        await sink.close()


def plan(door: Door, port: int, **changes: object) -> Plan:
    values: dict[str, object] = {"run": "r1", "messages": 6, "connections": 2, "timeout_s": 20.0}
    return Plan(door=door, port=port, **(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("connections", [1, 10])
async def test_a_smtp_flood_delivers_every_message_once(connections: int):
    async with a_sink("r1") as (sink, port):
        sent = await send(plan(Door.SMTP, port, messages=40, connections=connections, domains=3))
        counts = await sink.wait(40, timeout_s=10.0)
    assert (sent.accepted, sent.failed, sent.failure) == (40, 0, "")
    assert (counts.received, counts.unique, counts.message_ids) == (40, 40, 40)
    assert len(sent.latencies_ms) == 40
    assert sent.finished_at > sent.started_at


@pytest.mark.parametrize(("size", "bytes_about"), [(Size.SMALL, 3_100), (Size.LARGE, 50_000)])
async def test_messages_have_the_size_they_are_named_for(size: Size, bytes_about: int):
    async with a_sink("r1") as (sink, port):
        await send(plan(Door.SMTP, port, messages=1, connections=1, size=size))
    assert len(sink.tally.samples[0]) == pytest.approx(bytes_about, rel=0.05)


async def test_a_refused_recipient_counts_as_failed_with_the_reply_that_said_so():
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        while line := await reader.readline():
            refusal = b"550 5.1.1 nobody\r\n" if line.startswith(b"RCPT") else b"250 ok\r\n"
            writer.write(b"554 5.5.1 no recipients\r\n" if line[:4] == b"DATA" else refusal)

    async with serving(serve) as port:
        sent = await send(plan(Door.SMTP, port))
    assert (sent.accepted, sent.failed, sent.failure) == (0, 6, "550 5.1.1 nobody")


async def test_with_a_token_it_logs_in_by_auth_plain_before_the_first_message():
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        while line := await reader.readline():
            seen.append(line.strip())
            writer.write(b"535 5.7.8 no\r\n" if line.startswith(b"AUTH") else b"250 ok\r\n")

    async with serving(serve) as port:
        sent = await send(plan(Door.SMTP, port, connections=1, token="secret"))
    assert base64.b64decode(seen[1].removeprefix(b"AUTH PLAIN ")) == b"\0secret\0secret"
    assert (sent.failed, sent.failure) == (6, "535 5.7.8 no")


async def test_a_server_that_hangs_up_leaves_the_open_messages_failed():
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        await reader.readline()
        writer.write(b"250 ok\r\n")
        await reader.readline()

    async with serving(serve) as port:
        sent = await send(plan(Door.SMTP, port))
    assert (sent.accepted, sent.failed) == (0, 6)
    assert "connection lost" in sent.failure


async def test_a_port_nobody_listens_on_is_told_and_not_raised():
    async with serving(lambda reader, writer: asyncio.sleep(0)) as port:
        pass
    sent = await send(plan(Door.SMTP, port))
    assert (sent.accepted, sent.failed) == (0, 6)
    assert "ConnectionRefusedError" in sent.failure


async def test_a_silent_server_costs_no_more_than_the_plans_time():
    stop = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stop.wait()

    async with serving(serve) as port:
        sent = await send(plan(Door.SMTP, port, timeout_s=0.05))
        stop.set()
    assert (sent.accepted, sent.failed) == (0, 6)
    assert "TimeoutError" in sent.failure


async def test_single_http_sends_one_message_per_request_with_the_server_token():
    seen: list[tuple[str, dict[str, str], dict[str, object]]] = []

    def answer(path: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        seen.append((path, headers, json.loads(body)))
        return 200, {"ErrorCode": 0, "Message": "OK"}

    async with an_http_server(answer) as port:
        sent = await send(plan(Door.HTTP, port, token="secret", domains=3))
    assert (sent.accepted, sent.failed) == (6, 0)
    assert {path for path, _, _ in seen} == {"/email"}
    assert {headers["x-postmark-server-token"] for _, headers, _ in seen} == {"secret"}
    bodies = [body for _, _, body in seen]
    assert sorted(str(body["To"]) for body in bodies) == [
        f"user{n}@d{n % 3}.bench.example" for n in range(6)
    ]
    assert all(body["TextBody"] and body["HtmlBody"] for body in bodies)
    ids = {item["Value"] for body in bodies for item in body["Headers"]}  # type: ignore[attr-defined]
    assert ids == {f"r1-{n}" for n in range(6)}


async def test_batches_hold_as_many_messages_as_asked_and_the_last_one_the_rest():
    sizes: list[int] = []

    def answer(path: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        items = json.loads(body)
        sizes.append(len(items))
        refused: dict[str, object] = {"ErrorCode": 406, "Message": "inactive"}
        return 200, [{"ErrorCode": 0}] * (len(items) - 1) + [refused]

    async with an_http_server(answer) as port:
        sent = await send(plan(Door.BATCH, port, messages=11, connections=1, batch=4))
    assert sizes == [4, 4, 3]
    assert (sent.accepted, sent.failed) == (8, 3)
    assert "406" in sent.failure


async def test_an_http_error_counts_as_failed_whatever_its_body_says():
    async with an_http_server(lambda *_: (503, {"ErrorCode": 0})) as port:
        sent = await send(plan(Door.HTTP, port))
    assert (sent.accepted, sent.failed) == (0, 6)
    assert "503" in sent.failure


async def test_at_a_rate_messages_start_at_their_time_and_are_remembered_in_order():
    async with a_sink("r1") as (sink, port):
        begun = time.monotonic()
        sent = await send(plan(Door.SMTP, port, messages=10, rate=100.0))
        spent = time.monotonic() - begun
    assert sent.accepted == 10
    assert spent >= 0.09
    gaps = [b - a for a, b in zip(sent.begun_at, sent.begun_at[1:], strict=False)]
    assert all(gap > 0 for gap in gaps)
    delays = [sink.tally.arrived[b"r1-%d" % n] - at for n, at in enumerate(sent.begun_at)]
    assert all(delay > 0 for delay in delays)


async def test_at_a_rate_a_message_that_waits_for_a_connection_is_due_all_the_while():
    release = asyncio.Event()

    def answer(path: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        return 200, {"ErrorCode": 0}

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]))
            await release.wait()
            writer.write(b'HTTP/1.1 200 X\r\nContent-Length: 15\r\n\r\n{"ErrorCode":0}')

    async with serving(slow) as port:
        sending = asyncio.ensure_future(
            send(plan(Door.HTTP, port, messages=2, connections=1, rate=1000.0))
        )
        asyncio.get_running_loop().call_later(0.1, release.set)
        sent = await sending
    assert sent.accepted == 2
    assert sent.begun_at[1] - sent.begun_at[0] < 0.05


def test_the_child_process_carries_out_a_plan():
    with SinkChild() as sink, LoadChild() as load:
        sink.reset("r1")
        sent = load.send(plan(Door.SMTP, sink.port, messages=30))
        counts = sink.wait(30, timeout_s=10.0)
    assert sent.accepted == 30
    assert counts.unique == 30
    assert sent.started_at < counts.first_at <= counts.last_at
