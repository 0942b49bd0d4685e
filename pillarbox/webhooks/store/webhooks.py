"""Webhooks in the database, and what came of calling them, counted by the minute.

Counting by the minute keeps a day's statistics small however busy a webhook is. Each connection to PostgreSQL
counts in rows of its own, as for bounces.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Integer,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from pillarbox.errors import Problem, Refused
from pillarbox.servers.store.tables import streams
from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import Json, TextEnum, UtcTime, micros
from pillarbox.webhooks.call import Target
from pillarbox.webhooks.model import (
    Attempt,
    AttemptOutcome,
    Attempts,
    HttpAuth,
    Trigger,
    TriggerState,
    Webhook,
)

TOPIC = "webhooks"
FIRST_ID = 1_000_001  # small numbers serve client libraries as "does not exist"
LAST_ID = (1 << 31) - 1
SLOW_MS, VERY_SLOW_MS = 2_000, 10_000
_MINUTE = timedelta(minutes=1)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Integer, Identity(start=FIRST_ID), primary_key=True),
    Column("server_id", ForeignKey("servers.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("stream_key", ForeignKey("streams.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("username", Text),
    Column("password", Text),
    Column("headers", Json, nullable=False),
    Column("secret", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)
webhook_triggers = Table(
    "webhook_triggers",
    metadata,
    Column("webhook_id", ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True),
    Column("trigger", TextEnum(Trigger), primary_key=True),
    Column("is_enabled", Boolean, nullable=False),
    Column("option", Boolean, nullable=False),
    Column("is_verified", Boolean, nullable=False),
)
webhook_minutes = Table(
    "webhook_minutes",
    metadata,
    Column("webhook_id", ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True),
    Column("minute", UtcTime, primary_key=True),
    Column("trigger", TextEnum(Trigger), primary_key=True),
    Column("counter", Integer, primary_key=True, autoincrement=False),
    *(Column(name, BigInteger, nullable=False) for name in asdict(Attempts())),
)
_SUMS = tuple(asdict(Attempts()))
_MINUTES = ("webhook_id", "minute", "trigger", "counter", *_SUMS)


def insert_webhook(tx: Tx, new: Webhook) -> Webhook:
    """Keep a new webhook; what is kept, with its id."""
    values = _values(tx, new) | {
        "server_id": new.server_id,
        "stream_key": new.stream_key,
        "created_at": tx.now,
    }
    webhook_id = tx.scalar(insert(webhooks).values(values).returning(webhooks.c.id))
    tx.run(insert(webhook_triggers), _trigger_rows(webhook_id, new))
    tx.wake(TOPIC)
    return get(tx, new.server_id, webhook_id)


def update_webhook(tx: Tx, changed: Webhook) -> None:
    """Keep a webhook as it is now."""
    tx.run(update(webhooks).where(webhooks.c.id == changed.id).values(_values(tx, changed)))
    tx.run(delete(webhook_triggers).where(webhook_triggers.c.webhook_id == changed.id))
    tx.run(insert(webhook_triggers), _trigger_rows(changed.id, changed))
    tx.wake(TOPIC)


def remove(tx: Tx, server_id: int, webhook_id: int) -> None:
    """Forget a webhook and all that belongs to it. Refuses WEBHOOK_NOT_FOUND."""
    get(tx, server_id, webhook_id)
    tx.run(delete(webhooks).where(webhooks.c.id == webhook_id))
    tx.wake(TOPIC)


def get(tx: Tx, server_id: int, webhook_id: int) -> Webhook:
    """The webhook of this Server with this id. Refuses WEBHOOK_NOT_FOUND."""
    if 0 < webhook_id <= LAST_ID:
        query = _query(server_id).where(webhooks.c.id == webhook_id)
        found = _load(tx, tx.rows(query))
        if found:
            return found[0]
    raise Refused(Problem.WEBHOOK_NOT_FOUND)


def list_of_server(tx: Tx, server_id: int, stream_key: int | None = None) -> list[Webhook]:
    """The webhooks of a Server, or of one of its streams, by id."""
    query = _query(server_id)
    if stream_key is not None:
        query = query.where(webhooks.c.stream_key == stream_key)
    return _load(tx, tx.rows(query))


def list_of_streams(tx: Tx, stream_keys: Collection[int]) -> list[Webhook]:
    """The webhooks of some streams, by id."""
    query = _joined().where(webhooks.c.stream_key.in_(stream_keys))
    return _load(tx, tx.rows(query))


def are_there_any(tx: Tx) -> bool:
    """Whether there is a webhook, of any stream."""
    return bool(tx.scalar(select(webhooks.select().exists())))


def targets(tx: Tx, ids: Collection[int]) -> dict[int, Target]:
    """Where these webhooks are called, by id; those that are gone are left out."""
    at = webhooks.c
    query = select(at.id, at.url, at.username, at.password, at.headers, at.secret)
    return {
        row.id: Target(url=row.url, auth=_auth(row), headers=_headers(row), secret=row.secret)
        for row in tx.rows(query.where(at.id.in_(ids)))
    }


def keep(tx: Tx, ids: Collection[int]) -> set[int]:
    """Those of these webhooks that there are; they stay until this transaction ends."""
    at = webhooks.c
    query = select(at.id).where(at.id.in_(ids))
    return {row.id for row in tx.rows(query.with_for_update(read=True, key_share=True))}


def count_of_stream(tx: Tx, stream_key: int) -> int:
    """How many webhooks a stream has; nobody can add one to it before this transaction ends."""
    tx.first(select(streams.c.key).where(streams.c.key == stream_key).with_for_update())
    count = select(func.count()).select_from(webhooks).where(webhooks.c.stream_key == stream_key)
    return int(tx.scalar(count))


def lock(tx: Tx, webhook_id: int) -> None:
    """Let nobody else change this webhook, if there is one, before this transaction ends."""
    if 0 < webhook_id <= LAST_ID:
        tx.first(select(webhooks.c.id).where(webhooks.c.id == webhook_id).with_for_update())


def count_attempts(tx: Tx, made: Iterable[Attempt]) -> None:
    """Add requests to the statistics of their webhooks, which must exist."""
    sums: dict[tuple[int, int, str], list[int]] = {}
    for attempt in made:
        minute = micros(attempt.at.replace(second=0, microsecond=0))
        key = attempt.webhook_id, minute, attempt.trigger.value
        of_one = _of_one(attempt)
        known = sums.get(key)
        sums[key] = of_one if known is None else [a + b for a, b in zip(known, of_one, strict=True)]
    if sums:
        own = dialect.own_counter(tx.connection)
        rows = [(*key, own, *sums[key]) for key in sorted(sums)]
        tx.add_many(webhook_minutes, _MINUTES, rows, added=_SUMS)


def statistics(tx: Tx, webhook_id: int, since: datetime) -> dict[Trigger, Attempts]:
    """What came of calling a webhook since an instant, to the minute; triggers without any are left out."""
    at = webhook_minutes.c
    query = (
        select(at.trigger, *(func.sum(at[name]).label(name) for name in _SUMS))
        .where(at.webhook_id == webhook_id, at.minute > since - _MINUTE)
        .group_by(at.trigger)
    )
    found = {
        row.trigger: Attempts(**{name: int(getattr(row, name)) for name in _SUMS})
        for row in tx.rows(query)
    }
    return {trigger: found[trigger] for trigger in Trigger if trigger in found}


def delete_minutes(tx: Tx, *, before: datetime, limit: int) -> int:
    """Forget some of what came of calling webhooks before an instant; how many rows were found."""
    key = tuple_(*webhook_minutes.primary_key.columns)
    old = select(*webhook_minutes.primary_key.columns).where(webhook_minutes.c.minute < before)
    return tx.run(delete(webhook_minutes).where(key.in_(old.limit(limit))))


def _of_one(attempt: Attempt) -> list[int]:
    """The sums of one request, in the order of Attempts."""
    is_retry = attempt.outcome is AttemptOutcome.RETRY
    return [
        1,
        int(attempt.outcome is AttemptOutcome.SUCCESS),
        int(attempt.outcome is AttemptOutcome.FAILURE),
        int(is_retry),
        int(attempt.duration_ms > SLOW_MS),
        int(attempt.duration_ms > VERY_SLOW_MS),
        0 if is_retry else attempt.duration_ms,
        attempt.duration_ms if is_retry else 0,
    ]


def _values(tx: Tx, webhook: Webhook) -> dict[str, Any]:
    return {
        "url": webhook.url,
        "username": None if webhook.auth is None else webhook.auth.username,
        "password": None if webhook.auth is None else webhook.auth.password,
        "headers": webhook.headers,
        "secret": webhook.secret,
        "updated_at": tx.now,
    }


def _trigger_rows(webhook_id: int, webhook: Webhook) -> list[dict[str, Any]]:
    return [
        {
            "webhook_id": webhook_id,
            "trigger": trigger,
            "is_enabled": state.is_enabled,
            "option": state.option,
            "is_verified": state.is_verified,
        }
        for trigger, state in webhook.triggers.items()
    ]


def _query(server_id: int) -> Any:
    return _joined().where(webhooks.c.server_id == server_id)


def _joined() -> Any:
    return (
        select(webhooks, streams.c.slug)
        .join(streams, streams.c.key == webhooks.c.stream_key)
        .order_by(webhooks.c.id)
    )


def _load(tx: Tx, rows: Sequence[Row[Any]]) -> list[Webhook]:
    """The webhooks of these rows with their triggers."""
    if not rows:
        return []
    states: dict[int, dict[Trigger, TriggerState]] = {row.id: {} for row in rows}
    query = select(webhook_triggers).where(webhook_triggers.c.webhook_id.in_(states))
    for row in tx.rows(query):
        states[row.webhook_id][row.trigger] = TriggerState(
            is_enabled=row.is_enabled, option=row.option, is_verified=row.is_verified
        )
    return [_webhook(row, states[row.id]) for row in rows]


def _webhook(row: Row[Any], states: dict[Trigger, TriggerState]) -> Webhook:
    return Webhook(
        id=row.id,
        server_id=row.server_id,
        stream_key=row.stream_key,
        stream=row.slug,
        url=row.url,
        auth=_auth(row),
        headers=_headers(row),
        secret=row.secret,
        triggers={trigger: states[trigger] for trigger in Trigger},
    )


def _auth(row: Row[Any]) -> HttpAuth | None:
    has_auth = row.username is not None and row.password is not None
    return HttpAuth(row.username, row.password) if has_auth else None


def _headers(row: Row[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in row.headers)
