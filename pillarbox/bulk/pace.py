"""Long work in the event loop, in slices: whoever else has something to do gets a turn every few milliseconds."""

import asyncio
from collections.abc import Callable

SLICE_S = 0.003


class Pace:
    """Tells when a slice of work has lasted long enough."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until = monotonic() + SLICE_S

    async def keep(self) -> None:
        """Let others have a turn if the slice is over."""
        if self._monotonic() >= self._until:
            await asyncio.sleep(0)
            self._until = self._monotonic() + SLICE_S
