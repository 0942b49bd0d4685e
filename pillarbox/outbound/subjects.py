"""A block: subjects, tags and senders of thousands of messages in a few texts, searched far quicker than rows.

Subjects are kept in lower case, one after the other, each ended by a mark. One that several messages of the block
have is kept once: such messages come first in the block, each with the number of its subject, and then the others.
A bitmap of the trigrams (three bytes in a row) says which blocks need not be looked at.

Tags and senders are kept once each, with a number for every message, in the same order.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from struct import pack as pack_numbers
from struct import unpack
from typing import NamedTuple

SIZE = 2048
LONGEST = 256 * 1024
"""A block ends at so many messages, or bytes."""
_BITS = 32_768
_BYTE = 256
_END, _HIT = b"\0", b"\1"
_OTHERS = bytes(range(2, 256))
_GONE = b"\2"
"""Written over what is taken out afterwards: quicker than to move what follows each time."""
_NEITHER = str.maketrans("\0\1", "\2\2")
_IS = [bytes(number) + _HIT + bytes(_BYTE - 1 - number) for number in range(_BYTE)]
"""For each number a table that makes 1 of it, and 0 of all others."""


Place = tuple[int, int]
"""A bit of a bitmap: its byte, and a mask."""


class Line(NamedTuple):
    """What a block is made of: a message's key and what is searched of it."""

    key: int
    subject: str
    tag: str | None
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What is kept of some messages of a stream that follow each other by key."""

    keys: bytes
    numbers: bytes
    """The subject of each message that shares its subject with another one, ascending."""
    subjects: bytes
    trigrams: bytes
    tags: bytes
    senders: bytes

    @property
    def count(self) -> int:
        """The number of messages."""
        return len(self.keys) // 8


def fold(text: str) -> bytes:
    """A text in the form in which texts are compared: whatever its case."""
    return text.lower().replace("ς", "σ").translate(_NEITHER).encode("utf-8", "replace")


def fitting(lines: list[Line]) -> list[Line]:
    """The first of them, as many as fit in a block; one at least."""
    size = 0
    for number, line in enumerate(lines[:SIZE], 1):
        size += len(line.subject) + len(_END)
        if size >= LONGEST:
            return lines[:number]
    return lines[:SIZE]


def pack(lines: Sequence[Line]) -> Block:
    """A block of all these messages."""
    folded = [fold(line.subject) + _END for line in lines]
    often = Counter(folded)
    shared = {text: number for number, text in enumerate(_most_shared(often))}
    ordered = sorted(range(len(lines)), key=lambda n: shared.get(folded[n], _BYTE))
    single = [folded[n] for n in ordered if folded[n] not in shared]
    subjects = b"".join([*shared, *single])
    return Block(
        keys=pack_numbers(f"<{len(lines)}q", *(lines[n].key for n in ordered)),
        numbers=bytes(shared[folded[n]] for n in ordered if folded[n] in shared),
        subjects=subjects,
        trigrams=_bitmap(subjects),
        tags=_pack_values([value_of(lines[n].tag) for n in ordered]),
        senders=_pack_values([value_of(lines[n].sender) for n in ordered]),
    )


def value_of(text: str | None) -> bytes:
    """A tag or sender as it stands in a block; no tag is another one than an empty tag."""
    return b"" if text is None else b"=" + text.replace("\0", "\2").encode("utf-8", "replace")


def keys_of(stored: bytes) -> tuple[int, ...]:
    """The keys of a block."""
    return unpack(f"<{len(stored) // 8}q", stored)


def keys_at(keys: bytes, hits: bytes) -> list[int]:
    """The keys of the messages that were hit, newest first."""
    return sorted(compress(keys_of(keys), hits), reverse=True)


def places_of(wanted: bytes) -> list[Place]:
    """The trigrams of a folded text, for `may_contain`."""
    return [(bit >> 3, 1 << (bit & 7)) for bit in _trigrams(wanted)]


def may_contain(trigrams: bytes, places: Sequence[Place]) -> bool:
    """Whether a text can stand in a subject of a block with these trigrams."""
    return all(trigrams[byte] & mask for byte, mask in places)


def hits_of_text(subjects: bytes, numbers: bytes, wanted: bytes) -> bytes:
    """A byte for each message: 1 where its subject contains a folded text, else 0. Nothing when none does."""
    marks = _marks(subjects, wanted)
    if not marks:
        return b""
    while _HIT + _HIT in marks:
        marks = marks.replace(_HIT + _HIT, _HIT)
    by_line = marks.replace(_HIT + _END, _HIT + _GONE).translate(None, _GONE)
    shared = _shared(numbers)
    return numbers.translate(by_line[:shared].ljust(_BYTE, _END)) + by_line[shared:]


def count_of_text(subjects: bytes, numbers: bytes, wanted: bytes) -> int:
    """How many subjects contain a folded text: what `hits_of_text` has of 1, found with less work."""
    *shared, single = _marks(subjects, wanted).split(_END, _shared(numbers))
    of_shared = numbers.translate(bytes(map(bool, shared)).ljust(_BYTE, _END))
    return of_shared.count(_HIT) + single.count(_HIT + _END)


def hits_of_value(values: bytes, wanted: bytes) -> bytes:
    """A byte for each message: 1 where it has a value, else 0. Nothing when none has."""
    count, names = int.from_bytes(values[:2], "little"), values[2:]
    planes, names = names[: 2 * count], names[2 * count :]
    try:
        number = names[:-1].split(_END).index(wanted)
    except ValueError:
        return b""
    low = planes[:count].translate(_IS[number & 255])
    if names.count(_END) < _BYTE:
        return low
    return both(low, planes[count:].translate(_IS[number >> 8]))


def both(some: bytes, others: bytes) -> bytes:
    """The hits that are in both."""
    found = int.from_bytes(some, "little") & int.from_bytes(others, "little")
    return found.to_bytes(len(some), "little")


def _marks(subjects: bytes, wanted: bytes) -> bytes:
    """The subjects without all that matters not: a 1 for each place of a text, a 0 for each end."""
    if wanted not in subjects:
        return b""
    by = _HIT.ljust(len(wanted), _GONE)
    return subjects.replace(wanted, by).translate(None, _OTHERS)


def _shared(numbers: bytes) -> int:
    """How many subjects have a number."""
    return numbers[-1] + 1 if numbers else 0


def _most_shared(often: Counter[bytes]) -> list[bytes]:
    """The texts that stand for several messages: as many as have a number in a byte."""
    return [text for text, count in often.most_common(_BYTE) if count > 1]


def _pack_values(values: Sequence[bytes]) -> bytes:
    """How many there are, the lower and the higher byte of the number of each, and the different ones."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    low = bytes(numbers[value] & 255 for value in values)
    high = bytes(numbers[value] >> 8 for value in values)
    names = b"".join(value + _END for value in numbers)
    return len(values).to_bytes(2, "little") + low + high + names


def _bitmap(subjects: bytes) -> bytes:
    bits = bytearray(_BITS >> 3)
    for bit in _trigrams(subjects):
        bits[bit >> 3] |= 1 << (bit & 7)
    return bytes(bits)


def _trigrams(text: bytes) -> set[int]:
    """A number for each three bytes in a row; of letters each has its own."""
    every = set(zip(text, text[1:], text[2:], strict=False))
    return {(a << 10 ^ b << 5 ^ c) % _BITS for a, b, c in every}
