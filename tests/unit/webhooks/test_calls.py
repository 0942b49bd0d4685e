"""The queue of calls: claimed lane by lane under leases, moved on only by whoever holds them."""

from datetime import timedelta

from sqlalchemy import select

from pillarbox.webhooks.call import CallState, Move, NewCall, Payload
from pillarbox.webhooks.model import Trigger
from pillarbox.webhooks.store import calls
from pillarbox.webhooks.store.tables import webhook_calls

MINUTE = timedelta(minutes=1)


def put(tx, server, lane: str, count: int, *, key: int = 2) -> None:
    new = NewCall(
        lane=lane,
        trigger=Trigger.OPEN,
        server_id=server.id,
        stream_key=1,
        webhook_id=None,
        payload_key=key,
        size_bytes=2,
    )
    calls.insert_calls(tx, [Payload(key=key, recipient="A@b.example", body=b"{}")], [new] * count)


async def test_each_lane_gives_what_is_asked_for_and_says_when_it_is_due_next(app, server):
    with app.db.transaction() as tx:
        put(tx, server, "x", 3, key=2)
        put(tx, server, "y", 1, key=4)
        now = tx.now
        claimed = calls.claim(tx, [("x", 2), ("y", 2), ("z", 2)], 7)
        assert sorted(call.lane for call in claimed) == ["x", "x", "y"]
        assert {(call.lease, call.trigger, call.attempts) for call in claimed} == {
            (7, Trigger.OPEN, 0)
        }
        due = calls.next_dues(tx, ["y", "nobody", "x"])
        assert due == {"y": now + calls.LEASE, "nobody": None, "x": now}
        assert list(due) == ["y", "nobody", "x"]
        assert calls.claim(tx, [("y", 1)], 8) == []
        assert calls.load_bodies(tx, [2, 4, 6]) == {2: b"{}", 4: b"{}"}
        assert calls.load_bodies(tx, []) == {}


async def test_only_who_holds_a_call_moves_it(app, server):
    with app.db.transaction() as tx:
        put(tx, server, "x", 4)
        mine = [call.id for call in calls.claim(tx, [("x", 3)], 7)]
        (other,) = (call.id for call in calls.claim(tx, [("x", 1)], 8))
        held = [*((one, 7) for one in mine), (other, 7), (10**9, 7)]
        assert calls.still_held(tx, held) == set(mine)
        assert calls.still_held(tx, []) == set()
        again = tx.now + MINUTE
        calls.move(
            tx,
            [
                Move(id=mine[0], state=CallState.TAKEN),
                Move(id=mine[1], state=CallState.GIVEN_UP),
                Move(id=mine[2], state=CallState.WAITING, due_at=again),
            ],
        )
        calls.move(tx, [])
        rows = {row.id: row for row in tx.rows(select(webhook_calls))}
        facts = [(rows[one].state, rows[one].lease, rows[one].attempts) for one in mine]
        assert facts == [
            (CallState.TAKEN, None, 1),
            (CallState.GIVEN_UP, None, 1),
            (CallState.WAITING, None, 1),
        ]
        assert (rows[mine[2]].due_at, rows[other].lease, rows[other].attempts) == (again, 8, 0)
        assert calls.still_held(tx, held) == set()
        assert calls.next_dues(tx, ["x"]) == {"x": tx.now + calls.LEASE}
