"""Sending domains and DKIM keys in the database. Every change wakes the topic `domains`.

Ids are counted in a table of their own: an id is never given out twice, and whoever creates something waits for
others who do, so that no two create the same.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from pillarbox.domains.model import Alias, DkimKey, Domain, KeyState
from pillarbox.domains.schedule import next_check
from pillarbox.errors import Problem, Refused
from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import TextEnum, UtcTime

TOPIC = "domains"
FIRST_ID = 1001  # small numbers serve client libraries as "does not exist"

domains = Table(
    "domains",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(255), nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("return_path", String(255), nullable=False),
    Column("is_return_path_verified", Boolean, nullable=False),
    Column("tracking", String(255), nullable=False),
    Column("is_tracking_verified", Boolean, nullable=False),
    Column("is_spf_verified", Boolean, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("check_at", UtcTime, nullable=False),
    Index("ix_domains_check", "check_at"),
)
dkim_keys = Table(
    "dkim_keys",
    metadata,
    Column("domain_id", ForeignKey("domains.id", ondelete="CASCADE"), primary_key=True),
    Column("state", TextEnum(KeyState), primary_key=True),
    Column("selector", String(63), nullable=False),
    Column("pem", LargeBinary, nullable=False),
    Column("bits", Integer, nullable=False),
    Column("since", UtcTime),
)
sender_ids = Table(
    "sender_ids",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("last", Integer, nullable=False),
)


def next_id(tx: Tx, kind: str) -> int:
    """A new id of a kind (`domain`, `signature`). Until the commit others who want one wait."""
    ids = sender_ids.c
    first = dialect.insert(tx.connection, sender_ids).values(kind=kind, last=FIRST_ID)
    counted = first.on_conflict_do_update(index_elements=["kind"], set_={"last": ids.last + 1})
    return int(tx.scalar(counted.returning(ids.last)))


def insert_domain(tx: Tx, name: str) -> int:
    """Create a domain without keys; its id. Refuses DOMAIN_EXISTS."""
    domain_id = next_id(tx, "domain")
    if find(tx, name) is not None:
        raise Refused(Problem.DOMAIN_EXISTS)
    row: dict[str, Any] = {"id": domain_id, "name": name.lower(), "return_path": "", "tracking": ""}
    row |= dict.fromkeys(("created_at", "changed_at", "check_at"), tx.now)
    flags = ("is_return_path_verified", "is_tracking_verified", "is_spf_verified")
    tx.run(insert(domains), row | dict.fromkeys(flags, False))
    tx.wake(TOPIC)
    return domain_id


def insert_key(tx: Tx, domain_id: int, key: DkimKey) -> None:
    """Add a key in its state; there must be none of that state."""
    values = {"domain_id": domain_id, "state": key.state, "selector": key.selector, "pem": key.pem}
    tx.run(insert(dkim_keys), values | {"bits": key.bits, "since": tx.now})
    mark_changed(tx, domain_id)


def activate_key(tx: Tx, domain_id: int) -> None:
    """The pending key signs from now on; the one that signed until now is revoked."""
    of_domain = dkim_keys.c.domain_id == domain_id
    has_active = select(dkim_keys).where(of_domain, dkim_keys.c.state == KeyState.ACTIVE)
    if tx.first(has_active) is not None:
        tx.run(delete(dkim_keys).where(of_domain, dkim_keys.c.state == KeyState.REVOKED))
    for before, after in ((KeyState.ACTIVE, KeyState.REVOKED), (KeyState.PENDING, KeyState.ACTIVE)):
        moved = update(dkim_keys).where(of_domain, dkim_keys.c.state == before)
        tx.run(moved.values(state=after, since=tx.now))
    tx.wake(TOPIC)


def set_aliases(
    tx: Tx, domain_id: int, *, return_path: Alias | None = None, tracking: Alias | None = None
) -> None:
    """Set the hosts below a domain, or what DNS says of them; None leaves one as it is."""
    values: dict[str, Any] = {}
    if return_path is not None:
        values |= {"return_path": return_path.host}
        values |= {"is_return_path_verified": return_path.is_verified}
    if tracking is not None:
        values |= {"tracking": tracking.host, "is_tracking_verified": tracking.is_verified}
    if values:
        tx.run(update(domains).where(domains.c.id == domain_id).values(values))
        tx.wake(TOPIC)


def mark_changed(tx: Tx, domain_id: int) -> None:
    """Note that there is something new to look for in DNS, from now on."""
    at = next_check(tx.now, changed_at=tx.now, is_settled=False)
    change = update(domains).where(domains.c.id == domain_id)
    tx.run(change.values(changed_at=tx.now, check_at=at))
    tx.wake(TOPIC)


def mark_spf_verified(tx: Tx, domain_id: int) -> None:
    """Note that the customer had SPF verified."""
    tx.run(update(domains).where(domains.c.id == domain_id).values(is_spf_verified=True))
    tx.wake(TOPIC)


def mark_checked(tx: Tx, domain: Domain) -> None:
    """Say when a domain is looked at next, after a look at DNS."""
    at = next_check(tx.now, changed_at=domain.changed_at, is_settled=domain.is_settled)
    tx.run(update(domains).where(domains.c.id == domain.id).values(check_at=at))


def delete_domain(tx: Tx, domain_id: int) -> None:
    """Remove a domain with its keys."""
    tx.run(delete(dkim_keys).where(dkim_keys.c.domain_id == domain_id))
    tx.run(delete(domains).where(domains.c.id == domain_id))
    tx.wake(TOPIC)


def find(tx: Tx, name: str) -> Domain | None:
    """The domain of this name, in any case."""
    found = _domains(tx, tx.rows(select(domains).where(domains.c.name == name.lower())))
    return found[0] if found else None


def get(tx: Tx, domain_id: int) -> Domain:
    """The domain with this id. Refuses DOMAIN_NOT_FOUND."""
    found = _domains(tx, tx.rows(select(domains).where(domains.c.id == domain_id)))
    if not found:
        raise Refused(Problem.DOMAIN_NOT_FOUND)
    return found[0]


def list_domains(tx: Tx) -> list[Domain]:
    """All domains by name."""
    rows = tx.rows(select(domains).order_by(domains.c.name))
    return _with_keys(rows, tx.rows(select(dkim_keys)))


def page(tx: Tx, *, count: int, offset: int) -> tuple[int, list[Domain]]:
    """How many domains there are, and `count` of them after the first `offset`, by name."""
    total = tx.scalar(select(func.count()).select_from(domains))
    query = select(domains).order_by(domains.c.name).limit(count).offset(offset)
    return total, _domains(tx, tx.rows(query))


def search(tx: Tx, text: str, *, count: int, offset: int) -> tuple[int, list[Domain]]:
    """How many domains have a text in their name, and `count` of them after the first `offset`, by name."""
    wanted = domains.c.name.contains(text.lower(), autoescape=True)
    total = tx.scalar(select(func.count()).select_from(domains).where(wanted))
    query = select(domains).where(wanted).order_by(domains.c.name).limit(count).offset(offset)
    return total, _domains(tx, tx.rows(query))


def due(tx: Tx, *, count: int) -> list[Domain]:
    """Domains whose time has come to be looked at again, the longest due first."""
    query = select(domains).where(domains.c.check_at <= tx.now).order_by(domains.c.check_at)
    return _domains(tx, tx.rows(query.limit(count)))


def _domains(tx: Tx, rows: Sequence[Row[Any]]) -> list[Domain]:
    if not rows:
        return []
    ids = [row.id for row in rows]
    return _with_keys(rows, tx.rows(select(dkim_keys).where(dkim_keys.c.domain_id.in_(ids))))


def _with_keys(rows: Sequence[Row[Any]], keys: Sequence[Row[Any]]) -> list[Domain]:
    names = {row.id: row.name for row in rows}
    found: dict[int, dict[KeyState, DkimKey]] = {row.id: {} for row in rows}
    for key in keys:
        found[key.domain_id][key.state] = _key(names[key.domain_id], key)
    return [_domain(row, found[row.id]) for row in rows]


def _key(domain: str, row: Row[Any]) -> DkimKey:
    return DkimKey(
        domain=domain,
        selector=row.selector,
        pem=bytes(row.pem),
        state=row.state,
        bits=row.bits,
        since=row.since,
    )


def _domain(row: Row[Any], keys: dict[KeyState, DkimKey]) -> Domain:
    return Domain(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        keys=keys,
        return_path=Alias(host=row.return_path, is_verified=row.is_return_path_verified),
        tracking=Alias(host=row.tracking, is_verified=row.is_tracking_verified),
        is_spf_verified=row.is_spf_verified,
        changed_at=row.changed_at,
    )
