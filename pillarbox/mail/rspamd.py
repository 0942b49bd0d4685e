"""A client of rspamd's own protocol: a mail by HTTP, its score as JSON.

Source: rspamd's protocol description (`POST /checkv2`). It knows SpamAssassin's protocol as well, but not the
command that tells of a mail's tests in headers.
"""

from typing import Any

import msgspec

from pillarbox.mail.spamd import Scan, ScanFailed, ask

_MOST_TESTS = 200


class _Answer(msgspec.Struct):
    score: float
    required_score: float
    symbols: dict[str, Any] = {}


async def scan(host: str, port: int, raw: bytes, *, within_s: float) -> Scan:
    """Have a mail scanned. Raises ScanFailed."""
    head = b"POST /checkv2 HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(raw)
    return read_answer(await ask(host, port, head, raw, within_s=within_s))


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
