"""Inbound rules in the database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    delete,
    func,
    select,
    text,
)

from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import UtcTime

FIRST_ID = 1_000_001  # small numbers serve client libraries as "does not exist"
LAST_ID = (1 << 31) - 1

inbound_rules = Table(
    "inbound_rules",
    metadata,
    Column("id", Integer, Identity(start=FIRST_ID), primary_key=True),
    Column("server_id", ForeignKey("servers.id", ondelete="CASCADE"), nullable=False),
    Column("rule", String(320), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Index("uq_inbound_rules_rule", "server_id", "rule", unique=True),
    Index("ix_inbound_rules_server", "server_id", "id"),
    sqlite_autoincrement=True,
)

# For every mail that comes in: to make these statements would cost more than to run them.
_WHICH_SQLITE = (
    "SELECT server_id, rule FROM inbound_rules WHERE server_id = :server AND rule = :rule"
)
_WHICH_POSTGRES = text("""
    SELECT server_id, rule FROM inbound_rules
    JOIN unnest(CAST(:servers AS int[]), CAST(:rules AS text[])) AS asked(asked_server, asked_rule)
    ON server_id = asked_server AND rule = asked_rule
""")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a Server: a lower-cased address or domain."""

    id: int
    rule: str


def insert(tx: Tx, server_id: int, rule: str) -> Rule | None:
    """Add a rule; None when the Server has it already."""
    values = {"server_id": server_id, "rule": rule, "created_at": tx.now}
    statement = dialect.insert(tx.connection, inbound_rules).values(values)
    key = tx.scalar(
        statement.on_conflict_do_nothing(index_elements=["server_id", "rule"]).returning(
            inbound_rules.c.id
        )
    )
    return None if key is None else Rule(key, rule)


def find(tx: Tx, server_id: int, rule_id: int) -> Rule | None:
    """The rule of this Server with this id."""
    if not 0 < rule_id <= LAST_ID:
        return None
    at = inbound_rules.c
    row = tx.first(select(at.id, at.rule).where(at.id == rule_id, at.server_id == server_id))
    return None if row is None else Rule(row.id, row.rule)


def page(tx: Tx, server_id: int, *, count: int, offset: int) -> tuple[int, list[Rule]]:
    """How many rules a Server has, and `count` of them after the `offset` oldest, oldest first."""
    at = inbound_rules.c
    own = at.server_id == server_id
    total = tx.scalar(select(func.count()).select_from(inbound_rules).where(own))
    query = select(at.id, at.rule).where(own).order_by(at.id).limit(count).offset(offset)
    return total, [Rule(row.id, row.rule) for row in tx.rows(query)]


def remove(tx: Tx, server_id: int, rule_id: int) -> None:
    """Delete a rule."""
    at = inbound_rules.c
    tx.run(delete(inbound_rules).where(at.id == rule_id, at.server_id == server_id))


def which(tx: Tx, asked: Collection[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those pairs of a Server and a text that are rules; for what `rules.could_match` asks."""
    rows: Sequence[Sequence[Any]] = ()
    if dialect.is_sqlite(tx.connection):
        each = [{"server": server_id, "rule": rule} for server_id, rule in asked]
        rows = dialect.sqlite_rows(tx.connection, _WHICH_SQLITE, each)
    elif asked:
        servers, texts = zip(*asked, strict=True)
        rows = tx.rows(_WHICH_POSTGRES, {"servers": list(servers), "rules": list(texts)})
    return {(server_id, rule) for server_id, rule in rows}


def erase(tx: Tx, address: str) -> int:
    """Delete the rules that name a lower-cased address; how many."""
    return tx.run(delete(inbound_rules).where(inbound_rules.c.rule == address))
