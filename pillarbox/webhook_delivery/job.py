"""A call in hand, and what came of it."""

import hashlib
import hmac
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from pillarbox.webhooks.call import Target

TRACE_ID, EVENT_ID = "X-PM-Webhook-Trace-Id", "X-PM-Webhook-Event-Id"

Held = tuple[int, int]
"""The id of a call, and the lease under which it is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A call in hand. `body` is None when it is large: then it is loaded right before the call.

    `headers` are ours; they come after the target's own. `about` is the desk's.
    """

    id: int
    lease: int
    lane: str
    target: Target
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    size_bytes: int
    attempts: int
    about: Any = field(default=None, repr=False)

    @property
    def held(self) -> Held:
        """Its id and its lease."""
        return self.id, self.lease


class Outcome(Struct, frozen=True, kw_only=True, gc=False):
    """What one attempt led to; without an answer `status` is 0 and `text` says why."""

    job: Job
    status: int
    text: str
    duration_ms: int
    ended_at: datetime

    @property
    def started_at(self) -> datetime:
        """When it began."""
        return self.ended_at - timedelta(milliseconds=self.duration_ms)


def guid(secret: bytes, kind: bytes, number: int) -> str:
    """The same GUID for the same thing whenever it is asked for, and another one in another installation."""
    digest = hmac.digest(secret, b"%s %d" % (kind, number), hashlib.sha256)
    return str(uuid.UUID(bytes=digest[:16], version=4))
