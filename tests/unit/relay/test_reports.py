"""When a worker tells of what it has sent."""

import asyncio

from pillarbox.relay.job import Outcome, Result
from pillarbox.relay.reports import MOST_TOGETHER, Reports


def outcome(key: int) -> Outcome:
    return Outcome(message_key=key, position=0, lease=1, result=Result.DELIVERED, reply="250 OK")


class Told:
    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.came = asyncio.Event()
        self.reports = Reports(self.hear)

    def hear(self, outcomes: list[Outcome]) -> None:
        self.batches.append([one.message_key for one in outcomes])
        self.came.set()


async def test_the_outcome_of_the_only_job_is_told_at_once() -> None:
    told = Told()
    for key in range(2):
        told.reports.took(1)
        told.reports.add(outcome(key))
    assert told.batches == [[0], [1]]


async def test_outcomes_are_told_together_while_others_are_to_come() -> None:
    told = Told()
    told.reports.took(MOST_TOGETHER + 2)
    for key in range(MOST_TOGETHER + 1):
        told.reports.add(outcome(key))
    assert told.batches == [list(range(MOST_TOGETHER))]
    told.reports.add(outcome(99))
    assert told.batches[1:] == [[MOST_TOGETHER, 99]]


async def test_no_outcome_waits_long_for_others() -> None:
    told = Told()
    told.reports.took(3)
    for key in range(2):
        told.reports.add(outcome(key))
    assert told.batches == []
    await told.came.wait()
    assert told.batches == [[0, 1]]


async def test_a_worker_that_ends_tells_what_it_knows() -> None:
    told = Told()
    told.reports.took(2)
    told.reports.add(outcome(1))
    told.reports.flush()
    told.reports.flush()
    assert told.batches == [[1]]
