"""What the scenarios share that send mail through a server of their own to sinks: sending, and checking counts."""

import time

from pillarbox.bench.load import LoadChild
from pillarbox.bench.model import BenchError, Counts, Door, Plan, Sent
from pillarbox.bench.server import Pillarbox
from pillarbox.outbound.store import queue
from pillarbox.storage.db import Database

_CONNECTIONS = 50
_BATCH, _BATCH_CONNECTIONS = 500, 2
_PATIENCE_S, _SLOWEST_PER_S = 60.0, 50  # a server slower than this is given up
_DRAIN_S = 60.0


def patience(messages: int) -> float:
    """How many seconds so many messages may take."""
    return _PATIENCE_S + messages / _SLOWEST_PER_S


def singles(server: Pillarbox, run: str, messages: int, *, domains: int) -> Plan:
    """A flood of single calls."""
    return Plan(
        door=Door.HTTP,
        port=server.port(Door.HTTP) or 0,
        run=run,
        messages=messages,
        connections=min(_CONNECTIONS, messages),
        domains=domains,
        token=server.token(),
        timeout_s=patience(messages),
    )


def batches(server: Pillarbox, run: str, messages: int, *, domains: int) -> Plan:
    """The same by batch, as fast as they are accepted."""
    return Plan(
        door=Door.BATCH,
        port=server.port(Door.HTTP) or 0,
        run=run,
        messages=messages,
        connections=_BATCH_CONNECTIONS,
        batch=_BATCH,
        domains=domains,
        token=server.token(),
        timeout_s=patience(messages),
    )


def send(load: LoadChild, plan: Plan) -> Sent:
    """Carry a plan out. Raises BenchError when a message is refused."""
    return accepted(load.send(plan))


def accepted(sent: Sent) -> Sent:
    """What was sent. Raises BenchError when a message was refused."""
    if sent.failed:
        raise BenchError(f"{sent.failed} messages refused: {sent.failure}")
    return sent


def check(what: str, counts: Counts, wanted: int) -> None:
    """Raises BenchError unless so many messages arrived, each once."""
    found = (counts.unique, counts.duplicates, counts.strays, counts.message_ids)
    if found != (wanted, 0, 0, wanted):
        raise BenchError(
            f"{what}: {counts.unique} arrived instead of {wanted}, {counts.duplicates} twice, "
            f"{counts.strays} of another run, {counts.message_ids} different message ids"
        )


def wait_until_left(db: Database, wanted: int) -> None:
    """Until no more copies than these wait, now that all have arrived. Raises BenchError."""
    deadline = time.monotonic() + _DRAIN_S
    while (left := queued(db)) > wanted:
        if time.monotonic() > deadline:
            raise BenchError(f"{left - wanted} still queued {_DRAIN_S:.0f} s after all arrived")
        time.sleep(0.05)


def queued(db: Database) -> int:
    """How many copies wait for their delivery or are in hand."""
    with db.transaction() as tx:
        return queue.count_waiting(tx)
