"""Users in the database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select, update

from pillarbox.storage import dialect
from pillarbox.storage.tx import Tx
from pillarbox.users.model import Role, User
from pillarbox.users.store.tables import sessions, users

COLUMNS = (
    users.c.id,
    users.c.email,
    users.c.name,
    users.c.role,
    users.c.created_at,
    users.c.seen_at,
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user with the hash of the password."""

    user: User
    password_hash: str = field(repr=False)


def has_any(tx: Tx) -> bool:
    """Whether there is any user: then everybody must log in."""
    return tx.first(select(users.c.id).limit(1)) is not None


def list_all(tx: Tx) -> list[User]:
    """All users by email address."""
    return [user_of(row) for row in tx.rows(select(*COLUMNS).order_by(users.c.email_key))]


def find(tx: Tx, user_id: int) -> User | None:
    """A user by id."""
    row = tx.first(select(*COLUMNS).where(users.c.id == user_id))
    return None if row is None else user_of(row)


def find_by_email(tx: Tx, email: str) -> Credentials | None:
    """A user by email address in any case, with the password's hash."""
    query = select(*COLUMNS, users.c.password_hash).where(users.c.email_key == email_key(email))
    row = tx.first(query)
    return None if row is None else Credentials(user_of(row[:-1]), row.password_hash)


def lock_owners(tx: Tx) -> list[int]:
    """The ids of all owners; nobody else changes or removes them until this transaction ends."""
    query = select(users.c.id).where(users.c.role == Role.OWNER).order_by(users.c.id)
    return [row.id for row in tx.rows(query.with_for_update())]


def insert(tx: Tx, *, email: str, name: str, role: Role, password_hash: str) -> User | None:
    """Create a user; None when the email address is taken."""
    row = {
        "email": email,
        "email_key": email_key(email),
        "name": name,
        "role": role,
        "password_hash": password_hash,
        "created_at": tx.now,
    }
    statement = dialect.insert(tx.connection, users).values(row)
    made = tx.first(
        statement.on_conflict_do_nothing(index_elements=["email_key"]).returning(users.c.id)
    )
    return None if made is None else find(tx, made.id)


def set_name(tx: Tx, user_id: int, name: str) -> None:
    """Give a user another name."""
    tx.run(update(users).where(users.c.id == user_id).values(name=name))


def set_role(tx: Tx, user_id: int, role: Role) -> None:
    """Give a user another role."""
    tx.run(update(users).where(users.c.id == user_id).values(role=role))


def set_password(tx: Tx, user_id: int, password_hash: str) -> None:
    """Give a user another password."""
    tx.run(update(users).where(users.c.id == user_id).values(password_hash=password_hash))


def set_seen(tx: Tx, user_id: int) -> None:
    """Note that a user is here."""
    tx.run(update(users).where(users.c.id == user_id).values(seen_at=tx.now))


def remove(tx: Tx, user_id: int) -> None:
    """Delete a user with all sessions."""
    tx.run(delete(sessions).where(sessions.c.user_id == user_id))
    tx.run(delete(users).where(users.c.id == user_id))


def count(tx: Tx) -> int:
    """How many users there are."""
    return int(tx.scalar(select(func.count()).select_from(users)))


def email_key(email: str) -> str:
    """The form in which email addresses are compared."""
    return email.strip().lower()


def user_of(row: Sequence[Any]) -> User:
    """A User from the columns COLUMNS."""
    names = (column.name for column in COLUMNS)
    return User(**dict(zip(names, row, strict=True)))
