"""One connection: octets in and out, flow control, TLS, time. The dialogue itself is the session's.

The way of the input: data_received -> _buffer -> _advance, which takes it apart, gives it to the session and
collects the replies in _out -> _settle, which writes them at once. Where the session has to wait for the service,
a task holds the connection (_task) and goes on with _advance when it is done; input that comes meanwhile waits
in _buffer.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable
from typing import cast

from typing_extensions import override

from pillarbox.smtpd import reply as replies
from pillarbox.smtpd.registry import Registry
from pillarbox.smtpd.service import Client
from pillarbox.smtpd.session import MIN_LINE_LIMIT, After, Answer, Session
from pillarbox.smtpd.shared import Shared

_log = logging.getLogger(__name__)

# Octets of input that may wait before the client is made to wait.
_MAX_WAITING = 65_536
# Commands answered before other connections get their turn.
_TURN = 200
# Time for the last reply to be taken (and TLS to be shut down) after we close.
_LINGER_S = 20


class Connection(asyncio.Protocol):
    """The protocol object of one client."""

    def __init__(self, shared: Shared, registry: Registry) -> None:
        self._shared = shared
        self._registry = registry
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._position = 0  # what of _buffer is taken
        self._out: list[bytes] = []
        self._task: asyncio.Task[None] | None = None
        self._is_skipping = False  # in the rest of an overlong line
        self._is_write_blocked = False
        self._is_reading_paused = False
        self._is_ended = False  # the client sends nothing any more
        self._is_leaving = False  # the server shuts down
        self._is_lost = False
        self._is_admitted = False
        self._active_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport
        self._session: Session

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, or turn away when there are too many."""
        # uvloop's transports do what asyncio.Transport says, but do not inherit from it.
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        peer = transport.get_extra_info("peername") or ("", 0)
        self._session = Session(self._shared, Client(ip=peer[0], port=peer[1], tls=_tls(transport)))
        refusal = self._registry.admit(self, peer[0])
        if refusal is not None:
            self._out.append(refusal)
            self._close()
            return
        self._is_admitted = True
        transport.write(self._shared.greeting)
        self._timer = self._loop.call_later(self._shared.options.idle_timeout_s, self._on_timer)

    @override
    def data_received(self, data: bytes) -> None:
        """Take input; work on it unless the service is still busy with what came before."""
        self._buffer = self._buffer + data if self._buffer else data
        if self._task is None:
            self._advance()
        else:
            self._control_reading()

    @override
    def eof_received(self) -> bool:
        """Keep a half-closed connection until what is in hand is answered."""
        self._is_ended = True
        # Under TLS there are no half-closed connections.
        return self._task is not None and self._session.client.tls is None

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what is half sent. A message that came in whole is still delivered."""
        self._is_lost = True
        self._buffer = b""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is None:
            self._release()

    def _release(self) -> None:
        self._session.abandon()
        if self._is_admitted:
            self._is_admitted = False
            self._registry.remove(self, self._session.client.ip)

    @override
    def pause_writing(self) -> None:
        """The client does not take its replies: give it no more of them."""
        self._is_write_blocked = True

    @override
    def resume_writing(self) -> None:
        """Go on with the input that waits."""
        self._is_write_blocked = False
        if self._task is None:
            self._advance()

    def leave(self) -> None:
        """Finish the transaction in hand, then say 421 and close."""
        self._is_leaving = True
        if self._task is None:
            self._advance()

    def cut(self) -> None:
        """Close now; work in hand is cancelled."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()

    def _advance(self) -> None:
        """Work on the input as far as it goes: until it is used up, something must be waited for, or the end."""
        if self._is_lost or self._transport.is_closing():
            return
        for _ in range(_TURN):
            if self._position >= len(self._buffer) or self._is_held():
                break
            answer = self._read_line() if self._session.reader is None else self._read_content()
            if answer is None:
                break
            self._active_at = self._loop.time()
            if isinstance(answer, bytes):
                self._out.append(answer)
            else:
                self._begin(answer)
        else:
            self._loop.call_soon(self._resume)
        self._settle()

    def _is_held(self) -> bool:
        return (
            self._task is not None
            or self._is_write_blocked
            or self._session.after is not None
            or (self._is_leaving and not self._session.is_receiving)
        )

    def _resume(self) -> None:
        if self._task is None:
            self._advance()

    def _read_line(self) -> Answer | None:
        buffer, start = self._buffer, self._position
        end = buffer.find(b"\n", start) + 1
        stop = end or len(buffer)
        if self._is_skipping or self._is_too_long(start, stop):
            # The rest of an overlong line is dropped as it comes, and answered once at its end.
            self._is_skipping = not end
            self._position = stop
            return self._session.refuse_long_line() if end else None
        if not end:
            return None
        self._position = end
        return self._session.command(buffer[start:end])

    def _is_too_long(self, start: int, stop: int) -> bool:
        length = stop - start
        return length > MIN_LINE_LIMIT and length > self._session.line_limit(
            self._buffer[start : start + 4]
        )

    def _read_content(self) -> Answer | None:
        reader = self._session.reader
        assert reader is not None
        self._active_at = self._loop.time()
        self._position = reader.feed(self._buffer, self._position)
        if reader.is_done:
            return self._session.end_content()
        return self._session.give_up() if reader.message.is_hopeless else None

    def _begin(self, work: Awaitable[bytes]) -> None:
        # Not in a TaskGroup: the task outlives its connection, and _finish lets no error pass.
        self._task = self._loop.create_task(self._finish(work))

    async def _finish(self, work: Awaitable[bytes]) -> None:
        """Wait for an answer, then go on with the input behind it."""
        try:
            try:
                self._out.append(await work)
            finally:
                self._task = None
                self._active_at = self._loop.time()
                if self._is_lost:
                    self._release()
            self._advance()
        except Exception:  # noqa: BLE001 - a task has nobody else to tell
            _log.exception("connection failed")
            self._transport.abort()

    def _settle(self) -> None:
        """Write the replies, and do what has to follow them."""
        if self._position:
            self._buffer = self._buffer[self._position :]
            self._position = 0
        if self._task is None:
            after = self._session.after
            if after is After.START_TLS:
                self._start_tls()
            elif after is After.CLOSE or self._is_ended:
                self._close()
            elif self._is_leaving and not self._session.is_receiving:
                self._say_and_close(replies.SHUTDOWN)
            else:
                self._flush()
        self._control_reading()

    def _flush(self) -> None:
        octets = b"".join(self._out)
        self._out.clear()
        if octets:
            self._transport.write(octets)

    def _control_reading(self) -> None:
        """Make the client wait while too much of its input does."""
        is_full = len(self._buffer) > _MAX_WAITING
        if is_full == self._is_reading_paused or self._transport.is_closing():
            return
        self._is_reading_paused = is_full
        if is_full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _say_and_close(self, reply: bytes) -> None:
        self._out.append(reply)
        self._close()

    def _close(self) -> None:
        self._flush()
        self._transport.close()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(_LINGER_S, self._transport.abort)

    def _on_timer(self) -> None:
        timeout_s = self._shared.options.idle_timeout_s
        left_s = self._active_at + timeout_s - self._loop.time()
        if self._task is not None:
            left_s = timeout_s
        if left_s > 0:
            self._timer = self._loop.call_later(left_s, self._on_timer)
        elif self._is_write_blocked:
            self._transport.abort()
        else:
            self._say_and_close(replies.IDLE)

    def _start_tls(self) -> None:
        if self._buffer:
            # CVE-2011-0411: whoever put this here must not have it taken for input from under TLS.
            self._out[-1] = replies.TLS_INJECTION
            self._close()
            return
        # From here on clear text is no input; the handshake reads on.
        self._transport.pause_reading()
        self._flush()
        self._begin(self._upgrade())

    async def _upgrade(self) -> bytes:
        """Do the handshake and start over with a new session (RFC 3207 section 4.2)."""
        options = self._shared.options
        client = self._session.client
        assert options.tls is not None
        try:
            transport = await self._loop.start_tls(
                self._transport,
                self,
                options.tls,
                server_side=True,
                ssl_handshake_timeout=options.tls_handshake_timeout_s,
            )
        except OSError as error:
            _log.info("TLS handshake failed", extra={"peer_ip": client.ip, "reason": str(error)})
            transport = None
        if transport is None:
            self._transport.abort()
            # Not every event loop tells the protocol of a failed handshake.
            self.connection_lost(None)
            return b""
        self._transport = transport
        self._is_reading_paused = False
        self._session = Session(
            self._shared, Client(ip=client.ip, port=client.port, tls=_tls(transport))
        )
        return b""


def _tls(transport: asyncio.Transport) -> str | None:
    ssl_object: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    return ssl_object.version() if ssl_object is not None else None
