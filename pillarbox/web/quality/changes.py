"""Suppressing and reactivating lists of addresses: one transaction a batch, and a word on every line.

lines -> batches -> outbound/suppress or bounces/activate -> results
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pillarbox.bounces.activate import activate_addresses
from pillarbox.errors import Problem, Refused
from pillarbox.outbound.suppress import suppress_addresses
from pillarbox.servers.model import Stream
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store
from pillarbox.web.quality.addresses import Line
from pillarbox.web.quality.reasons import why
from pillarbox.web.visit import words

BATCH = 500
MAX_LINES = 100_000


class Outcome(StrEnum):
    """What became of a line; in the order in which a report tells."""

    ADDED = "Added"
    REACTIVATED = "Reactivated"
    KNOWN = "Already there"
    ABSENT = "Was not suppressed"
    REFUSED = "Refused"
    INVALID = "Invalid"


TONES = {
    Outcome.ADDED: "good",
    Outcome.REACTIVATED: "good",
    Outcome.KNOWN: "mute",
    Outcome.ABSENT: "mute",
    Outcome.REFUSED: "bad",
    Outcome.INVALID: "bad",
}


@dataclass(frozen=True, slots=True)
class Result:
    """A line, what became of it, and why."""

    line: Line
    outcome: Outcome
    note: str = ""

    @property
    def tone(self) -> str:
        """The name of its colour."""
        return TONES[self.outcome]


Change = Callable[[Tx, Stream, Sequence[Line]], list[Result]]


def add(tx: Tx, stream: Stream, lines: Sequence[Line]) -> list[Result]:
    """Hold addresses back in a stream; one that stands there twice is added once."""
    keys = _keys(lines)
    held = store.find_all(tx, stream.key, keys)
    fixed = suppress_addresses(tx, stream, keys)
    results, seen = [], set(held)
    for line in lines:
        if line.key is None:
            results.append(_invalid(line))
        elif line.key in fixed:
            results.append(Result(line, Outcome.REFUSED, _told(Problem.SUPPRESSION_NOT_YOURS)))
        elif line.key in held:
            results.append(Result(line, Outcome.KNOWN, f"Because {why(held[line.key])}."))
        elif line.key in seen:
            results.append(Result(line, Outcome.KNOWN, "It stands in the list twice."))
        else:
            results.append(Result(line, Outcome.ADDED))
            seen.add(line.key)
    return results


def reactivate(tx: Tx, stream: Stream, lines: Sequence[Line]) -> list[Result]:
    """Send to addresses again, unless they complained or unsubscribed."""
    keys = _keys(lines)
    held = store.find_all(tx, stream.key, keys)
    fixed = activate_addresses(tx, stream, keys)
    results = []
    for line in lines:
        if line.key is None:
            results.append(_invalid(line))
        elif line.key in fixed:
            note = f"{_told(Problem.SUPPRESSION_NOT_YOURS)} Because {why(held[line.key])}."
            results.append(Result(line, Outcome.REFUSED, note))
        elif line.key in held:
            results.append(Result(line, Outcome.REACTIVATED))
        else:
            results.append(Result(line, Outcome.ABSENT))
    return results


def batches(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """The lines in parts that one transaction takes."""
    for start in range(0, len(lines), BATCH):
        yield lines[start : start + BATCH]


def sums(results: Sequence[Result]) -> list[tuple[Outcome, int]]:
    """How many lines had each outcome, those that any had."""
    counts = Counter(one.outcome for one in results)
    return [(outcome, counts[outcome]) for outcome in Outcome if counts[outcome]]


def _keys(lines: Sequence[Line]) -> list[str]:
    return list(dict.fromkeys(line.key for line in lines if line.key is not None))


def _invalid(line: Line) -> Result:
    return Result(line, Outcome.INVALID, _told(Problem.SUPPRESSION_BAD_ADDRESS))


def _told(problem: Problem) -> str:
    return words(Refused(problem))
