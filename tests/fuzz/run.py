"""Fuzzes one target for a while: `python -m tests.fuzz.run TARGET SECONDS [SEED]`.

Every case has a name, `seed:target:number`, from which it can be made again. What breaks a promise is made as
short as it goes and printed as a line for tests/corpus/fuzz, to be kept there once the code is mended.
"""

import logging
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random, SystemRandom
from types import FrameType

from typing_extensions import override

from tests.fuzz.mutate import mutated
from tests.fuzz.seeds import escaped
from tests.fuzz.targets import TARGETS, Target

MOST_CPU_S = 3.0  # for one input of at most 64 KB: only what is not linear takes so long
_SHRINK_TRIES = 400


@dataclass(frozen=True)
class Finding:
    """A broken promise."""

    case: str
    problem: str
    data: bytes

    @override
    def __str__(self) -> str:
        return f"{self.case}: {self.problem}\ntests/corpus/fuzz line: {escaped(self.data)}"


def fuzz(target: Target, *, seed: int, cpu_s: float) -> tuple[int, Finding | None]:
    """Try broken inputs until the time is used up or one is found that breaks a promise; how many, and it."""
    seeds = [data for _, data in target.seeds()]
    number, end = 0, time.thread_time() + cpu_s
    while time.thread_time() < end:
        number += 1
        case = f"{seed}:{target.name}:{number}"
        data = mutated(Random(case), seeds)
        if problem := _problem(target, data):
            return number, Finding(case, problem, _shortened(target, data, problem))
    return number, None


def _problem(target: Target, data: bytes) -> str:
    """What is wrong with what a target does with an input, "" for nothing."""
    before = time.thread_time()
    signal.signal(signal.SIGVTALRM, _too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_CPU_S, 0.1)
    try:
        target.check(data)
    except Exception as error:  # noqa: BLE001 - whatever is raised is what we are after
        return f"{type(error).__name__}: {str(error)[:500]}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    # What is raised may have been caught on its way.
    return f"{TooSlow.__name__}: caught" if time.thread_time() - before > MOST_CPU_S else ""


class TooSlow(Exception):
    """An input took more CPU time than any may."""


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TooSlow


def _shortened(target: Target, data: bytes, problem: str) -> bytes:
    """A shorter input with a problem of the same kind."""
    kind = problem.partition(":")[0]
    tries, size = 0, len(data) // 2
    while size and tries < _SHRINK_TRIES:
        at = 0
        while at < len(data) and tries < _SHRINK_TRIES:
            tries += 1
            shorter = data[:at] + data[at + size :]
            if _problem(target, shorter).partition(":")[0] == kind:
                data = shorter
            else:
                at += size
        size //= 2
    return data


def new_seed() -> int:
    """A seed nobody chose."""
    return SystemRandom().getrandbits(32)


def main(words: Sequence[str]) -> int:
    """Fuzz what the command line names; 1 when something was found."""
    logging.disable()  # what goes wrong for a client is nothing to tell here
    name, seconds, *more = words
    seed = int(more[0]) if more else new_seed()
    count, found = fuzz(TARGETS[name], seed=seed, cpu_s=float(seconds))
    print(f"{name}: {count} inputs, seed {seed}: {found or 'nothing found'}")  # noqa: T201 - a command
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
