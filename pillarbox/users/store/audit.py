"""The audit log: what people changed on the pages. It only grows, until its retention is over."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
)

from pillarbox.storage import text as texts
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import UtcTime
from pillarbox.users.model import Actor, Deed

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(320), nullable=False),
    Column("user_id", Integer),
    Column("ip", String(45), nullable=False),
    Column("text", Text, nullable=False),
    Column("server_id", Integer),
    Index("ix_audit_log_at", "at"),
)


def append(tx: Tx, actor: Actor, text: str, *, server_id: int | None = None) -> None:
    """Write down what somebody does, in the transaction that does it."""
    row = {
        "at": tx.now,
        "actor": actor.name,
        "user_id": actor.user_id,
        "ip": actor.ip,
        "text": text,
        "server_id": server_id,
    }
    tx.run(insert(audit_log), row)


def newest(tx: Tx, *, before: int | None = None, person: str = "", limit: int = 50) -> list[Deed]:
    """The newest lines below an id, of those whose name contains a text."""
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit_log.c.id < before)
    if person:
        query = query.where(texts.contains(tx.connection, audit_log.c.actor, person))
    return [Deed(**row._mapping) for row in tx.rows(query)]  # noqa: SLF001 - SQLAlchemy's public name


def delete_old(tx: Tx, *, before: datetime, limit: int) -> int:
    """Delete some lines from before an instant; how many were found."""
    old = select(audit_log.c.id).where(audit_log.c.at < before).order_by(audit_log.c.at)
    return tx.run(delete(audit_log).where(audit_log.c.id.in_(old.limit(limit))))
