"""Which lanes of the queue have due mail, and how much of it may be taken now. Pure; the dispatcher's memory.

A lane is known by the instant its first mail may be due. Lanes whose destination has enough in hand are set aside
until some of it is finished, so looking for work costs the same whether ten or ten thousand destinations are
slow. Transactional lanes are served before all bulk lanes, and what is in hand of the one takes no room from the
other. Nothing is taken from lanes of suspended destinations.

A lane gets no more than a tenth of what is free: a hundred destinations that hang leave a part for others.
"""

import heapq
from collections.abc import Iterable
from datetime import datetime

from pillarbox.outbound.model import domain_of, is_bulk, lanes_of
from pillarbox.relay.throttle import Throttle

MOST_IN_HAND = 2000
FIRST_IN_HAND, MOST_PER_DESTINATION = 20, 160  # of each kind of mail
FREE_PER_LANE = 10
LARGEST_TAKE = 200
WORTH = 8  # an eighth of the allowance


class Lanes:
    """The lanes with mail, the copies in hand, and each destination's allowance.

    With None for `suspended`, nothing is taken before the first call of `suspend`.
    """

    def __init__(
        self,
        *,
        most_in_hand: int = MOST_IN_HAND,
        suspended: frozenset[str] | None = frozenset(),
    ) -> None:
        self._due: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._ready: dict[
            str, None
        ] = {}  # in the order they became ready: every lane gets its turn
        self._set_aside: dict[str, set[str]] = {}
        self._in_hand: dict[str, int] = {}  # by lane
        self._throttles: dict[str, Throttle] = {}
        self._suspended = suspended
        self._free = most_in_hand
        self._reserve = most_in_hand // 5  # never taken by bulk mail

    def found(self, lane: str, due: datetime) -> None:
        """Mail of this lane may be due at this instant."""
        known = self._due.get(lane)
        if known is None or due < known:
            self._due[lane] = due
            heapq.heappush(self._heap, (due, lane))

    def next_due(self) -> datetime | None:
        """When the next lane becomes due, of those not already ready; None when there is none."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def wanted(self, now: datetime) -> list[tuple[str, int]]:
        """The lanes to take from and how many of each; what is asked for counts as in hand until `took`."""
        while (due := self.next_due()) is not None and due <= now:
            lane = heapq.heappop(self._heap)[1]
            del self._due[lane]
            self._ready[lane] = None
        asked: list[tuple[str, int]] = []
        # A stable sort by "is bulk": what people wait for goes first, each kind in its own order.
        for lane in sorted(self._ready, key=is_bulk):
            if self._is_suspended(domain_of(lane)) or not self._is_worth_taking(lane):
                self._set_lane_aside(lane)
            elif (slots := self._slots(lane)) > 0:
                del self._ready[lane]
                self._hold(lane, slots)
                asked.append((lane, slots))
        return asked

    def has_room(self, lane: str, now: datetime, *, promised: int, promised_in_all: int) -> bool:
        """Whether a copy of a lane may be taken past the queue: nothing of the lane waits, and there is room.

        Only looks things up, so that any thread may ask; the answer may be a moment old.
        """
        due = self._due.get(lane)
        domain = domain_of(lane)
        return (
            (due is None or due > now)
            and lane not in self._ready
            and lane not in self._set_aside.get(domain, ())
            and not self._is_suspended(domain)
            and self._room(lane) > promised
            and self._free - self._reserve > promised_in_all
        )

    def handed(self, lane: str) -> None:
        """One copy of a lane was taken past the queue."""
        self._hold(lane, 1)

    def suspend(self, domains: Iterable[str]) -> bool:
        """Take from these destinations no more, and from all others; whether any may be taken from again."""
        before, self._suspended = self._suspended, frozenset(domains)
        held = self._set_aside if before is None else before
        resumed = [domain for domain in held if domain not in self._suspended]
        for domain in resumed:
            for lane in self._set_aside.pop(domain, ()):
                self._ready[lane] = None
        return bool(resumed)

    def took(self, lane: str, *, asked: int, got: int, next_due: datetime | None) -> None:
        """What became of one entry of `wanted`; `next_due` is the lane's next instant, None when it is empty."""
        self._release(lane, asked - got)
        if next_due is not None:
            self.found(lane, next_due)

    def finished(self, lane: str, *, struggled: bool, is_slow: bool = False) -> None:
        """One copy of a lane is out of hand."""
        domain = domain_of(lane)
        throttle = self._throttles.get(domain)
        if throttle is None:
            throttle = Throttle(limit=FIRST_IN_HAND, most=MOST_PER_DESTINATION)
            self._throttles[domain] = throttle
        if struggled:
            throttle.struggled()
        elif is_slow:
            throttle.lagged(FIRST_IN_HAND)
        else:
            throttle.answered()
        self._release(lane, 1)

    def _set_lane_aside(self, lane: str) -> None:
        del self._ready[lane]
        self._set_aside.setdefault(domain_of(lane), set()).add(lane)

    def _make_ready(self, lane: str) -> None:
        aside = self._set_aside.get(domain_of(lane))
        if aside is None or lane not in aside:
            return
        aside.remove(lane)
        self._ready[lane] = None
        if not aside:
            del self._set_aside[domain_of(lane)]

    def _slots(self, lane: str) -> int:
        return min(self._room(lane), self._free_for(lane), LARGEST_TAKE)

    def _is_suspended(self, domain: str) -> bool:
        return self._suspended is None or domain in self._suspended

    def _is_worth_taking(self, lane: str) -> bool:
        """Whether a part of the allowance is free: taking costs a transaction, too much for one copy each.

        What is in hand keeps the connections busy meanwhile.
        """
        limit = self._limit(lane)
        return limit - self._in_hand.get(lane, 0) >= max(1, limit // WORTH)

    def _room(self, lane: str) -> int:
        return self._limit(lane) - self._in_hand.get(lane, 0)

    def _free_for(self, lane: str) -> int:
        return self._free - self._reserve if is_bulk(lane) else self._free

    def _limit(self, lane: str) -> int:
        throttle = self._throttles.get(domain_of(lane))
        limit = int(throttle.limit) if throttle else FIRST_IN_HAND
        return min(limit, max(1, self._free_for(lane) // FREE_PER_LANE))

    def _hold(self, lane: str, count: int) -> None:
        self._in_hand[lane] = self._in_hand.get(lane, 0) + count
        self._free -= count

    def _release(self, lane: str, count: int) -> None:
        self._free += count
        left = self._in_hand.get(lane, 0) - count
        if left > 0:
            self._in_hand[lane] = left
        else:
            self._in_hand.pop(lane, None)
            self._forget_if_ordinary(domain_of(lane))
        if self._set_aside and self._is_worth_taking(lane):
            self._make_ready(lane)

    def _forget_if_ordinary(self, domain: str) -> None:
        throttle = self._throttles.get(domain)
        if throttle is None or throttle.limit < FIRST_IN_HAND:
            return
        if not any(lane in self._in_hand for lane in lanes_of(domain)):
            del self._throttles[domain]
