"""Passwords as argon2id hashes. Nothing of argon2 is imported before the first password is looked at.

Hashing takes memory and time on purpose, so it runs in threads, a few at a time: whoever asks too often waits, and
the server's memory stays bounded.
"""

import asyncio
import secrets
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MEMORY_KIB = 47_104
TIME_COST = 1
LANES = 1
"""OWASP's password storage cheat sheet: argon2id with 46 MiB, one pass, one lane."""
AT_ONCE = 2
_GENERATED_BYTES = 15


def hash_now(password: str) -> str:
    """The hash to store, made in the calling thread."""
    return _hasher().hash(password)


def matches_now(password: str, stored: str | None) -> bool:
    """Whether this is the password behind a hash. Without a hash it takes as long, and it is not."""
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 - see above

    if stored is None:
        hash_now(password)
        return False
    try:
        return _hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def is_old(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(stored)


def generate() -> str:
    """A password nobody has to invent: 120 random bits."""
    return secrets.token_urlsafe(_GENERATED_BYTES)


class Hashing:
    """The same off the event loop."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """The hash to store."""
        async with self._places:
            return await asyncio.to_thread(hash_now, password)

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether this is the password behind a hash."""
        async with self._places:
            return await asyncio.to_thread(matches_now, password, stored)


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher, Type  # noqa: PLC0415 - see above

    return PasswordHasher(
        time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID
    )
