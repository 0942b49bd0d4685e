"""A child process that answers orders: JSON lines in on stdin, JSON lines out on stdout.

Sink and load generator run like this, so that neither shares an interpreter with anything measured.
A child ends by itself when its stdin closes, so nothing is left behind if the parent is killed.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from pillarbox.bench.model import BenchError

_STOP_S = 5.0

T = TypeVar("T")


class Child:
    """A running `python -m MODULE`, asked by `call`. Use as a context manager: leaving stops it."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._buffer = bytearray()

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def call(self, order: object, answer: type[T], *, timeout_s: float) -> T:
        """Send one order and wait for its answer. Raises BenchError when none comes in time."""
        self.order(order)
        return self.read(answer, timeout_s=timeout_s)

    def order(self, order: object) -> None:
        """Send one order without waiting. Raises BenchError when the child is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise BenchError(f"{self._module} is gone: {error}") from error

    def read(self, answer: type[T], *, timeout_s: float) -> T:
        """Wait for one line of the child. Raises BenchError when none comes in time."""
        return msgspec.json.decode(self._line(timeout_s), type=answer)

    def _line(self, timeout_s: float) -> bytes:
        """The next line of the child's output, waited for until the deadline."""
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                raise BenchError(f"{self._module} gave no answer within {timeout_s:.0f} s")
            chunk = os.read(pipe, 1 << 16)
            if not chunk:
                raise BenchError(f"{self._module} ended before it answered")
            self._buffer += chunk
        line, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer = bytearray(rest)
        return line

    def close(self) -> None:
        """End the child: close its input, then insist."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        end_process(self._process, timeout_s=_STOP_S)
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def end_process(process: subprocess.Popen[bytes], *, timeout_s: float) -> bool:
    """Wait for a session leader to end, then kill what is left of its session. True if it ended by itself."""
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        kill_group(process.pid)
        process.wait()
        return False
    return True


def kill_group(leader: int) -> None:
    """Kill the process group of a leader; nothing happens when it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
