"""Makes broken inputs out of good ones: bits flipped, pieces cut, doubled, moved, spliced, words put in.

All by one random generator, so that its seed says what comes out.
"""

from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.seeds import LONGEST, own

WORDS = tuple(word for _, word in own("words"))

Change = Callable[[Random, bytes, Sequence[bytes]], bytes]


def mutated(random: Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds, broken in a few ways."""
    data = random.choice(seeds)
    for _ in range(1 + int(random.expovariate(0.4))):
        data = random.choice(_CHANGES)(random, data, seeds)[:LONGEST]
    return data


def _flip(random: Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]


def _cut(random: Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    start, end = _range(random, data)
    return data[:start] + data[end:]


def _truncate(random: Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _double(random: Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    start, end = _range(random, data)
    return data[:end] + data[start:end] * random.choice((1, 2, 10, 100, 1000)) + data[end:]


def _move(random: Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    start, end = _range(random, data)
    rest = data[:start] + data[end:]
    at = random.randrange(len(rest) + 1)
    return rest[:at] + data[start:end] + rest[at:]


def _splice(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = random.choice(seeds)
    start, end = _range(random, other)
    at = random.randrange(len(data) + 1)
    return data[:at] + other[start:end] + data[at:]


def _cross(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = random.choice(seeds)
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def _put_word(random: Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    at = random.randrange(len(data) + 1)
    times = random.choice((1, 1, 1, 1, 2, 3, 50, 2000))
    return data[:at] + random.choice(WORDS) * times + data[at:]


def _overwrite(random: Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    word = random.choice(WORDS)
    at = random.randrange(len(data) + 1)
    return data[:at] + word + data[at + len(word) :]


def _swap_lines(random: Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _change_line_ends(random: Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    return data.replace(b"\r\n", random.choice((b"\n", b"\r", b"\r\r\n", b"\n\r\n")))


def _range(random: Random, data: bytes) -> tuple[int, int]:
    """Where a piece begins and ends; small ones are likelier."""
    start = random.randrange(len(data) + 1)
    longest = random.choice((1, 4, 16, 100, 1000, len(data)))
    return start, min(len(data), start + random.randrange(longest + 1))


_CHANGES: tuple[Change, ...] = (
    _flip,
    _flip,
    _cut,
    _truncate,
    _double,
    _move,
    _splice,
    _cross,
    _put_word,
    _put_word,
    _overwrite,
    _swap_lines,
    _change_line_ends,
)
