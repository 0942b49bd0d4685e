"""What may be done to users: each in a transaction of the caller. Raises UserProblem for what may not be.

At least one owner remains, always. Sessions end with what they were opened on: a password, a role, a user.
"""

from pillarbox.config import Config
from pillarbox.storage.tx import Tx
from pillarbox.users import passwords
from pillarbox.users.model import (
    Actor,
    Role,
    User,
    UserProblem,
    checked_email,
    checked_name,
)
from pillarbox.users.store import audit, people, sessions

_LAST_OWNER = "At least one owner must remain. Make somebody else an owner first."
_UNKNOWN = "There is no such user."


def add(tx: Tx, *, email: str, name: str, role: Role, password_hash: str) -> User:
    """Create a user. The first one must be an owner: nobody else could add more."""
    email, name = checked_email(email), checked_name(name)
    if role is not Role.OWNER and not people.has_any(tx):
        raise UserProblem("The first user must be an owner.")
    made = people.insert(tx, email=email, name=name, role=role, password_hash=password_hash)
    if made is None:
        raise UserProblem("There is a user with this email address already.")
    return made


def add_first(tx: Tx, config: Config) -> User | None:
    """Create the user of ADMIN_EMAIL and ADMIN_PASSWORD when there is none yet; the one that was created."""
    email, password = config.admin_email, config.admin_password
    if not (email or password) or people.has_any(tx):
        return None
    if not email or not password:
        raise UserProblem("the first user needs both.")
    hashed = passwords.hash_now(password)
    made = people.insert(
        tx, email=checked_email(email), name="", role=Role.OWNER, password_hash=hashed
    )
    if made is not None:
        system = Actor(name="First start", role=Role.OWNER)
        audit.append(tx, system, f"Created the user {made.email} (owner)")
    return made


def rename(tx: Tx, user_id: int, name: str) -> User:
    """Give a user another name."""
    name = checked_name(name)
    user = get(tx, user_id)
    people.set_name(tx, user.id, name)
    return user


def set_role(tx: Tx, user_id: int, role: Role) -> User:
    """Give a user another role; who loses one has to log in again."""
    owners = people.lock_owners(tx)
    user = get(tx, user_id)
    if user.role is Role.OWNER and role is not Role.OWNER and owners == [user.id]:
        raise UserProblem(_LAST_OWNER)
    people.set_role(tx, user.id, role)
    if not role.includes(user.role):
        sessions.end_all(tx, user.id)
    return user


def set_password(tx: Tx, user_id: int, password_hash: str) -> User:
    """Give a user another password. All sessions end with the old one (CVE-2026-34828)."""
    user = get(tx, user_id)
    people.set_password(tx, user.id, password_hash)
    sessions.end_all(tx, user.id)
    return user


def remove(tx: Tx, user_id: int) -> User:
    """Remove a user, whose sessions end."""
    owners = people.lock_owners(tx)
    user = get(tx, user_id)
    if owners == [user.id]:
        raise UserProblem(_LAST_OWNER)
    people.remove(tx, user.id)
    return user


def get(tx: Tx, user_id: int) -> User:
    """A user who must exist."""
    user = people.find(tx, user_id)
    if user is None:
        raise UserProblem(_UNKNOWN)
    return user


def get_by_email(tx: Tx, email: str) -> User:
    """The same by email address."""
    found = people.find_by_email(tx, email)
    if found is None:
        raise UserProblem(_UNKNOWN)
    return found.user
