"""A writer's own connection, kept from one transaction to the next: quicker than having the pool care for each."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from pillarbox.storage import engines


class Line:
    """One connection for one thread, made when it is needed, and made anew after anything went wrong."""

    def __init__(self, engine: Engine, *, rest_s: float | None) -> None:
        """After `rest_s` seconds without use the pool looks whether it still stands; None: it always does."""
        self._engine = engine
        self._rest_s = rest_s
        self._connection: Connection | None = None
        self._used_at = 0.0

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction; commits unless the block raises."""
        connection = self._open()
        try:
            with connection.begin(), engines.together(connection):
                yield connection
        except BaseException:
            self.close()
            raise
        self._used_at = time.monotonic()

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open(self) -> Connection:
        if self._rest_s is not None and time.monotonic() - self._used_at > self._rest_s:
            self.close()
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection
