"""The attempts: every try to deliver a copy over SMTP, with its transcript."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import select

from pillarbox.outbound.store.tables import attempts
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import dump_json, micros

_COLUMNS = (
    "message_key",
    "position",
    "at",
    "duration_ms",
    "outcome",
    "host",
    "ip",
    "tls",
    "phase",
    "reply",
    "transcript",
)


class Attempt(Struct, frozen=True, kw_only=True, gc=False):
    """One try; `phase` is the SMTP command it ended in, transcript lines are (milliseconds, direction, text)."""

    message_key: int
    position: int
    at: datetime
    duration_ms: int
    outcome: str
    host: str
    ip: str
    tls: str
    phase: str
    reply: str
    transcript: list[tuple[float, str, str]]


def insert(tx: Tx, tries: Sequence[Attempt]) -> None:
    """Keep attempts."""
    rows = [
        (
            one.message_key,
            one.position,
            micros(one.at),
            one.duration_ms,
            one.outcome,
            one.host,
            one.ip,
            one.tls,
            one.phase,
            one.reply,
            dump_json(one.transcript),
        )
        for one in tries
    ]
    tx.insert_many(attempts, _COLUMNS, rows)


def list_of_message(tx: Tx, message_key: int) -> list[Attempt]:
    """The attempts of all copies of a message, oldest first."""
    query = select(attempts).where(attempts.c.message_key == message_key).order_by(attempts.c.id)
    return [
        Attempt(**{name: getattr(row, name) for name in _COLUMNS})  # the columns are the fields
        for row in tx.rows(query)
    ]
