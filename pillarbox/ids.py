"""Identifiers: message keys and MessageIDs, tokens, and the types that keep ids apart.

A MessageID is a UUID of version 7 (RFC 9562) that holds the row's key, so that finding a message by its
MessageID needs no index of its own, and new rows always go to the end of every index on the key:

    key  = 42 bits milliseconds | 11 bits node | 10 bits sequence
    UUID = 48 bits milliseconds | version | node (11) + 1 | variant | sequence (10) + 52 random bits
"""

import hmac
import re
import secrets
import struct
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NewType

ServerId = NewType("ServerId", int)
StreamKey = NewType("StreamKey", int)
MessageKey = NewType("MessageKey", int)

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME_BITS, _NODE_BITS, _SEQUENCE_BITS = 42, 11, 10
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
NODES = 1 << _NODE_BITS
_POSITION_BITS = 6  # a message has at most fifty recipients


class KeyMaker:
    """Makes keys that never repeat within a node and grow with time."""

    def __init__(self, milliseconds: Callable[[], int], *, node: int = 0, last: int = 0) -> None:
        """`last` is the newest key already given out under this node number, should the clock have gone back."""
        self._milliseconds = milliseconds
        self._node = node % NODES
        self._last = last >> (_NODE_BITS + _SEQUENCE_BITS)
        self._sequence = 0
        self._lock = threading.Lock()

    def next(self) -> MessageKey:
        """The next key; when a millisecond is used up, or the clock went back, the next one is borrowed."""
        with self._lock:
            now = self._milliseconds()
            if now > self._last:
                self._last, self._sequence = now, 0
            else:
                self._sequence += 1
                if self._sequence >> _SEQUENCE_BITS:
                    self._last, self._sequence = self._last + 1, 0
            stamp = self._last << (_NODE_BITS + _SEQUENCE_BITS)
            return MessageKey(stamp | self._node << _SEQUENCE_BITS | self._sequence)


class _Random:
    """Numbers of 64 random bits, from the system in blocks: each call into it lets other threads go first."""

    _BLOCK = 128

    def __init__(self) -> None:
        self._drawn: list[int] = []

    def next(self) -> int:
        """A number that was never given out; whatever thread asks."""
        while True:
            try:
                return self._drawn.pop()
            except IndexError:
                self._drawn += struct.unpack(
                    f"{self._BLOCK}Q", secrets.token_bytes(self._BLOCK * 8)
                )


_random = _Random()


def message_id(key: MessageKey) -> str:
    """A new MessageID for a key: lower-case UUID text; 52 of its bits are random."""
    milliseconds = key >> (_NODE_BITS + _SEQUENCE_BITS)
    node = key >> _SEQUENCE_BITS & (NODES - 1)
    sequence = key & ((1 << _SEQUENCE_BITS) - 1)
    high = milliseconds << 16 | 0x7000 | node << 1 | 1
    low = 0b10 << 62 | sequence << 52 | _random.next() >> 12
    text = f"{high << 64 | low:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def first_key(at: datetime) -> MessageKey:
    """The smallest key that can be made in the millisecond of an instant; within what keys can express."""
    milliseconds = (at - _EPOCH) // _MILLISECOND
    within = min(max(milliseconds, 0), (1 << _TIME_BITS) - 1)
    return MessageKey(within << (_NODE_BITS + _SEQUENCE_BITS))


def key_of(text: str) -> MessageKey | None:
    """The row key inside a MessageID, or None for text that is no MessageID of ours.

    Whoever finds the row must still compare its whole MessageID: the random bits are part of the name.
    """
    lowered = text.lower()
    if not _UUID.fullmatch(lowered):
        return None
    number = uuid.UUID(lowered).int
    high, low = number >> 64, number & (1 << 64) - 1
    milliseconds = high >> 16
    if high & 0xF001 != 0x7001 or low >> 62 != 0b10 or milliseconds >> 42:
        return None
    node, sequence = high >> 1 & (NODES - 1), low >> 52 & ((1 << _SEQUENCE_BITS) - 1)
    return MessageKey(
        milliseconds << (_NODE_BITS + _SEQUENCE_BITS) | node << _SEQUENCE_BITS | sequence
    )


def copy_number(message_key: int, position: int) -> int:
    """The number by which a return path names one recipient's copy."""
    return message_key << _POSITION_BITS | position


def copy_of(number: int) -> tuple[int, int]:
    """Message key and position of a copy's number."""
    return number >> _POSITION_BITS, number & ((1 << _POSITION_BITS) - 1)


def new_token() -> str:
    """A random API token: lower-case UUID text."""
    return str(uuid.uuid4())


def same_token(a: str, b: str) -> bool:
    """Compare two tokens in constant time, ignoring case."""
    return hmac.compare_digest(a.lower().encode(), b.lower().encode())


def is_token(text: str) -> bool:
    """Whether a text has the form of an API token."""
    return _UUID.fullmatch(text.lower()) is not None
