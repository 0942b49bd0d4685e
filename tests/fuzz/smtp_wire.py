"""A client of the SMTP server without a network: what it says goes in, what the server says comes out."""

import asyncio
from typing import Any

from typing_extensions import override

from pillarbox.smtpd.connection import Connection
from pillarbox.smtpd.options import ServerOptions
from pillarbox.smtpd.registry import Registry
from pillarbox.smtpd.service import Envelope
from pillarbox.smtpd.shared import Shared
from tests.smtp.recorder import Recorder

OPTIONS = ServerOptions(
    hostname="mail.example",
    max_size=4096,
    max_recipients=5,
    tls=None,
    auth_required=False,
    auth_mechanisms=("PLAIN", "LOGIN"),  # the challenge of CRAM-MD5 is another each time
    memory_budget=1_000_000,  # which limit is hit first depends on how input comes
)
_IDLE_TURNS = 5


class _Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.out = bytearray()
        self.is_over = False
        self.is_paused = False

    @override
    def write(self, data: Any) -> None:
        if not self.is_over:
            self.out += data

    @override
    def close(self) -> None:
        self.is_over = True

    @override
    def abort(self) -> None:
        self.is_over = True

    @override
    def is_closing(self) -> bool:
        return self.is_over

    @override
    def pause_reading(self) -> None:
        self.is_paused = True

    @override
    def resume_reading(self) -> None:
        self.is_paused = False


async def converse(pieces: list[bytes]) -> tuple[bytes, list[Envelope]]:
    """All that the server says to a client that sends these pieces, and the messages that it took.

    Checks that nothing of the connection is left afterwards.
    """
    service, wire = Recorder(), _Wire()
    shared, registry = Shared(OPTIONS, service, _no_sleep), Registry(10, 10)
    connection = Connection(shared, registry)
    connection.connection_made(wire)
    for piece in pieces:
        if wire.is_closing():
            break
        connection.data_received(piece)
        await _until_idle(connection, wire)
        assert wire.is_closing() or not wire.is_paused, "reading stays paused"
    connection.eof_received()
    connection.connection_lost(None)
    await _until_idle(connection, wire)
    assert registry.count == 0, "the connection is still registered"
    assert shared.budget.free == OPTIONS.memory_budget, "memory is not given back"
    return bytes(wire.out), service.envelopes


async def _until_idle(connection: Connection, wire: _Wire) -> None:
    """Until the connection has done all that it can do for now."""
    idle, said = 0, -1
    while idle < _IDLE_TURNS:
        await asyncio.sleep(0)
        is_busy = connection._task is not None
        idle = 0 if is_busy or said != len(wire.out) else idle + 1
        said = len(wire.out)


async def _no_sleep(_seconds: float) -> None:
    pass
