import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pillarbox.bench.sink import Sink, SinkChild


@asynccontextmanager
async def session(sink: Sink) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", await sink.listen())
    assert (await reader.readline()).startswith(b"220 ")
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()
        await sink.close()


def message(name: str, *, more: str = "") -> bytes:
    return f"Message-ID: <{name}@x>\r\nX-Bench-Id: {name}\r\n{more}\r\nHello\r\n.\r\n".encode()


TRANSACTION = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"


async def replies(reader: asyncio.StreamReader, count: int) -> list[int]:
    return [int((await reader.readline())[:3]) for _ in range(count)]


async def test_it_offers_pipelining_and_eight_bit_and_no_tls():
    async with session(Sink()) as (reader, writer):
        writer.write(b"EHLO load.example\r\n")
        lines = [await reader.readline() for _ in range(3)]
    assert lines[1:] == [b"250-PIPELINING\r\n", b"250 8BITMIME\r\n"]


async def test_a_pipelined_transaction_is_answered_in_order_and_counted():
    sink = Sink()
    sink.reset("r1")
    async with session(sink) as (reader, writer):
        writer.write(TRANSACTION + message("r1-0") + b"QUIT\r\n")
        assert await replies(reader, 5) == [250, 250, 354, 250, 221]
    counts = sink.tally.counts()
    assert (counts.received, counts.unique, counts.duplicates, counts.strays) == (1, 1, 0, 0)


async def test_a_message_that_arrives_byte_by_byte_is_counted_once():
    sink = Sink()
    sink.reset("r1")
    async with session(sink) as (reader, writer):
        for byte in TRANSACTION + message("r1-0"):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        assert await replies(reader, 4) == [250, 250, 354, 250]
    assert sink.tally.counts().unique == 1


async def test_a_repeated_id_is_a_duplicate_and_an_id_of_another_run_a_stray():
    sink = Sink()
    sink.reset("r2")
    async with session(sink) as (reader, writer):
        for name in ("r2-0", "r2-0", "r2-1", "r1-0", "r22-0"):
            writer.write(TRANSACTION + message(name))
        await replies(reader, 20)
    counts = sink.tally.counts()
    assert (counts.received, counts.unique, counts.duplicates, counts.strays) == (3, 2, 1, 2)


async def test_message_ids_are_taken_from_the_servers_header_when_it_is_there():
    sink = Sink()
    sink.reset("r1")
    async with session(sink) as (reader, writer):
        for number in range(2):
            same = message(f"r1-{number}", more="X-PM-Message-Id: one\r\n")
            writer.write(TRANSACTION + same)
        await replies(reader, 8)
    counts = sink.tally.counts()
    assert (counts.unique, counts.message_ids) == (2, 1)


async def test_every_kth_message_is_kept_as_it_was_before_dot_stuffing():
    sink = Sink()
    sink.reset("r1", sample_every=2)
    async with session(sink) as (reader, writer):
        for number in range(4):
            raw = f"X-Bench-Id: r1-{number}\r\n\r\n..dotted\r\n.\r\n".encode()
            writer.write(TRANSACTION + raw)
        await replies(reader, 16)
    assert sink.tally.samples == [
        f"X-Bench-Id: r1-{number}\r\n\r\n.dotted\r\n".encode() for number in (0, 2)
    ]


async def test_waiting_ends_when_the_last_message_arrives_or_the_time_is_up():
    sink = Sink()
    sink.reset("r1")
    async with session(sink) as (reader, writer):
        waiting = asyncio.ensure_future(sink.wait(2, timeout_s=30.0))
        writer.write(TRANSACTION + message("r1-0"))
        await replies(reader, 4)
        assert not waiting.done()
        writer.write(TRANSACTION + message("r1-1"))
        assert (await waiting).unique == 2
        assert (await sink.wait(3, timeout_s=0.01)).unique == 2


async def test_made_slow_it_greets_and_answers_late():
    sink = Sink()
    loop = asyncio.get_running_loop()
    sink.reset("r1")
    sink.delay_s = 0.1
    begun = loop.time()
    async with session(sink) as (reader, writer):
        assert loop.time() - begun >= 0.1
        writer.write(TRANSACTION)
        assert await replies(reader, 3) == [250, 250, 354]
        assert loop.time() - begun >= 0.2
        sink.delay_s = 0.0
        writer.write(message("r1-0"))
        assert await replies(reader, 1) == [250]
    assert sink.tally.counts().unique == 1


async def test_an_unknown_command_is_refused_and_the_session_goes_on():
    async with session(Sink()) as (reader, writer):
        writer.write(b"BDAT 3\r\nNOOP\r\n")
        assert await replies(reader, 2) == [502, 250]


async def test_the_child_process_counts_and_tells_when_each_message_arrived():
    with SinkChild() as sink:
        sink.reset("r1", sample_every=1)
        reader, writer = await asyncio.open_connection("127.0.0.1", sink.port)
        await reader.readline()
        writer.write(TRANSACTION + message("r1-0"))
        await replies(reader, 4)
        counts = await asyncio.to_thread(sink.wait, 1, timeout_s=10.0)
        arrivals, samples = sink.arrivals(), sink.samples()
        writer.close()
        await writer.wait_closed()
    assert counts.unique == 1
    assert arrivals == {"r1-0": pytest.approx(counts.last_at)}
    assert samples[0].endswith(b"\r\n\r\nHello\r\n")
