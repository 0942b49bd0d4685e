"""Logging in.

throttle → find the user → is it the password? → a session, in the transaction that looks once more

An unknown email address and a wrong password get the same answer after the same work.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pillarbox.app import App
from pillarbox.storage.tx import Tx
from pillarbox.users import passwords
from pillarbox.users.model import LONGEST_PASSWORD, Actor, User
from pillarbox.users.store import audit, people, sessions
from pillarbox.users.store.people import Credentials
from pillarbox.users.throttle import Throttle

log = logging.getLogger(__name__)

MOST_WAITING = 64
"""Attempts under way; more are sent away, so that nobody can fill the memory with them."""


class Denied(Exception):
    """Not logged in. `wait_s` is 0 for wrong credentials, else the seconds until an attempt is looked at."""

    def __init__(self, wait_s: float = 0.0) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What somebody gives in, and from where."""

    email: str
    password: str = field(repr=False)
    ip: str
    agent: str


class Logins:
    """Lets in who knows a password."""

    def __init__(
        self,
        app: App,
        hashing: passwords.Hashing,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._db = app.db
        self._hashing = hashing
        self._throttle = Throttle(app.monotonic)
        self._pause = pause
        self._waiting = 0

    async def log_in(self, attempt: Attempt) -> str:
        """Begin a session; the token for the browser. Raises Denied."""
        key = people.email_key(attempt.email)
        wait = self._throttle.wait_s(attempt.ip)
        if wait > 0:
            raise Denied(wait)
        if self._waiting >= MOST_WAITING:
            raise Denied(1.0)
        pause = self._throttle.pause_s(key)
        self._throttle.count(attempt.ip, key)
        self._waiting += 1
        try:
            if pause > 0:
                await self._pause(pause)
            token = await self._look(attempt)
        finally:
            self._waiting -= 1
        if token is None:
            log.warning("login failed", extra={"ip": attempt.ip})
            raise Denied
        self._throttle.take_back(attempt.ip, key)
        return token

    async def knows(self, user: User, password: str, *, ip: str) -> bool:
        """Whether who is logged in knows the password, too; throttled as logging in is. Raises Denied."""
        wait = self._throttle.wait_s(ip)
        if wait > 0:
            raise Denied(wait)
        key = people.email_key(user.email)
        self._throttle.count(ip, key)
        found = await self._db.read(lambda tx: people.find_by_email(tx, user.email))
        if found is None or not await self._is_password(found, password):
            return False
        self._throttle.take_back(ip, key)
        return True

    async def _look(self, attempt: Attempt) -> str | None:
        found = await self._db.read(lambda tx: people.find_by_email(tx, attempt.email))
        if not await self._is_password(found, attempt.password) or found is None:
            return None
        newer = None
        if passwords.is_old(found.password_hash):
            newer = await self._hashing.hash(attempt.password)
        return await self._db.write(lambda tx: _open(tx, found, attempt, newer))

    async def _is_password(self, found: Credentials | None, password: str) -> bool:
        stored = None if found is None else found.password_hash
        return await self._hashing.matches(password[:LONGEST_PASSWORD], stored)


def _open(tx: Tx, known: Credentials, attempt: Attempt, newer: str | None) -> str | None:
    """Begin the session, unless the password was changed or the user removed while it was looked at."""
    now = people.find_by_email(tx, known.user.email)
    if now is None or now.password_hash != known.password_hash:
        return None
    user = now.user
    if newer is not None:
        people.set_password(tx, user.id, newer)
    audit.append(tx, actor_of(user, attempt.ip), "Logged in")
    return sessions.open_new(tx, user.id, ip=attempt.ip, agent=attempt.agent)


def actor_of(user: User, ip: str) -> Actor:
    """A user as the audit log knows one: by the email address, which nobody else can have."""
    return Actor(name=user.email, role=user.role, user_id=user.id, ip=ip)
