"""Sending domains and DKIM keys in the database. Every change wakes the topic `domains`."""

from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from pillarbox.domains.model import DkimKey, Domain, KeyState
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import TextEnum, UtcTime

TOPIC = "domains"
FIRST_DOMAIN_ID = 1001

domains = Table(
    "domains",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(255), nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
)
dkim_keys = Table(
    "dkim_keys",
    metadata,
    Column("domain_id", ForeignKey("domains.id", ondelete="CASCADE"), primary_key=True),
    Column("state", TextEnum(KeyState), primary_key=True),
    Column("selector", String(63), nullable=False),
    Column("pem", LargeBinary, nullable=False),
)


def insert_domain(tx: Tx, name: str) -> int:
    """Create a domain without keys; its id."""
    domain_id = max(FIRST_DOMAIN_ID, (tx.scalar(select(func.max(domains.c.id))) or 0) + 1)
    tx.run(insert(domains), {"id": domain_id, "name": name.lower(), "created_at": tx.now})
    tx.wake(TOPIC)
    return domain_id


def insert_key(tx: Tx, domain_id: int, key: DkimKey) -> None:
    """Add a key in its state; there must be none of that state."""
    values = {"domain_id": domain_id, "state": key.state, "selector": key.selector, "pem": key.pem}
    tx.run(insert(dkim_keys), values)
    tx.wake(TOPIC)


def activate_key(tx: Tx, domain_id: int) -> None:
    """The pending key signs from now on; the one that signed until now is revoked."""
    of_domain = dkim_keys.c.domain_id == domain_id
    steps = ((KeyState.ACTIVE, KeyState.REVOKED), (KeyState.PENDING, KeyState.ACTIVE))
    tx.run(delete(dkim_keys).where(of_domain, dkim_keys.c.state == KeyState.REVOKED))
    for before, after in steps:
        tx.run(
            update(dkim_keys)
            .where(and_(of_domain, dkim_keys.c.state == before))
            .values(state=after)
        )
    tx.wake(TOPIC)


def find(tx: Tx, name: str) -> Domain | None:
    """The domain of this name, in any case."""
    row = tx.first(select(domains).where(domains.c.name == name.lower()))
    return None if row is None else _domain(tx, row)


def list_domains(tx: Tx) -> list[Domain]:
    """All domains by name."""
    return [_domain(tx, row) for row in tx.rows(select(domains).order_by(domains.c.name))]


def _domain(tx: Tx, row: Row[Any]) -> Domain:
    keys = tx.rows(select(dkim_keys).where(dkim_keys.c.domain_id == row.id))
    return Domain(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        keys={
            key.state: DkimKey(
                domain=row.name, selector=key.selector, pem=bytes(key.pem), state=key.state
            )
            for key in keys
        },
    )
