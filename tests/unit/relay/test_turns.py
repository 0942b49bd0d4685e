"""Turns of the event loop for work that lets all other work go first."""

import asyncio

from pillarbox.relay.turns import Turns


async def test_one_gets_its_turn_in_each_turn_of_the_loop() -> None:
    turns = Turns()
    asked = [turns.ask() for _ in range(4)]
    asked[1].set_result(None)  # needs no turn any more
    done = []
    for _ in range(3):
        await asyncio.sleep(0)
        done.append([turn.done() for turn in asked])
    assert done == [
        [True, True, False, False],
        [True, True, True, False],
        [True, True, True, True],
    ]
    late = turns.ask()
    assert not late.done()
    await late
