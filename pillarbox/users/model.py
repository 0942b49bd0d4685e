"""Users of the pages, and what each may do."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
