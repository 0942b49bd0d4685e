"""The scenario `webhooks`: a log with very many events, each told to one webhook that answers at once.

The events are written beside the server, which finds them at its next look at the log: what is measured is what
webhooks cost, not what led to the events.
"""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from pillarbox.bench import accounting
from pillarbox.bench.alone import (
    Figure,
    Figures,
    ask,
    cpu_figure,
    database_name,
    eased,
    opened,
    started,
    wait_until_read,
)
from pillarbox.bench.fill import fill
from pillarbox.bench.hook_sink import HookSinkChild
from pillarbox.bench.model import BenchError, BenchOptions
from pillarbox.bench.server import Pillarbox
from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.outbound.store.tables import messages
from pillarbox.servers.store import servers
from pillarbox.storage.db import Database

WEBHOOKS = "webhooks"
RATE_BAR, MEMORY_BAR_MB = 2000.0, 30.0
_MESSAGES = 1000
_WARM_UP = 500
_CHUNK = 5000
_SLOWEST_PER_S = 50


def measure(options: BenchOptions, base: Path, say: Callable[[str], None]) -> Figures:
    """Start a server with a webhook, write events down, wait for the calls. Raises BenchError."""
    count = options.events
    with started(options, base) as server, opened(server.database_url()) as db:
        fill(db, messages=_MESSAGES)
        wait_until_read(db)
        with HookSinkChild() as sink:
            hook = {"Url": sink.url, "Triggers": {"Delivery": {"Enabled": True}}}
            ask(server, "POST", "/webhooks", hook)
            _tell(db, sink, _WARM_UP)
            sink.reset()
            say(f"{count:,} events")
            return _measure(options, server, db, sink)


def _measure(
    options: BenchOptions, server: Pillarbox, db: Database, sink: HookSinkChild
) -> Figures:
    count = options.events
    idle = accounting.memory_of(server.own_pids())
    watch = accounting.MemoryWatch(server.own_pids)
    before = accounting.family(server.pids())
    watch.start()
    try:
        first_at, last_at = _tell(db, sink, count)
    finally:
        peak = watch.stop()
    used = accounting.cpu_used(before, accounting.family(server.pids()))
    return Figures(
        scenario=WEBHOOKS,
        work=f"{count:,} events to one webhook on this machine",
        database=database_name(options),
        figures=[
            Figure(
                name="calls, from the first to the last",
                value=(count - 1) / max(last_at - first_at, 1e-9),
                unit="/s",
                bar=eased(options, RATE_BAR, at_least=True),
                at_least=True,
            ),
            cpu_figure(used, count),
            Figure(name="memory before, Pillarbox (PSS)", value=idle.pss_mb, unit="MB"),
            Figure(
                name="memory added at most, Pillarbox (PSS)",
                value=peak.pss_mb - idle.pss_mb,
                unit="MB",
                bar=MEMORY_BAR_MB,
            ),
        ],
        cpu_ms_by_process={name: value / count * 1000 for name, value in used.items()},
    )


def _tell(db: Database, sink: HookSinkChild, count: int) -> tuple[float, float]:
    """Write events down and wait for the calls; when the first and the last came. Raises BenchError."""
    with db.transaction() as tx:
        server = servers.list_servers(tx)[0]
        stream = server.streams["outbound"].key
        of_stream = select(messages.c.key).where(messages.c.stream_key == stream)
        keys = [row.key for row in tx.rows(of_stream)]
    details = {"DeliveryMessage": "smtp;250 OK", "DestinationServer": "mx", "DestinationIP": ""}
    for start in range(0, count, _CHUNK):
        with db.transaction() as tx:
            new = [
                Event(
                    server_id=server.id,
                    stream_key=stream,
                    message_key=keys[number % len(keys)],
                    recipient=f"person{number}@bench.example",
                    type=EventType.DELIVERED,
                    at=tx.now,
                    details=details,
                )
                for number in range(start, min(start + _CHUNK, count))
            ]
            events.append(tx, new)
    told = sink.wait(count, timeout_s=30.0 + count / _SLOWEST_PER_S)
    if (told.received, told.events) != (count, count):
        raise BenchError(f"{told.received} calls for {told.events} of {count} events")
    return told.first_at, told.last_at
