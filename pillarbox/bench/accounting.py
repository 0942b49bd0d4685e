"""CPU time and memory of a server's processes, read from /proc.

Nothing is left out: children that ended count through the parent that waited for them.
"""

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pillarbox.bench.model import Memory

_PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
_WATCH_S = 0.5
ENDED = "(ended)"


@dataclass(frozen=True, slots=True)
class Process:
    """One process at one instant. `own_s` is its CPU time, `ended_s` that of children it waited for."""

    pid: int
    parent: int
    session: int
    command: str
    own_s: float
    ended_s: float


def read_process(pid: int) -> Process | None:
    """The state of one process, or None when it is gone."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command may hold blanks and parentheses; the last one ends it. Numbering as in proc(5).
    command = text[text.index("(") + 1 : text.rindex(")")]
    fields = ["", "", "", *text[text.rindex(")") + 2 :].split()]
    ticks = [int(value) for value in fields[14:18]]
    return Process(
        pid=pid,
        parent=int(fields[4]),
        session=int(fields[6]),
        command=command,
        own_s=(ticks[0] + ticks[1]) / _TICKS_PER_S,
        ended_s=(ticks[2] + ticks[3]) / _TICKS_PER_S,
    )


def family(roots: Iterable[int]) -> list[Process]:
    """The live roots with all their descendants, and everything in the sessions the roots lead."""
    everyone = [
        process
        for entry in _PROC.iterdir()
        if entry.name.isdigit() and (process := read_process(int(entry.name)))
    ]
    wanted = set(roots)
    members = {p.pid for p in everyone if p.pid in wanted or p.session in wanted}
    grown = True
    while grown:
        added = {p.pid for p in everyone if p.parent in members} - members
        members |= added
        grown = bool(added)
    return [_named(process) for process in everyone if process.pid in members]


def _named(process: Process) -> Process:
    """The process with a telling command: for an interpreter the module it runs, if `-m` names one."""
    if not process.command.startswith("python"):
        return process
    try:
        words = (_PROC / str(process.pid) / "cmdline").read_bytes().decode().split("\0")
        module = words[words.index("-m") + 1]
    except (FileNotFoundError, ProcessLookupError, ValueError, IndexError):
        return process
    return replace(process, command=module.removeprefix("pillarbox.").removesuffix(".__main__"))


def cpu_used(before: list[Process], after: list[Process]) -> dict[str, float]:
    """CPU seconds between two looks at a family, by command; the sum is complete.

    Processes of one command are added up; what ended in between stands under ENDED.
    """
    known = {process.pid: process for process in before}
    used: dict[str, float] = {}
    for process in after:
        earlier = known.get(process.pid)
        spent = process.own_s - (earlier.own_s if earlier else 0.0)
        used[process.command] = used.get(process.command, 0.0) + spent
    total = _total(after) - _total(before)
    used[ENDED] = max(0.0, total - sum(used.values()))
    return {name: seconds for name, seconds in used.items() if seconds > 0}


def _total(processes: list[Process]) -> float:
    return sum(process.own_s + process.ended_s for process in processes)


def memory_of(pids: Iterable[int]) -> Memory:
    """Proportional and resident memory of the processes that are still there, in MB of 10^6 bytes."""
    pss = rss = 0.0
    count = 0
    for pid in pids:
        sizes = _sizes_mb(pid)
        if sizes:
            pss, rss, count = pss + sizes[0], rss + sizes[1], count + 1
    return Memory(pss_mb=pss, rss_mb=rss, processes=count)


def _sizes_mb(pid: int) -> tuple[float, float] | None:
    """PSS and RSS of one process. Where PSS may not be read (another user's process) RSS stands for it."""
    directory = _PROC / str(pid)
    resident = 0.0
    try:
        resident = int((directory / "statm").read_text().split()[1]) * _PAGE_MB
        lines = (directory / "smaps_rollup").read_text().splitlines()
    except PermissionError:
        return resident, resident
    except (FileNotFoundError, ProcessLookupError):
        return None
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return kib["Pss"] * 1024 / 1e6, kib["Rss"] * 1024 / 1e6


class MemoryWatch:
    """Looks at a server's memory twice a second between `start` and `stop`; keeps the peak by PSS."""

    def __init__(self, pids: Callable[[], list[int]]) -> None:
        self._pids = pids
        self._peak = Memory(0.0, 0.0, 0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> Memory:
        """End, after a last look; the peak so far."""
        self._stopping.set()
        self._thread.join()
        self._look()
        return self._peak

    def _run(self) -> None:
        while not self._stopping.wait(_WATCH_S):
            self._look()

    def _look(self) -> None:
        now = memory_of(self._pids())
        if now.pss_mb > self._peak.pss_mb:
            self._peak = now
