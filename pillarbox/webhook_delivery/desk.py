"""A desk: where calls that are due come from, and where it is written down what came of them.

There are two, for events and for inbound mail; the deliverer serves both alike.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from pillarbox.storage.tx import Tx
from pillarbox.webhook_delivery.job import Held, Job, Outcome


class Taken(Struct, frozen=True, kw_only=True, gc=False):
    """What one claim brought, and when each lane is due next."""

    jobs: Sequence[Job]
    next_due: Mapping[str, datetime | None]


class Desk(Protocol):
    """All functions but `load` may write; `settle` is shared by many callers."""

    @property
    def topic(self) -> str:
        """The topic that wakes with the lanes that got calls."""

    @property
    def timeout_s(self) -> float:
        """How long an attempt may take."""

    def lanes(self, tx: Tx) -> Mapping[str, datetime]:
        """Every lane with calls and when its first is due."""

    def take(self, tx: Tx, wanted: Sequence[tuple[str, int]], lease: int) -> Taken:
        """Claim due calls, at most so many a lane."""

    def load(self, tx: Tx, job: Job) -> bytes | None:
        """The body of a large job; None when it is gone."""

    def settle(self, tx: Tx, outcomes: Sequence[Outcome]) -> Sequence[datetime | None]:
        """Write outcomes down; when each call is due again, None for never."""

    def extend(self, tx: Tx, held: Sequence[Held]) -> None:
        """Keep hold of calls for one more lease time."""

    def release(self, tx: Tx, held: Sequence[Held]) -> None:
        """Give calls back untried."""
