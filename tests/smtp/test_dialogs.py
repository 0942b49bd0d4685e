"""Plays the *.dialog scripts beside this file against a server, on both event loops.

A script is read line by line:

    OPTION name=value   an option of the server (before anything else)
    C: text             the client sends this line, with CRLF
    C> text             exactly this is sent; Python's escapes (\\r\\n, \\0, \\xff) and `* number` to repeat
    S: text             the server's next line; `*` stands for anything
    S+ code             the server's next reply, of any number of lines, has this code
    MAIL from > to, to  a message was taken for these; `DATA text` on the next line tells its content
    TLS                 the client makes the TLS handshake
    HANGUP              the client closes the connection
    CLOSED              the server has closed it and said nothing more

At the end, messages that no MAIL line told of are an error.
"""

import ast
import asyncio
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from pillarbox.smtpd.options import ServerOptions
from pillarbox.smtpd.server import SmtpServer
from tests.doubles.certificate import certificate_file, server_context
from tests.smtp.recorder import Recorder

SCRIPTS = sorted(Path(__file__).parent.glob("*.dialog"))
PATIENCE_S = 10


class Player:
    """One run of one script."""

    def __init__(
        self,
        script: Path,
        service: Any = None,
        *,
        options: Callable[..., ServerOptions] | None = None,
    ) -> None:
        self._name = script.name
        self._lines = [
            (number, line)
            for number, line in enumerate(script.read_text("utf-8").splitlines(), 1)
            if line and not line.startswith("#")
        ]
        self._service = service or Recorder()
        self._make_options = options
        self._told = 0
        self._where = ""
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def play(self) -> None:
        options = self._options()
        server = SmtpServer(options, self._service, sleep=_no_sleep)
        ((host, port),) = await server.start("127.0.0.1", 0)
        self._reader, self._writer = await asyncio.open_connection(host, port)
        try:
            for number, line in self._lines:
                self._where = f"{self._name}:{number}: {line}"
                async with asyncio.timeout(PATIENCE_S):
                    await self._act(line)
        finally:
            self._writer.close()
            await server.stop(PATIENCE_S)
        assert self._told == len(self._service.envelopes), "a message nobody expected was taken"
        assert server.connections == 0
        assert server.free_memory == options.memory_budget

    def _options(self) -> ServerOptions:
        if self._make_options is not None:
            return self._make_options("mail.example", server_context())
        values: dict[str, Any] = {
            "hostname": "mail.example",
            "auth_required": False,
            "tls": server_context(),
        }
        for _, line in self._lines:
            if line.startswith("OPTION "):
                name, _, value = line.removeprefix("OPTION ").partition("=")
                values[name] = ast.literal_eval(value)
        return ServerOptions(**values)

    async def _act(self, line: str) -> None:  # noqa: PLR0912 - one case a word of the scripts
        word, _, rest = line.partition(" ")
        match word:
            case "OPTION":
                pass
            case "C:":
                await self._send(rest.encode() + b"\r\n")
            case "C>":
                await self._send(_octets(rest))
            case "S:":
                self._compare(rest, await self._read_line())
            case "S+":
                await self._expect_reply(rest)
            case "MAIL":
                self._expect_mail(rest)
            case "DATA":
                content = self._service.envelopes[self._told - 1].data
                assert content == _octets(rest), self._where
            case "TLS":
                await self._start_tls()
            case "HANGUP":
                self._writer.close()
            case "CLOSED":
                assert await self._rest() == b"", self._where
            case _:
                pytest.fail(f"what is this? {self._where}")

    async def _send(self, octets: bytes) -> None:
        self._writer.write(octets)
        await self._writer.drain()

    async def _read_line(self) -> str:
        line = await self._reader.readline()
        assert line.endswith(b"\r\n"), f"{self._where}\n  but the server said {line!r}"
        return line[:-2].decode("ascii")

    async def _rest(self) -> bytes:
        # A server that closes with input unread resets the connection; that is closed enough.
        try:
            return await self._reader.read()
        except ConnectionResetError:
            return b""

    def _compare(self, pattern: str, line: str) -> None:
        expression = ".*".join(re.escape(part) for part in pattern.split("*"))
        assert re.fullmatch(expression, line), f"{self._where}\n  but the server said {line!r}"

    async def _expect_reply(self, code: str) -> None:
        while True:
            line = await self._read_line()
            assert line.startswith(code), f"{self._where}\n  but the server said {line!r}"
            if line[3:4] == " ":
                return

    def _expect_mail(self, text: str) -> None:
        assert len(self._service.envelopes) > self._told, f"{self._where}\n  but none was taken"
        envelope = self._service.envelopes[self._told]
        self._told += 1
        sender, _, recipients = text.partition(" > ")
        assert envelope.mail_from == sender.strip("<>"), self._where
        assert envelope.recipients == recipients.split(", "), self._where

    async def _start_tls(self) -> None:
        context = ssl.create_default_context(cafile=str(certificate_file()))
        await self._writer.start_tls(context, server_hostname="localhost")


def _octets(text: str) -> bytes:
    text, _, times = text.rpartition(" * ") if re.search(r" \* \d+$", text) else (text, "", "1")
    octets = text.encode().decode("unicode_escape").encode("latin-1")
    return octets * int(times)


async def _no_sleep(_seconds: float) -> None:
    pass


@pytest.mark.parametrize(
    "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_server_keeps_to_the_dialog(
    script: Path, new_loop: Callable[[], asyncio.AbstractEventLoop]
):
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(Player(script).play())
