"""Asking rspamd what a mail scores; the real one is asked in tests/flows/test_real_scanners.py."""

import asyncio

import pytest

from pillarbox.mail import rspamd
from pillarbox.mail.spamd import Scan, ScanFailed

MAIL = b"Subject: Hi\r\n\r\nx\r\n"
SAID = b'{"score": 7.25, "required_score": 15.0, "action": "add header", "symbols": {"R_SPF_FAIL": {}, "B-D": {}}}'


async def scan(answer: bytes) -> tuple[Scan, bytes]:
    """What an rspamd that answers so leads to, and what it was asked."""
    asked = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked = await reader.readuntil(MAIL)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        return await rspamd.scan("127.0.0.1", port, MAIL, within_s=20), asked


async def test_a_scan_has_score_and_symbols():
    found, asked = await scan(b"HTTP/1.1 200 OK\r\nServer: rspamd/3.4\r\n\r\n" + SAID)
    assert asked == b"POST /checkv2 HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(MAIL) + MAIL
    assert dict(found.headers()) == {
        "X-Spam-Checker-Version": "rspamd",
        "X-Spam-Status": "No",
        "X-Spam-Score": "7.2",
        "X-Spam-Tests": "R_SPF_FAIL",
    }


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 503 Busy\r\n\r\n" + SAID,
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 300_000,
    ],
)
async def test_an_answer_without_sense_is_no_score(answer):
    with pytest.raises(ScanFailed):
        await scan(answer)
