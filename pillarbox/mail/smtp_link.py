"""One TCP connection to an SMTP server: octets out, replies in, with deadlines.

Knows lines, time and loss, but no command; what is said over it is mail/smtp_client.py.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from typing import cast

from typing_extensions import override

from pillarbox.mail.smtp_model import Dropped, TimedOut, Transcript
from pillarbox.mail.smtp_reply import ProtocolError, Reply, ReplyReader

_MOST_WAITS = 4


class Link(asyncio.Protocol):
    """The client's end of a connection.

    `owed` replies (the greeting at first, later those of commands sent ahead) are not waited for
    yet; any other reply that nobody waits for makes the link unusable, since from then on replies
    and commands may not match.
    `after_dot` is set by the owner once a whole message is written; `is_garbled` after octets that
    are no reply.
    """

    __slots__ = (
        "_deadline",
        "_is_congested",
        "_is_late",
        "_latest",
        "_loop",
        "_reader",
        "_replies",
        "_timeout_s",
        "_timer",
        "_transport",
        "_unsent",
        "_waiter",
        "_wanted",
        "after_dot",
        "is_broken",
        "is_garbled",
        "lost",
        "owed",
        "transcript",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, transcript: Transcript) -> None:
        self.transcript = transcript
        self.owed = 1
        self.after_dot = False
        self.is_broken = False
        self.is_garbled = False
        self.lost: str | None = None
        self._loop = loop
        self._reader = ReplyReader()
        self._replies: list[Reply] = []
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = self._latest = self._timeout_s = 0.0
        self._unsent = 0
        self._is_late = False
        self._is_congested = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @override
    def data_received(self, data: bytes) -> None:
        try:
            replies = self._reader.feed(data)
        except ProtocolError as error:
            self.is_garbled = True
            self._end(str(error))
            self._transport.abort()
            return
        for reply in replies:
            self.transcript.note("S", reply)
            self._replies.append(reply)
            if reply.code == 421:  # it is closing, whatever else we have asked
                self.is_broken = True
        if self._waiter is None:
            self._check_unasked(replies)
        elif len(self._replies) >= self._wanted or self.is_broken:
            self._wake()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"connection lost: {exc.args[-1]}" if exc and exc.args else "connection lost")

    @override
    def pause_writing(self) -> None:
        self._is_congested = True

    @override
    def resume_writing(self) -> None:
        self._is_congested = False

    @property
    def is_clear(self) -> bool:
        """Whether nothing the server said is still unread."""
        return not self._replies and self._reader.is_empty

    def write(self, data: bytes) -> None:
        """Hand octets to the transport; on a lost connection nothing happens until the next take."""
        if self.lost is None:
            self._transport.write(data)

    async def ask(
        self, command: str, phase: str, timeout_s: float, *, shown: str | None = None
    ) -> Reply:
        """Send one command and wait for its reply. shown: what the transcript gets instead."""
        self.transcript.note("C", shown or command)
        self.write(command.encode() + b"\r\n")
        return (await self.take((phase,), timeout_s))[0]

    async def take(self, phases: Sequence[str], timeout_s: float) -> list[Reply]:
        """The replies to as many commands as there are phases.

        Fewer when the connection ends, provided that the last of them is a refusal and so explains
        why. The wait is prolonged, up to four times, as long as output still drains.

        Raises TimedOut, Dropped: with the phase whose reply is missing.
        """
        if len(self._replies) < len(phases) and not self.is_broken:
            await self._wait(len(phases), timeout_s)
        replies = self._replies[: len(phases)]
        del self._replies[: len(phases)]
        if self._replies:
            self.is_broken = True
        if len(replies) == len(phases) or (replies and replies[-1].code >= 400):
            return replies
        phase = phases[len(replies)]
        after_dot = self.after_dot and not self._is_congested
        if self._is_late:
            raise TimedOut(phase, after_final_dot=after_dot)
        raise Dropped(self.lost or "connection unusable", phase, after_dot)

    async def start_tls(
        self, context: ssl.SSLContext, *, server_name: str, timeout_s: float
    ) -> None:
        """Encrypt from here on; replies read before are forgotten.

        Raises OSError (also as ssl.SSLError), ValueError: no TLS; the link is unusable.
        """
        self._reader = ReplyReader()
        transport = await self._loop.start_tls(
            self._transport,
            self,
            context,
            server_hostname=server_name,
            ssl_handshake_timeout=timeout_s,
        )
        if transport is None:
            raise ConnectionResetError("connection lost")
        self._transport = transport

    def cipher(self) -> tuple[str, str] | None:
        """(TLS version, cipher) of the connection, None in the clear."""
        found = self._transport.get_extra_info("ssl_object")
        return (found.version(), found.cipher()[0]) if found is not None else None

    def close(self, farewell: bytes = b"") -> None:
        """End the connection after what is still to be written."""
        self.is_broken = True
        if self.lost is None:
            if farewell:
                self._transport.write(farewell)
            self._transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        self.is_broken = True
        if self.lost is None:
            self._transport.abort()

    async def _wait(self, count: int, timeout_s: float) -> None:
        now = self._loop.time()
        self._wanted = count
        self._timeout_s = timeout_s
        self._deadline = now + timeout_s
        self._latest = now + timeout_s * _MOST_WAITS
        self._unsent = self._transport.get_write_buffer_size()
        # One timer serves many waits: it is only set anew when it would come too late.
        if self._timer is None or self._timer.when() > self._deadline:
            self._arm()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._watch)

    def _watch(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        unsent = self._transport.get_write_buffer_size()
        now = self._loop.time()
        if unsent < self._unsent:
            self._unsent = unsent
            self._deadline = min(now + self._timeout_s, self._latest)
        if now < self._deadline:
            self._arm()
            return
        self._is_late = True
        self._wake()
        self.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _check_unasked(self, replies: list[Reply]) -> None:
        if len(self._replies) > self.owed or not all(reply.is_positive for reply in replies):
            self.is_broken = True

    def _end(self, why: str) -> None:
        self.is_broken = True
        if self.lost is None:
            self.lost = why
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake()
