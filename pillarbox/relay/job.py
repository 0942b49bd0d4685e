"""What the dispatcher tells its workers, and what they tell back. Plain values that travel over a local socket."""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from pillarbox.tracking.personal import Wishes


class Result(StrEnum):
    """What came of one attempt."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    FAILED = "failed"


class Id(NamedTuple):
    """Names one recipient's copy under one lease."""

    message_key: int
    position: int
    lease: int


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker must know before its first job."""

    hostname: str
    mode: str
    relay_url: str | None
    mx_port: int
    dns_servers: tuple[str, ...]
    egress_allow: tuple[str, ...]
    secret: bytes
    public_url: str


class Key(msgspec.Struct, frozen=True, array_like=True):
    """A DKIM key, sent once before the first job that names it."""

    name: str
    domain: str
    selector: str
    pem: bytes


class Job(msgspec.Struct, frozen=True, array_like=True):
    """One copy to deliver.

    Its return path is at `return_path_host`; `key` names the DKIM key that signs, "" for none. `wishes` says
    what this copy gets of its own; None: it is like all others. Bulk mail lets all other mail go first.
    """

    message_key: int
    position: int
    lease: int
    domain: str
    recipient: str
    return_path_host: str
    key: str
    raw: bytes
    wishes: Wishes | None = None
    is_bulk: bool = False


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What came of one attempt.

    `reply` is the text that decided, `cause` a local reason when there was no reply; `struggled` says that the
    destination could not be reached or asked to slow down. `at` is microseconds since 1970 UTC at the start; the
    transcript's lines are (milliseconds since then, "C" or "S" or "-", text).
    """

    message_key: int
    position: int
    lease: int
    result: Result
    reply: str
    phase: str = ""
    cause: str = ""
    host: str = ""
    ip: str = ""
    tls: str = ""
    struggled: bool = False
    at: int = 0
    duration_ms: int = 0
    transcript: list[tuple[float, str, str]] = []

    @property
    def id(self) -> Id:
        """The copy and lease this is about."""
        return Id(self.message_key, self.position, self.lease)


class ToWorker(msgspec.Struct, frozen=True, array_like=True):
    """One frame from the dispatcher."""

    keys: list[Key]
    jobs: list[Job]


class FromWorker(msgspec.Struct, frozen=True, array_like=True):
    """One frame from a worker."""

    outcomes: list[Outcome]
