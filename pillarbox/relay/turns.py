"""Turns of the event loop, handed out one at a time, so that much work of a kind leaves room for all other."""

import asyncio
from collections import deque

from pillarbox.relay.lag import Lag


class Turns:
    """Whoever waits for a turn gets it in the order of asking, one in each turn of the loop.

    `lag` tells how late the turns come.
    """

    def __init__(self) -> None:
        self.lag = Lag()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_running = False

    def ask(self) -> asyncio.Future[None]:
        """A future that is done when it is one's turn. Whoever settles it before needs no turn."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        if not self._is_running:
            self._is_running = True
            loop.call_soon(self._give)
        return turn

    def _give(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._give)
                return
        self._is_running = False
