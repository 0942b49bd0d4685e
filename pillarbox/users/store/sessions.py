"""Sessions in the database: who is logged in, known by the hash of a token that only the browser has."""

import hashlib
import secrets

from sqlalchemy import delete, func, insert, or_, select, update

from pillarbox.storage.tx import Tx
from pillarbox.users.model import IDLE, LONGEST, Session, User
from pillarbox.users.store import people
from pillarbox.users.store.tables import sessions, users

_TOKEN_BYTES = 32


def open_new(tx: Tx, user_id: int, *, ip: str, agent: str) -> str:
    """Begin a session; the token for the browser, which is not kept here."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    row = {
        "token_hash": hash_of(token),
        "user_id": user_id,
        "ip": ip[:45],
        "agent": agent[:200],
        "created_at": tx.now,
        "seen_at": tx.now,
    }
    tx.run(insert(sessions), row)
    people.set_seen(tx, user_id)
    return token


def find(tx: Tx, token: str) -> tuple[User, Session] | None:
    """Whose session a token is; None for an unknown one and for one that is over."""
    query = (
        select(*sessions.c, *(column.label(f"user_{column.name}_") for column in people.COLUMNS))
        .join(users, users.c.id == sessions.c.user_id)
        .where(sessions.c.token_hash == hash_of(token))
    )
    row = tx.first(query)
    if row is None:
        return None
    width = len(sessions.c)
    session = Session(**dict(zip(sessions.c.keys(), row[:width], strict=True)))
    return None if session.is_over(tx.now) else (people.user_of(row[width:]), session)


def list_of_user(tx: Tx, user_id: int) -> list[Session]:
    """The sessions of a user that are not over, the one used last first."""
    query = (
        select(sessions).where(sessions.c.user_id == user_id).order_by(sessions.c.seen_at.desc())
    )
    found = [Session(**row._mapping) for row in tx.rows(query)]  # noqa: SLF001 - SQLAlchemy's public name
    return [session for session in found if not session.is_over(tx.now)]


def count_by_user(tx: Tx) -> dict[int, int]:
    """How many sessions each user has; those without any are left out."""
    query = (
        select(sessions.c.user_id, func.count())
        .where(sessions.c.seen_at > tx.now - IDLE, sessions.c.created_at > tx.now - LONGEST)
        .group_by(sessions.c.user_id)
    )
    return {row[0]: row[1] for row in tx.rows(query)}


def touch(tx: Tx, session: Session) -> None:
    """Note that a session is used."""
    one = sessions.c.token_hash == session.token_hash
    tx.run(update(sessions).where(one).values(seen_at=tx.now))
    people.set_seen(tx, session.user_id)


def end(tx: Tx, token_hash: str) -> None:
    """End one session."""
    tx.run(delete(sessions).where(sessions.c.token_hash == token_hash))


def end_all(tx: Tx, user_id: int, *, but: str | None = None) -> int:
    """End the sessions of a user, all or all but one; how many these were."""
    statement = delete(sessions).where(sessions.c.user_id == user_id)
    if but is not None:
        statement = statement.where(sessions.c.token_hash != but)
    return tx.run(statement)


def delete_over(tx: Tx, limit: int) -> int:
    """Delete some sessions that are over; how many were found."""
    is_over = or_(sessions.c.seen_at <= tx.now - IDLE, sessions.c.created_at <= tx.now - LONGEST)
    old = select(sessions.c.token_hash).where(is_over).limit(limit)
    return tx.run(delete(sessions).where(sessions.c.token_hash.in_(old)))


def hash_of(token: str) -> str:
    """What is kept of a token: with 256 random bits, a plain digest is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
