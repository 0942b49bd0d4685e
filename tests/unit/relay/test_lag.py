"""How late an event loop is, with the loop's own time set by hand."""

import asyncio

import pytest

from pillarbox.relay.lag import Lag


async def test_a_loop_that_comes_late_is_seen_and_forgotten_when_all_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    times = [loop.time()]
    monkeypatch.setattr(loop, "time", lambda: times[-1])
    lag = Lag()

    async def look(after_s: float) -> None:
        times.append(times[-1] + after_s)
        for _ in range(3):  # due timers run in the turn after the one that finds them
            await asyncio.sleep(0)

    lag.watch()
    lag.watch()
    await look(0.01)
    assert lag.seconds == pytest.approx(0, abs=1e-6)
    for _ in range(20):
        lag.watch()
        await look(0.11)
    assert lag.seconds == pytest.approx(0.1, rel=0.05)
    await look(0.01)  # nobody has said that there is more to do
    await look(0.01)
    assert lag.seconds == 0
