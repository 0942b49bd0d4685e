"""Whose calls are made now. Pure; the deliverer's memory.

A lane is one webhook, or one hook URL of a Server. It is known by the instant its first call may be due. Of each
lane a few calls are made at a time, more while it answers quickly, in the end one when it does not; some more are
kept at hand, so that nobody waits for the database between two calls. Lanes that are slow share at most half of
all places, so that any number of them leaves room for the others.
"""

import heapq
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from pillarbox.webhook_delivery.job import Job

MOST_AT_ONCE = 300
FIRST_AT_ONCE, MOST_OF_LANE = 4, 32
AT_HAND = 6
"""So many times as many calls of a lane are at hand as may be made at once."""
MOST_HANDED = 600
"""So many may be at hand of a lane that is not slow before more go into the queue, which takes far longer."""


@dataclass(slots=True)
class _Lane:
    """`limit` calls may be made at once, `calling` are; `asked` are being fetched, `waiting` are at hand."""

    name: str
    limit: float = FIRST_AT_ONCE
    calling: int = 0
    asked: int = 0
    waiting: deque[Job] = field(default_factory=deque)

    @property
    def is_slow(self) -> bool:
        return self.limit < FIRST_AT_ONCE

    @property
    def is_idle(self) -> bool:
        return not (self.calling or self.asked or self.waiting)

    @property
    def at_hand(self) -> int:
        """Calls that are made or fetched, or could be made."""
        return self.calling + self.asked + len(self.waiting)

    @property
    def most_at_hand(self) -> int:
        return int(self.limit) * AT_HAND

    def wants(self) -> int:
        """How many more calls should be at hand; none as long as there are enough to go on with."""
        have, most = self.at_hand, self.most_at_hand
        return most - have if have <= most // 2 else 0


class Lanes:
    """The lanes with calls, what is at hand of each, and how many it is given at a time."""

    def __init__(self, *, most_at_once: int = MOST_AT_ONCE) -> None:
        self._most = most_at_once
        self._due: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._ready: dict[str, None] = {}  # lanes with due calls that are not at hand yet
        self._startable: dict[str, None] = {}  # lanes with calls at hand, in turn
        self._lanes: dict[str, _Lane] = {}
        self._calling = 0
        self._calling_slow = 0

    def found(self, name: str, due: datetime) -> None:
        """A call of this lane may be due at this instant."""
        known = self._due.get(name)
        if known is None or due < known:
            self._due[name] = due
            heapq.heappush(self._heap, (due, name))

    def next_due(self) -> datetime | None:
        """When the next lane becomes due, of those that are not already; None when there is none."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def wanted(self, now: datetime) -> list[tuple[str, int]]:
        """The lanes to fetch calls of and how many of each; what is asked for counts until `took`."""
        while (due := self.next_due()) is not None and due <= now:
            name = heapq.heappop(self._heap)[1]
            del self._due[name]
            self._ready[name] = None
        asked: list[tuple[str, int]] = []
        for name in list(self._ready):
            lane = self._lane(name)
            if (slots := lane.wants()) > 0:
                del self._ready[name]
                lane.asked += slots
                asked.append((name, slots))
        return asked

    def took(self, name: str, calls: list[Job], *, asked: int, next_due: datetime | None) -> None:
        """What became of one entry of `wanted`; `next_due` is the lane's next instant, None when it is empty."""
        lane = self._lane(name)
        lane.asked -= asked
        lane.waiting.extend(calls)
        if calls:
            self._startable[name] = None
        if next_due is not None:
            self.found(name, next_due)
        self._forget_if_ordinary(lane)

    def has_room(self, name: str, now: datetime, *, promised: int) -> bool:
        """Whether a call may be taken past the queue: none of its lane waits there, and there is room at hand.

        Only looks things up, so that any thread may ask; the answer may be a moment old.
        """
        due, lane = self._due.get(name), self._lanes.get(name)
        if name in self._ready or (due is not None and due <= now):
            return False
        if lane is None:
            return promised < MOST_HANDED
        most = lane.most_at_hand if lane.is_slow else MOST_HANDED
        return not lane.asked and lane.at_hand + promised < most

    def handed(self, job: Job) -> None:
        """A call that is held already, past the queue."""
        self._lane(job.lane).waiting.append(job)
        self._startable[job.lane] = None

    def start(self) -> list[Job]:
        """The calls to make now, lane by lane in turn; they count until `ended`."""
        started: list[Job] = []
        for name in list(self._startable):
            lane = self._lanes[name]
            while lane.waiting and self._may_call(lane):
                started.append(lane.waiting.popleft())
                self._count(lane, 1)
            if not lane.waiting:
                del self._startable[name]
            elif lane.calling:
                self._startable[name] = self._startable.pop(name, None)  # to the end of the line
        return started

    def ended(self, name: str, *, is_quick: bool) -> None:
        """A call was answered, quickly or not, or got no answer."""
        lane = self._lanes[name]
        self._count(lane, -1)
        was_slow = lane.is_slow
        if is_quick:
            lane.limit = min(MOST_OF_LANE, lane.limit + FIRST_AT_ONCE / lane.limit)
        else:
            lane.limit = max(1.0, lane.limit / 2)
        if was_slow is not lane.is_slow:
            self._calling_slow += lane.calling if lane.is_slow else -lane.calling
        self._forget_if_ordinary(lane)

    def empty(self) -> list[Job]:
        """All that is at hand and was not started; it is not at hand any more."""
        left = [call for lane in self._lanes.values() for call in lane.waiting]
        for lane in self._lanes.values():
            lane.waiting.clear()
        self._startable.clear()
        return left

    def _may_call(self, lane: _Lane) -> bool:
        if lane.calling >= int(lane.limit) or self._calling >= self._most:
            return False
        return not lane.is_slow or self._calling_slow < self._most // 2

    def _count(self, lane: _Lane, change: int) -> None:
        lane.calling += change
        self._calling += change
        if lane.is_slow:
            self._calling_slow += change

    def _lane(self, name: str) -> _Lane:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane(name)
        return lane

    def _forget_if_ordinary(self, lane: _Lane) -> None:
        """A lane without calls is forgotten, unless it is slow and has to earn its places."""
        if lane.is_idle and not lane.is_slow:
            self._lanes.pop(lane.name, None)
