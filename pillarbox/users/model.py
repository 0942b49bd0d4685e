"""Users of the pages, and what each may do."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

IDLE = timedelta(days=14)
LONGEST = timedelta(days=90)
"""A session ends when it was not used for `IDLE`, and `LONGEST` after it began."""
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1000
LONGEST_NAME = 200
LONGEST_EMAIL = 254

_email = re.compile(r"[^\s@<>\"',;]+@[^\s@<>\"',;]+").fullmatch


class Role(StrEnum):
    """What a user may do; each may do what the ones before it may."""

    SUPPORT = "support"
    """Look at everything but secrets; change nothing."""
    DEVELOPER = "developer"
    """Change everything but users."""
    OWNER = "owner"

    def includes(self, other: "Role") -> bool:
        """Whether who has this role may do what needs the other."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may log in. `email` says who it is; no mail is sent to it."""

    id: int
    email: str
    name: str
    role: Role
    created_at: datetime
    seen_at: datetime | None

    @property
    def called(self) -> str:
        """How others see this user."""
        return self.name or self.email


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser that is logged in. `token_hash` is of the token in its cookie, which nobody else has."""

    token_hash: str
    user_id: int
    ip: str
    agent: str
    created_at: datetime
    seen_at: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether it was left alone, or lasted, too long."""
        return now - self.seen_at >= IDLE or now - self.created_at >= LONGEST


class UserProblem(Exception):
    """Why a user cannot be made or changed like this, in words for whoever asked."""


def checked_email(text: str) -> str:
    """An email address to log in with. Raises UserProblem for what is none."""
    text = text.strip()
    if len(text) > LONGEST_EMAIL or not _email(text) or not text.isprintable():
        raise UserProblem("This is not an email address.")
    return text


def checked_name(text: str) -> str:
    """A name to show, on one line; it may be empty. Raises UserProblem when it is too long."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(text) > LONGEST_NAME:
        raise UserProblem(f"A name may have {LONGEST_NAME} characters.")
    return text


def checked_password(text: str) -> str:
    """A password that may be set. Raises UserProblem when it is too short or too long."""
    if len(text) < SHORTEST_PASSWORD:
        raise UserProblem(f"A password needs at least {SHORTEST_PASSWORD} characters.")
    if len(text) > LONGEST_PASSWORD:
        raise UserProblem(f"A password may have {LONGEST_PASSWORD} characters.")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something on a page. `user_id` is None where no user was set up."""

    name: str
    role: Role
    user_id: int | None = None
    ip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A line of the audit log: who did what, when, from where. `server_id` is None for what concerns all."""

    id: int
    at: datetime
    actor: str
    user_id: int | None
    ip: str
    text: str
    server_id: int | None
