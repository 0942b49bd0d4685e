"""A block of subjects: thousands of them in one text, which is searched far quicker than as many rows.

Subjects are kept in lower case, one after the other, each ended by a mark. A bitmap of the trigrams in them (three
bytes in a row) says which blocks need not be looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack as pack_numbers
from struct import unpack

SIZE = 2048
LONGEST = 256 * 1024
"""A block ends at so many messages, or bytes."""
_BITS = 32_768
_MANY = 16  # if every so many lines are hit, going through all of them is quicker
_END, _HIT = b"\0", b"\1"
_OTHERS = bytes(range(2, 256))
_NEITHER = str.maketrans("\0\1", "\2\2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What is kept of some messages of a stream that follow each other by key."""

    keys: bytes
    subjects: bytes
    trigrams: bytes

    @property
    def count(self) -> int:
        """The number of messages."""
        return len(self.keys) // 8


def fold(text: str) -> bytes:
    """A text in the form in which texts are compared: whatever its case."""
    return text.lower().replace("ς", "σ").translate(_NEITHER).encode("utf-8", "replace")


def pack(rows: Sequence[tuple[int, str]]) -> Block:
    """A block of as many of these keys and subjects as fit in; of one at least."""
    lines, size = list[bytes](), 0
    for _, subject in rows[:SIZE]:
        lines.append(fold(subject) + _END)
        size += len(lines[-1])
        if size >= LONGEST:
            break
    return _block([key for key, _ in rows[: len(lines)]], lines)


def change(block: Block, keys: set[int], *, is_gone: bool) -> Block:
    """The block without these messages, or with nothing in place of their subjects."""
    pairs = zip(keys_of(block.keys), block.subjects.split(_END), strict=False)
    if not is_gone:
        changed = [(key, (b"" if key in keys else line) + _END) for key, line in pairs]
        return _block([key for key, _ in changed], [line for _, line in changed])
    kept = [(key, line + _END) for key, line in pairs if key not in keys]
    return Block(
        keys=_stored([key for key, _ in kept]),
        subjects=b"".join(line for _, line in kept),
        trigrams=block.trigrams,  # too many of them do no harm
    )


def keys_of(stored: bytes) -> tuple[int, ...]:
    """The keys of a block, in order."""
    return unpack(f"<{len(stored) // 8}q", stored)


def may_contain(trigrams: bytes, wanted: bytes) -> bool:
    """Whether a folded text can stand in a subject of a block with these trigrams."""
    return all(trigrams[bit >> 3] >> (bit & 7) & 1 for bit in _trigrams(wanted))


def count_lines(subjects: bytes, wanted: bytes) -> int:
    """How many subjects contain a folded text."""
    return _marks(subjects, wanted).count(_HIT + _END) if wanted in subjects else 0


def find_lines(subjects: bytes, wanted: bytes) -> list[int]:
    """The numbers of the subjects that contain a folded text, ascending."""
    if wanted not in subjects:
        return []
    marks = _marks(subjects, wanted)
    if marks.count(_HIT + _END) * _MANY > marks.count(_END):
        return [number for number, hits in enumerate(marks.split(_END)) if hits]
    found, line, start = list[int](), 0, 0
    while (hit := marks.find(_HIT, start)) >= 0:
        line += marks.count(_END, start, hit)
        found.append(line)
        start = marks.find(_END, hit)
    return found


def _marks(subjects: bytes, wanted: bytes) -> bytes:
    """Of the subjects only their ends, and before each marks for as often as the text stands in it."""
    # Of the same length: that way nothing has to be moved.
    return subjects.replace(wanted, _HIT * len(wanted)).translate(None, _OTHERS)


def _block(keys: Sequence[int], lines: Sequence[bytes]) -> Block:
    bits = bytearray(_BITS >> 3)
    subjects = b"".join(lines)
    for bit in _trigrams(subjects):
        bits[bit >> 3] |= 1 << (bit & 7)
    return Block(keys=_stored(keys), subjects=subjects, trigrams=bytes(bits))


def _stored(keys: Sequence[int]) -> bytes:
    return pack_numbers(f"<{len(keys)}q", *keys)


def _trigrams(text: bytes) -> set[int]:
    """A number for each three bytes in a row; of letters each has its own."""
    every = set(zip(text, text[1:], text[2:], strict=False))
    return {(a << 10 ^ b << 5 ^ c) % _BITS for a, b, c in every}
