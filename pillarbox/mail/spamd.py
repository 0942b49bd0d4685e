"""A client of SpamAssassin's spamd (protocol SPAMC/1.5): what a mail scores.

Source: SpamAssassin's spamd/PROTOCOL; spec inbound 5.1.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pillarbox.mail import headers
from pillarbox.mail.parse import split_head

MAX_SIZE = 512 * 1024  # like spamc: scanning larger mail takes long and finds little
MAX_ANSWER = 256 * 1024

_spam = re.compile(rb"^Spam:\s*(?:True|False|Yes|No)\s*;\s*(-?\d+(?:\.\d+)?)\s*/", re.I | re.M)
_status = re.compile(rb"SPAMD/\d+\.\d+ 0 ")
_tests = re.compile(r"\btests=([A-Za-z0-9_,\s]*?)(?=\s+[a-z]+=|\s*\Z)")


class ScanFailed(Exception):
    """There is no score: nobody there, too late, or an answer that makes no sense."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What the scanner found. `checker` is how it names itself, "" when it does not."""

    score: float
    tests: tuple[str, ...] = ()
    checker: str = ""
    required: float = 5.0

    @property
    def is_spam(self) -> bool:
        """Whether it is spam by the scanner's own default."""
        return self.score >= self.required

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The fields that tell of it, in order."""
        own = (("X-Spam-Checker-Version", self.checker),) if self.checker else ()
        return (
            *own,
            ("X-Spam-Status", "Yes" if self.is_spam else "No"),
            ("X-Spam-Score", f"{self.score:.1f}"),
            ("X-Spam-Tests", ",".join(self.tests)),
        )


async def scan(host: str, port: int, raw: bytes, *, within_s: float) -> Scan:
    """Have a mail scanned. Raises ScanFailed."""
    command = b"HEADERS SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(raw)
    return read_answer(await ask(host, port, command, raw, within_s=within_s))


async def ask(host: str, port: int, *request: bytes, within_s: float) -> bytes:
    """All that a scanner answers, of either kind, before it closes the connection. Raises ScanFailed."""
    try:
        async with asyncio.timeout(within_s):
            return await _exchange(host, port, request)
    except (OSError, TimeoutError) as problem:
        raise ScanFailed(str(problem) or "out of time") from None


async def _exchange(host: str, port: int, request: Sequence[bytes]) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.writelines(request)
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
    """The score, tests and name in an answer to HEADERS. Raises ScanFailed."""
    head, _, body = answer.partition(b"\r\n\r\n")
    score = _spam.search(head)
    if not _status.match(head) or score is None:
        raise ScanFailed(f"unexpected answer: {head[:80]!r}")
    fields, _ = split_head(body)
    found = {name.lower(): headers.decode(raw.partition(b":")[2]).strip() for name, raw in fields}
    tests = _tests.search(found.get("x-spam-status", ""))
    names = re.split(r"[,\s]+", tests.group(1)) if tests else []
    return Scan(
        score=float(score.group(1)),
        tests=tuple(name for name in names if name and name != "none"),
        checker=found.get("x-spam-checker-version", ""),
    )
