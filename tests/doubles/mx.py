"""A mail host on a real socket that answers what the test says, and remembers what it was told."""

import asyncio
import base64
import hmac
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Self, cast

from typing_extensions import override

from tests.doubles.certificate import server_context

PIECE = 64 * 1024


class Act(Enum):
    """What the host can do instead of answering."""

    DROP = "drop"
    STALL = "stall"


DROP, STALL = Act

# A reply as it goes out, without the last CRLF (inner lines need theirs); a sequence is used up in
# turn and its last element stays; a function is given the argument of the command.
Answer = str | Act
Script = Answer | Sequence[Answer] | Callable[[str], Answer]

CAPABILITIES = ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")


@dataclass(slots=True)
class Received:
    """One message as it came in: dots unstuffed, else untouched."""

    mail_from: str
    rcpts: list[str]
    data: bytes
    parameters: str
    is_tls: bool


class _Wire(asyncio.Protocol):
    """The octets of one connection; TLS may be put under it at any time."""

    def __init__(self, serve: Callable[["_Wire"], None], reads: list[bytes]) -> None:
        self.reader = asyncio.StreamReader(limit=1 << 20)
        self.pause_s = 0.0
        self._serve = serve
        self._reads = reads

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._serve(self)

    @override
    def data_received(self, data: bytes) -> None:
        self._reads.append(data)
        self.reader.feed_data(data)
        if self.pause_s:
            self.transport.pause_reading()
            rest_s = self.pause_s * max(1.0, len(data) / PIECE)
            asyncio.get_running_loop().call_later(rest_s, self._go_on)

    @override
    def eof_received(self) -> None:
        self.reader.feed_eof()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.reader.feed_eof()

    def write(self, answer: str) -> None:
        self.transport.write(answer.encode("utf-8", "surrogateescape") + b"\r\n")

    async def line(self) -> str:
        line = await self.reader.readuntil(b"\r\n")
        return line[:-2].decode("utf-8", "surrogateescape")

    def _go_on(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        transport = await loop.start_tls(self.transport, self, context, server_side=True)
        if transport is None:
            raise ConnectionAbortedError
        self.transport = transport


@dataclass(slots=True)
class _Session:
    wire: _Wire
    number: int
    is_tls: bool = False
    mail_from: str = ""
    parameters: str = ""
    rcpts: list[str] = field(default_factory=list)

    def reset(self) -> None:
        self.mail_from, self.parameters, self.rcpts = "", "", []


@dataclass
class ScriptedMx:
    """A mail host while the block runs: `async with ScriptedMx(rcpt="550 5.1.1 no") as mx: mx.port`.

    `messages`, `commands` (each with the number of its connection), `reads` (octets as they came in)
    and `connections` tell what happened. Every script may be replaced at any time. ehlo: a full
    reply, or None for `host_name` and `capabilities`. starttls offers STARTTLS; its script is the
    reply. auth: user and password that are accepted; offers `auth_mechanisms`. challenge: what AUTH
    is answered instead. implicit_tls: from the first octet. tls: another server context than the
    self-made certificate of `localhost`. pause_s: a slow line; the host rests so long after each
    piece of a message, 64 KB or less.
    """

    greet: Script = "220 mx.test ESMTP"
    ehlo: Script | None = None
    helo: Script = "250 mx.test"
    mail: Script = "250 2.1.0 Ok"
    rcpt: Script = "250 2.1.5 Ok"
    data: Script = "354 Go ahead"
    final: Script = "250 2.0.0 Ok: queued"
    rset: Script = "250 2.0.0 Ok"
    quit: Script = "221 2.0.0 Bye"
    starttls: Script | None = None
    auth: tuple[str, str] | None = None
    auth_mechanisms: str = "PLAIN LOGIN CRAM-MD5"
    challenge: Script | None = None
    capabilities: Sequence[str] = CAPABILITIES
    host_name: str = "mx.test"
    implicit_tls: bool = False
    tls: ssl.SSLContext | None = None
    pause_s: float = 0
    port: int = 0
    connections: int = 0
    messages: list[Received] = field(default_factory=list)
    arrived: asyncio.Event = field(
        default_factory=asyncio.Event
    )  # set by each message; yours to clear
    commands: list[tuple[int, str]] = field(default_factory=list)
    reads: list[bytes] = field(default_factory=list)
    _used: dict[str, int] = field(default_factory=dict)
    _open: set[asyncio.Task[None]] = field(default_factory=set)
    _wires: list[_Wire] = field(default_factory=list)

    @property
    def verbs(self) -> list[str]:
        """The commands received so far, first words only."""
        return [line.split(" ")[0].upper() for _, line in self.commands]

    @property
    def lines(self) -> list[str]:
        """The commands received so far, whole."""
        return [line for _, line in self.commands]

    def say(self, answer: str) -> None:
        """Send something on every connection that nobody asked for."""
        for wire in self._wires:
            if not wire.transport.is_closing():
                wire.write(answer)

    async def __aenter__(self) -> Self:
        context = (self.tls or server_context()) if self.implicit_tls else None
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Wire(self._accept, self.reads),
            "127.0.0.1",
            self.port,
            ssl=context,
            backlog=1024,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    def _accept(self, wire: _Wire) -> None:
        self.connections += 1
        self._wires.append(wire)
        session = _Session(wire, self.connections, is_tls=self.implicit_tls)
        task = asyncio.get_running_loop().create_task(self._serve(session))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, session: _Session) -> None:
        try:
            await self._answer(session, "greet", self.greet, "")
            while await self._command(session):
                pass
            session.wire.transport.close()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            session.wire.transport.close()
        except BaseException:
            session.wire.transport.abort()
            raise

    async def _command(self, session: _Session) -> bool:
        line = await session.wire.line()
        self.commands.append((session.number, line))
        verb, _, argument = line.partition(" ")
        step = _STEPS.get(verb.upper())
        if step is None:
            session.wire.write("502 5.5.1 unknown command")
            return True
        return await step(self, session, argument)

    async def _answer(self, session: _Session, name: str, script: Script, argument: str) -> str:
        """Send what the script says; the reply sent."""
        answer = self._next(name, script, argument)
        if answer is Act.DROP:
            session.wire.transport.abort()
            raise ConnectionAbortedError
        if answer is Act.STALL:
            await session.wire.reader.read()  # until the client gives up
            raise ConnectionAbortedError
        assert isinstance(answer, str)
        session.wire.write(answer)
        if answer.startswith("421"):
            raise ConnectionAbortedError
        return answer

    def _next(self, name: str, script: Script, argument: str) -> Answer:
        if callable(script):
            return script(argument)
        if isinstance(script, (str, Act)):
            return script
        turn = self._used.get(name, 0)
        self._used[name] = turn + 1
        return script[min(turn, len(script) - 1)]

    async def _ehlo(self, session: _Session, argument: str) -> bool:
        session.reset()
        script = self.ehlo
        if script is None:
            offers = [self.host_name, *self.capabilities]
            offers += ["STARTTLS"] if self.starttls is not None and not session.is_tls else []
            offers += [f"AUTH {self.auth_mechanisms}"] if self.auth else []
            script = "".join(f"250-{offer}\r\n" for offer in offers[:-1]) + f"250 {offers[-1]}"
        await self._answer(session, "ehlo", script, argument)
        return True

    async def _helo(self, session: _Session, argument: str) -> bool:
        session.reset()
        await self._answer(session, "helo", self.helo, argument)
        return True

    async def _mail(self, session: _Session, argument: str) -> bool:
        address, _, parameters = argument.removeprefix("FROM:").partition(" ")
        answer = await self._answer(session, "mail", self.mail, argument)
        if answer.startswith("2"):
            session.mail_from, session.parameters = address, parameters
        return True

    async def _rcpt(self, session: _Session, argument: str) -> bool:
        if not session.mail_from:
            session.wire.write("503 5.5.1 MAIL first")
            return True
        answer = await self._answer(session, "rcpt", self.rcpt, argument)
        if answer.startswith("2"):
            session.rcpts.append(argument.removeprefix("TO:"))
        return True

    async def _data(self, session: _Session, argument: str) -> bool:
        session.wire.pause_s = self.pause_s
        # A scripted reply other than the usual one is given even without recipients.
        if not session.rcpts and self.data == ScriptedMx.data:
            session.wire.write("503 5.5.1 RCPT first")
            return True
        if not (await self._answer(session, "data", self.data, argument)).startswith("3"):
            return True
        content = await self._content(session.wire)
        received = Received(
            session.mail_from, session.rcpts, content, session.parameters, session.is_tls
        )
        session.reset()
        if not received.rcpts:
            session.wire.write("554 5.5.1 no valid recipients")
        elif (await self._answer(session, "final", self.final, argument)).startswith("2"):
            self.messages.append(received)
            self.arrived.set()
        return True

    async def _content(self, wire: _Wire) -> bytes:
        lines: list[bytes] = []
        while (line := await wire.reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        wire.pause_s = 0
        return b"".join(lines)

    async def _rset(self, session: _Session, argument: str) -> bool:
        session.reset()
        await self._answer(session, "rset", self.rset, argument)
        return True

    async def _quit(self, session: _Session, argument: str) -> bool:
        await self._answer(session, "quit", self.quit, argument)
        return False

    async def _starttls(self, session: _Session, argument: str) -> bool:
        if self.starttls is None:
            session.wire.write("502 5.5.1 not offered")
            return True
        answer = await self._answer(session, "starttls", self.starttls, argument)
        if answer.startswith("220"):
            await session.wire.start_tls(self.tls or server_context())
            session.is_tls = True
            session.reset()
        return True

    async def _auth(self, session: _Session, argument: str) -> bool:
        if self.challenge is not None:
            await self._answer(session, "challenge", self.challenge, argument)
            return True
        mechanism, _, initial = argument.partition(" ")
        assert self.auth is not None
        user, password = self.auth
        if mechanism == "PLAIN":
            given = _decoded(initial or await _challenge(session, ""))
            is_right = given == f"\0{user}\0{password}"
        elif mechanism == "LOGIN":
            names = [
                _decoded(await _challenge(session, text)) for text in ("Username:", "Password:")
            ]
            is_right = names == [user, password]
        else:
            digest = _decoded(await _challenge(session, "<1896.697170952@mx.test>"))
            is_right = digest == f"{user} {_cram_md5(password)}"
        session.wire.write("235 2.7.0 welcome" if is_right else "535 5.7.8 wrong")
        return True

    async def _noop(self, session: _Session, argument: str) -> bool:
        del argument
        session.wire.write("250 2.0.0 Ok")
        return True


_STEPS = {
    "EHLO": ScriptedMx._ehlo,
    "HELO": ScriptedMx._helo,
    "MAIL": ScriptedMx._mail,
    "RCPT": ScriptedMx._rcpt,
    "DATA": ScriptedMx._data,
    "RSET": ScriptedMx._rset,
    "QUIT": ScriptedMx._quit,
    "STARTTLS": ScriptedMx._starttls,
    "AUTH": ScriptedMx._auth,
    "NOOP": ScriptedMx._noop,
}


async def _challenge(session: _Session, text: str) -> str:
    session.wire.write("334 " + base64.b64encode(text.encode()).decode())
    return await session.wire.line()


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()


def _cram_md5(password: str) -> str:
    return hmac.new(password.encode(), b"<1896.697170952@mx.test>", "md5").hexdigest()


def scripted(
    scripts: Mapping[str, Script], *, capabilities: Sequence[str] = CAPABILITIES
) -> ScriptedMx:
    """A host with scripts given by the names of its attributes."""
    mx = ScriptedMx(capabilities=capabilities)
    for name, script in scripts.items():
        assert hasattr(mx, name)
        setattr(mx, name, script)
    return mx
