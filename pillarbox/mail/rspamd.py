"""A client of rspamd's own protocol: a mail by HTTP, its score as JSON.

Source: rspamd's protocol description (`POST /checkv2`). It knows SpamAssassin's protocol as well, but not the
command that tells of a mail's tests in headers.
"""

import asyncio
from typing import Any

import msgspec

from pillarbox.mail.spamd import MAX_ANSWER, Scan, ScanFailed

_MOST_TESTS = 200


class _Answer(msgspec.Struct):
    score: float
    required_score: float
    symbols: dict[str, Any] = {}


async def scan(host: str, port: int, raw: bytes, *, within_s: float) -> Scan:
    """Have a mail scanned. Raises ScanFailed."""
    try:
        async with asyncio.timeout(within_s):
            answer = await _exchange(host, port, raw)
    except (OSError, TimeoutError) as problem:
        raise ScanFailed(str(problem) or "out of time") from None
    return read_answer(answer)


async def _exchange(host: str, port: int, raw: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(b"POST /checkv2 HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(raw))
        writer.write(raw)
        await writer.drain()
        answer = b""
        while chunk := await reader.read(65536):
            answer += chunk
            if len(answer) > MAX_ANSWER:
                raise ScanFailed("the answer is too long")
        return answer
    finally:
        writer.close()


def read_answer(answer: bytes) -> Scan:
    """The score and the symbols in an answer. Raises ScanFailed."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1:2] != [b"200"]:
        raise ScanFailed(f"unexpected answer: {head[:80]!r}")
    try:
        found = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ScanFailed(f"unexpected answer: {body[:80]!r}") from None
    names = sorted(name for name in found.symbols if name.replace("_", "").isalnum())
    return Scan(
        score=found.score,
        required=found.required_score,
        tests=tuple(name for name in names if name.isascii())[:_MOST_TESTS],
        checker="rspamd",
    )
