"""Hits on disk: until they are recorded they are in files, so that a process that dies loses none.

A file holds one batch: hits are appended before they are answered (to the system's memory, which outlives the
process, not to the disk itself), and it is removed once the batch is recorded. What an earlier process left is
taken over; to look for it, and to remove files, waits for the disk and is for threads.
"""

import contextlib
import ctypes
import errno
import logging
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pillarbox.hits.model import RawHit

log = logging.getLogger(__name__)

# Unlike os.write it keeps the interpreter's lock: a write into the system's memory takes some microseconds, to get
# the lock back from a thread that records hits may take a thousand times as long.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.write.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
_libc.write.restype = ctypes.c_ssize_t

PREFIX = "hits-"
SUFFIX = ".spool"
_LENGTH = 4


@dataclass(slots=True, eq=False)
class Batch:
    """Hits that are recorded together, and their file."""

    path: Path
    hits: list[RawHit] = field(default_factory=list)


class Spool:
    """The files of one process in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._own = f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}-"
        self._number = 0
        self._file: tuple[Batch, int] | None = None  # the last one stays open
        self._is_failing = False

    def open(self) -> Batch:
        """A new, empty batch; its file is made with the first hit."""
        self._number += 1
        return Batch(self._directory / f"{self._own}{self._number:08}{SUFFIX}")

    def append(self, batch: Batch, hit: RawHit) -> None:
        """Add a hit to a batch and its file. A disk that takes nothing is told of once; it is in memory then."""
        batch.hits.append(hit)
        try:
            _write(self._descriptor(batch), _frame(hit))
        except OSError as problem:
            if not self._is_failing:
                log.error("hits are kept in memory only", extra={"reason": str(problem)})
            self._is_failing = True
        else:
            self._is_failing = False

    def close(self) -> None:
        """Keep no file open."""
        if self._file is not None:
            os.close(self._file[1])
            self._file = None

    def _descriptor(self, batch: Batch) -> int:
        if self._file is None or self._file[0] is not batch:
            self.close()
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._file = batch, os.open(batch.path, flags, 0o600)
        return self._file[1]

    def remove(self, batch: Batch) -> None:
        """A batch is recorded."""
        with contextlib.suppress(OSError):
            batch.path.unlink(missing_ok=True)

    def left(self) -> list[Batch]:
        """The batches of processes that are gone, oldest first. A hit that was cut off is left out."""
        found = []
        for path in sorted(self._directory.glob(f"{PREFIX}*{SUFFIX}"), key=_age):
            if path.name.startswith(self._own) or _is_alive(path):
                continue
            try:
                hits = list(_frames(path.read_bytes()))
                found.append(Batch(path, hits))
            except OSError as problem:
                log.error("spooled hits cannot be read", extra={"reason": str(problem)})
        return found


def _write(descriptor: int, octets: bytes) -> None:
    """All of it or nothing: what follows half a hit could not be read."""
    written = _libc.write(descriptor, octets, len(octets))
    if written < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if written < len(octets):
        os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _frame(hit: RawHit) -> bytes:
    packed = msgspec.msgpack.encode(hit)
    return len(packed).to_bytes(_LENGTH, "big") + packed


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
