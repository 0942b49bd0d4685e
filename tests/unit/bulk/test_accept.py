"""Requests are taken in whole, in small parts, and one at a time."""

import asyncio
import json
from functools import partial
from typing import Any

import pytest

from pillarbox.app import App
from pillarbox.bulk import store
from pillarbox.bulk.accept import BulkIntake
from pillarbox.bulk.pace import SLICE_S, Pace
from pillarbox.bulk.pack import PART_ENTRIES
from pillarbox.domains.directory import Domains
from pillarbox.errors import Problem, Refused
from pillarbox.outbound.submit import Submission
from pillarbox.wire.bulk import BulkReading


@pytest.fixture
def intake(app: App) -> BulkIntake:
    return BulkIntake(app, Submission(app, Domains(app.db, monotonic=app.monotonic)))


def a_body(messages: list[dict[str, Any]]) -> bytes:
    request = {"From": "a@b.example", "Subject": "s", "TextBody": "t", "Messages": messages}
    return json.dumps(request).encode()


def some(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [{"To": f"user{number}@one.example", **changes} for number in range(count)]


async def positions(app: App) -> list[int]:
    rows = await app.db.read(lambda tx: tx.rows(store.parts.select()))
    return sorted(row.position for row in rows)


async def test_a_part_holds_so_many_messages(app, server, intake):
    request = await intake.take(server, partial(BulkReading, a_body(some(2 * PART_ENTRIES + 1))))
    assert request.total == 2 * PART_ENTRIES + 1
    assert await positions(app) == [0, PART_ENTRIES, 2 * PART_ENTRIES]


async def test_a_part_holds_so_many_bytes(app, server, intake):
    messages = some(5, TemplateModel={"x": "y" * 600_000})
    await intake.take(server, partial(BulkReading, a_body(messages)))
    assert await positions(app) == [0, 2, 4]


async def test_a_request_that_is_kept_calls_for_work(app, server, intake):
    heard = app.wake.subscribe(store.TOPIC)
    await intake.take(server, partial(BulkReading, a_body(some(1))))
    await heard.wait(5)
    assert heard.is_set


async def test_one_request_is_read_at_a_time(server, intake):
    order = []

    def read(name: str) -> BulkReading:
        order.append(f"read {name}")
        return BulkReading(a_body(some(PART_ENTRIES)))

    async def take(name: str) -> None:
        await intake.take(server, partial(read, name))
        order.append(f"kept {name}")

    await asyncio.gather(take("a"), take("b"))
    assert order == ["read a", "kept a", "read b", "kept b"]


async def test_a_request_that_is_refused_does_not_hold_up_the_next(app, server, intake):
    with pytest.raises(Refused) as caught:
        await intake.take(server, partial(BulkReading, a_body([{"To": "x"}])))
    assert caught.value.problem is Problem.ADDRESS_WITHOUT_AT
    assert await positions(app) == []
    await intake.take(server, partial(BulkReading, a_body(some(1))))
    assert await positions(app) == [0]


async def test_others_get_a_turn_when_a_slice_is_over():
    now = 0.0
    pace = Pace(lambda: now)
    turns: list[float] = []
    other = asyncio.get_running_loop().call_soon(lambda: turns.append(now))
    await pace.keep()
    assert turns == []
    now = SLICE_S
    await pace.keep()
    assert turns == [SLICE_S]
    other.cancel()
