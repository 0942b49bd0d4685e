"""When each chore is due, in the database: of all nodes that share it, one takes a chore whose time has come."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, String, Table, case, literal, or_, select, update

from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import UtcTime

chores = Table(
    "chores",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("due_at", UtcTime, nullable=False),
    Column("leased_until", UtcTime),
    Column("done_at", UtcTime),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a chore stands. `leased_until`: somebody is at it; `done_at`: when it was last done."""

    name: str
    due_at: datetime
    leased_until: datetime | None
    done_at: datetime | None


def call(tx: Tx, name: str) -> None:
    """Make a chore due now; should somebody be at it, once more after that."""
    _ensure(tx, name)
    tx.run(update(chores).where(chores.c.name == name).values(due_at=tx.now))


def claim(tx: Tx, name: str, lease: timedelta) -> datetime | None:
    """Take a chore that is due and in nobody's hand; the end of the lease, or None."""
    _ensure(tx, name)
    until = tx.now + lease
    is_free = or_(chores.c.leased_until.is_(None), chores.c.leased_until <= tx.now)
    mine = update(chores).where(chores.c.name == name, chores.c.due_at <= tx.now, is_free)
    return until if tx.run(mine.values(due_at=until, leased_until=until)) else None


def extend(tx: Tx, name: str, held: datetime, lease: timedelta) -> datetime | None:
    """Keep a chore that is in hand for longer; None when it was lost to another node."""
    until = tx.now + lease
    mine = update(chores).where(chores.c.name == name, chores.c.leased_until == held)
    # Called meanwhile, it stays due; else it would be due when the lease ends.
    due = case((chores.c.due_at == held, literal(until, UtcTime)), else_=chores.c.due_at)
    return until if tx.run(mine.values(leased_until=until, due_at=due)) else None


def finish(tx: Tx, name: str, held: datetime, due_at: datetime) -> None:
    """Put a chore out of hand, and say when it is due next unless it was called meanwhile."""
    mine = update(chores).where(chores.c.name == name, chores.c.leased_until == held)
    due = case((chores.c.due_at == held, literal(due_at, UtcTime)), else_=chores.c.due_at)
    tx.run(mine.values(leased_until=None, due_at=due, done_at=tx.now))


def release_all(tx: Tx) -> None:
    """Make chores that were in hand due now: for a node that starts where there can be no other."""
    held = update(chores).where(chores.c.leased_until.is_not(None))
    tx.run(held.values(leased_until=None, due_at=tx.now))


def list_all(tx: Tx) -> list[Standing]:
    """Every chore by name."""
    query = select(chores).order_by(chores.c.name)
    return [Standing(**row._mapping) for row in tx.rows(query)]  # noqa: SLF001 - SQLAlchemy's public name


def due_at(tx: Tx, name: str) -> datetime | None:
    """When a chore is due, or None when it never was."""
    at: datetime | None = tx.scalar(select(chores.c.due_at).where(chores.c.name == name))
    return at


def _ensure(tx: Tx, name: str) -> None:
    first = dialect.insert(tx.connection, chores).values(name=name, due_at=tx.now)
    tx.run(first.on_conflict_do_nothing(index_elements=["name"]))
