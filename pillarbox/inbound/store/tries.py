"""Each call of a message's hook, with the beginning of what was answered; they go with their message."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text, select

from pillarbox.ids import MessageKey
from pillarbox.inbound.model import HookTry
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import UtcTime, micros

MOST = 100
"""So many of a message are shown: somebody may have it retried again and again."""

inbound_tries = Table(
    "inbound_tries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column(
        "message_key",
        ForeignKey("inbound_messages.key", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("at", UtcTime, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("response", Text, nullable=False),
)
_COLUMNS = ("message_key", "at", "duration_ms", "url", "status", "response")


def insert(tx: Tx, made: Sequence[HookTry]) -> None:
    """Write calls down."""
    rows = [
        (one.message_key, micros(one.at), one.duration_ms, one.url, one.status, one.response)
        for one in made
    ]
    tx.insert_many(inbound_tries, _COLUMNS, rows)


def list_of_message(tx: Tx, key: MessageKey) -> list[HookTry]:
    """The newest calls for a message, the newest first."""
    at = inbound_tries.c
    columns = [at[name] for name in _COLUMNS]
    query = select(*columns).where(at.message_key == key).order_by(at.id.desc()).limit(MOST)
    return [HookTry(**row._asdict()) for row in tx.rows(query)]
