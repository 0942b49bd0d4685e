"""A spamd on loopback that speaks SPAMC/1.5 and answers as told."""

import asyncio
from typing import Self

VERSION = "SpamAssassin 4.0.1 (2024-03-26) on mx1.in.platform.example"


class Spamd:
    """`async with Spamd(score=5.1) as spamd: spamd.url`; `sources` are the mails it was given."""

    def __init__(self, *, score: float = -0.1, tests: str = "DKIM_SIGNED,SPF_PASS") -> None:
        self.score = score
        self.tests = tests
        self.answer: bytes | None = None
        self.sources: list[bytes] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"spamd://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HEADERS SPAMC/1.5\r\n")
        size = int(head.split(b"Content-length: ")[1].split(b"\r\n")[0])
        self.sources.append(await reader.readexactly(size))
        writer.write(self._reply() if self.answer is None else self.answer)
        await writer.drain()
        writer.close()

    def _reply(self) -> bytes:
        word = "True" if self.score >= 5 else "False"
        yes = "Yes" if self.score >= 5 else "No"
        fields = (
            f"Received: from x by y\r\nX-Spam-Checker-Version: {VERSION[:40]}\r\n\t{VERSION[41:]}\r\n"
            f"X-Spam-Status: {yes}, score={self.score} required=5.0\r\n\ttests={self.tests}\r\n"
            "\tautolearn=ham autolearn_force=no version=4.0.1\r\n\r\n"
        )
        return (
            f"SPAMD/1.1 0 EX_OK\r\nContent-length: {len(fields)}\r\n"
            f"Spam: {word} ; {self.score} / 5.0\r\n\r\n{fields}"
        ).encode()
