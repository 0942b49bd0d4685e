"""Numbers for Prometheus: what this process counted, and what the database says of the whole installation.

The library is imported by who asks for the numbers first (decision 0015).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from typing_extensions import override

import pillarbox
from pillarbox.app import App
from pillarbox.errors import Unavailable
from pillarbox.meters import Histogram, Meters
from pillarbox.outbound.store import destinations, suspensions
from pillarbox.outbound.store.destinations import Depth
from pillarbox.storage.db import Load
from pillarbox.storage.tx import Tx
from pillarbox.webhooks.store import calls

CONTENT_TYPE = CONTENT_TYPE_LATEST
Stored = tuple[datetime, Depth, int, tuple[int, datetime | None]]


async def text(app: App, roles: Sequence[str]) -> bytes:
    """All numbers in Prometheus's text format. While the database is away, those of this process alone."""
    try:
        stored = await app.db.read(_look)
    except Unavailable:
        stored = None
    registry = CollectorRegistry()
    registry.register(_Numbers(app, roles, stored))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


def _look(tx: Tx) -> Stored:
    return tx.now, destinations.depth(tx), len(suspensions.current(tx)), calls.depth(tx)


class _Numbers(Collector):
    def __init__(self, app: App, roles: Sequence[str], stored: Stored | None) -> None:
        self._app = app
        self._roles = roles
        self._stored = stored

    @override
    def collect(self) -> Iterator[Metric]:
        about = {"version": pillarbox.__version__, "roles": ",".join(self._roles)}
        yield InfoMetricFamily("pillarbox", "This process.", about)
        yield GaugeMetricFamily(
            "pillarbox_database_up",
            "1 while the database answers.",
            value=float(self._stored is not None),
        )
        if self._stored is not None:
            yield from _of_queues(self._stored)
        yield from _of_meters(self._app.meters)
        yield from _of_database(self._app.db.load())


def _of_queues(stored: Stored) -> Iterator[Metric]:
    now, depth, suspended, (waiting, due_at) = stored
    for name, doc, value in (
        ("queue_waiting", "Copies that wait to be delivered.", depth.waiting),
        ("queue_due", "Copies that could be delivered now.", depth.due),
        ("queue_destinations", "Domains that mail waits for.", depth.destinations),
        ("queue_suspended_destinations", "Domains that are suspended.", suspended),
        ("queue_oldest_seconds", "Age of the oldest copy that waits.", _age(depth.oldest_at, now)),
        ("webhook_calls_waiting", "Calls of webhooks that wait.", waiting),
        ("webhook_calls_late_seconds", "How long the first call is due.", _age(due_at, now)),
    ):
        yield GaugeMetricFamily(f"pillarbox_{name}", doc, value=float(value))


def _of_meters(meters: Meters) -> Iterator[Metric]:
    yield _histogram("accept_seconds", "From a message's arrival to its commit.", meters.accepting)
    yield CounterMetricFamily(
        "pillarbox_refused", "Messages that were refused.", value=float(meters.refused)
    )
    yield _histogram("attempt_seconds", "One try over SMTP.", meters.attempts)
    yield _histogram("delivery_seconds", "From accepted to delivered.", meters.delivering)
    outcomes = CounterMetricFamily(
        "pillarbox_deliveries",
        "What came of tries: delivered, deferred or failed, by who runs the mail host.",
        labels=["provider", "outcome"],
    )
    for (provider, outcome), number in sorted(meters.outcomes.items()):
        outcomes.add_metric([provider, outcome], float(number))
    yield outcomes
    yield _histogram("webhook_seconds", "One call of a webhook.", meters.calling)
    told = CounterMetricFamily(
        "pillarbox_webhook_calls",
        "What came of calls: succeeded, retried or failed.",
        labels=["outcome"],
    )
    for outcome, number in sorted(meters.webhooks.items()):
        told.add_metric([outcome], float(number))
    yield told


def _of_database(load: Load) -> Iterator[Metric]:
    for name, doc, value in (
        ("connections_used", "Connections to the database in use.", load.connections_used),
        ("connections_max", "Connections to the database there may be.", load.connections_max),
        ("writes_waiting", "Pieces of work that wait for a writer.", load.writes_waiting),
        ("reads_waiting", "Pieces of work that wait for a reader.", load.reads_waiting),
    ):
        yield GaugeMetricFamily(f"pillarbox_database_{name}", doc, value=float(value))


def _histogram(name: str, doc: str, meter: Histogram) -> Metric:
    return HistogramMetricFamily(
        f"pillarbox_{name}", doc, buckets=meter.cumulative(), sum_value=meter.total
    )


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
