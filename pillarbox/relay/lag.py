"""How late an event loop is: what waits for a socket may in truth be waiting for the processor."""

import asyncio

_EVERY_S = 0.01
_WEIGHT = 0.2  # of what was seen last


class Lag:
    """Watches the running loop while there is something to do; `seconds` is how late things run in it now."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._is_wanted = False
        self._is_watching = False

    def watch(self) -> None:
        """There is something to do: look from now on, until nobody has said so for a round."""
        self._is_wanted = True
        if not self._is_watching:
            self._is_watching = True
            self._wait()

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._is_wanted = False
        loop.call_later(_EVERY_S, self._look, loop.time() + _EVERY_S)

    def _look(self, due: float) -> None:
        late = max(0.0, asyncio.get_running_loop().time() - due)
        self.seconds += _WEIGHT * (late - self.seconds)
        if self._is_wanted:
            self._wait()
        else:
            self._is_watching = False
            self.seconds = 0.0
