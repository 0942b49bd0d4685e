"""What a request brought along, as bytes to be kept until its messages are made. Pure.

Entries are packed in parts of a bounded size, so that neither taking a request in nor working through it holds
more than a little of it in memory.
"""

import zlib
from collections.abc import Sequence

import msgspec

from pillarbox.bulk.model import Content, Entry

PART_ENTRIES = 250
PART_BYTES = 1_048_576
_LEVEL = 1  # of a list of recipients higher levels save a tenth, and take twice as long

_encode = msgspec.json.Encoder().encode
_content = msgspec.json.Decoder(Content)
_entries = msgspec.json.Decoder(list[Entry])


def pack(value: Content | Sequence[Entry]) -> bytes:
    """A content, or some entries, as bytes."""
    return zlib.compress(_encode(value), _LEVEL)


def unpack_content(packed: bytes) -> Content:
    """A content as it was packed."""
    return _content.decode(zlib.decompress(packed))


def unpack_entries(packed: bytes) -> list[Entry]:
    """Entries as they were packed."""
    return _entries.decode(zlib.decompress(packed))
