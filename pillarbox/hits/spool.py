"""Hits on disk: each is in a file before it is answered, so that a process that dies loses none.

A file holds one batch. It is written as hits come in (to the system, which keeps it when the process is killed;
nothing waits for the disk), and removed once the batch is recorded. What an earlier process left is taken over.
"""

import contextlib
import logging
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pillarbox.hits.model import RawHit

log = logging.getLogger(__name__)

PREFIX = "hits-"
SUFFIX = ".spool"
_LENGTH = 4


@dataclass(slots=True, eq=False)
class Batch:
    """Hits that are recorded together, and their file."""

    path: Path
    hits: list[RawHit] = field(default_factory=list)
    file: int | None = None


class Spool:
    """The files of one process in a directory. A disk that takes nothing is told of once; hits go on in memory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._encoder = msgspec.msgpack.Encoder()
        self._own = f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}-"
        self._number = 0
        self._is_failing = False

    def open(self) -> Batch:
        """A new, empty batch; its file is made with the first hit."""
        self._number += 1
        return Batch(self._directory / f"{self._own}{self._number:08}{SUFFIX}")

    def add(self, batch: Batch, hit: RawHit) -> None:
        """Append a hit to a batch, in memory and in its file."""
        batch.hits.append(hit)
        frame = self._encoder.encode(hit)
        try:
            if batch.file is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
                batch.file = os.open(batch.path, flags, 0o600)
            os.write(batch.file, len(frame).to_bytes(_LENGTH, "big") + frame)
        except OSError as problem:
            if not self._is_failing:
                log.error("hits are kept in memory only", extra={"reason": str(problem)})
            self._is_failing = True
        else:
            self._is_failing = False

    def close(self, batch: Batch) -> None:
        """No more is added to a batch."""
        if batch.file is not None:
            os.close(batch.file)
            batch.file = None

    def remove(self, batch: Batch) -> None:
        """A batch is recorded."""
        self.close(batch)
        with contextlib.suppress(OSError):
            batch.path.unlink(missing_ok=True)

    def left(self) -> list[Batch]:
        """The batches of processes that are gone, oldest first. A hit that was cut off is left out."""
        found = []
        for path in sorted(self._directory.glob(f"{PREFIX}*{SUFFIX}"), key=_age):
            if path.name.startswith(self._own) or _is_alive(path):
                continue
            try:
                found.append(Batch(path, list(_frames(path.read_bytes()))))
            except OSError as problem:
                log.error("spooled hits cannot be read", extra={"reason": str(problem)})
        return found


def _frames(content: bytes) -> Iterator[RawHit]:
    at = 0
    while at + _LENGTH <= len(content):
        end = at + _LENGTH + int.from_bytes(content[at : at + _LENGTH], "big")
        if end > len(content):
            return
        try:
            yield msgspec.msgpack.decode(content[at + _LENGTH : end], type=RawHit)
        except msgspec.MsgspecError as problem:
            log.error("a spooled hit cannot be read", extra={"reason": str(problem)})
            return
        at = end


def _age(path: Path) -> tuple[float, str]:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime, path.name
    return 0.0, path.name


def _is_alive(path: Path) -> bool:
    """Whether another process that still runs writes a file. Our own number may be that of a dead one, too."""
    owner = path.name.removeprefix(PREFIX).partition("-")[0]
    if not owner.isdigit() or int(owner) == os.getpid():
        return False
    try:
        os.kill(int(owner), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
