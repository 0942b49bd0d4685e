"""Collects the octets of one message from DATA or BDAT, within limits, and refuses what could be smuggled. Pure.

Only CRLF.CRLF ends DATA. A bare CR or LF makes the whole message refused, but only after its true end: what other
servers would have taken for commands is never run (CVE-2023-51764 and its kin).
"""

from typing import Protocol

from typing_extensions import override

from pillarbox.mail.transfer import has_even_line_ends
from pillarbox.smtpd import reply as replies

_END = b"\r\n.\r\n"
# Chunks smaller than this are joined, so that a client that writes single octets costs no more memory than others.
_SMALL = 2048
# Dot-stuffing makes a message longer on the wire than it is; the exact size is checked at the end.
_STUFFING = 65_536
# A client that sends this many times the limit will not stop; it is cut off.
_HOPELESS = 10


class MemoryBudget:
    """Octets of message data that all connections together may still hold."""

    __slots__ = ("free",)

    def __init__(self, total: int) -> None:
        self.free = total

    def take(self, size: int) -> bool:
        """Reserve, or False if there is not so much left."""
        if size > self.free:
            return False
        self.free -= size
        return True

    def give(self, size: int) -> None:
        """Return what was taken."""
        self.free += size


class Message:
    """The content received so far, or the reason why it is refused; refused content is counted, not kept."""

    __slots__ = (
        "_after_cr",
        "_budget",
        "_chunks",
        "_hopeless_at",
        "_max_size",
        "_taken",
        "refusal",
        "size",
    )

    def __init__(self, max_size: int, budget: MemoryBudget, refusal: bytes | None = None) -> None:
        self._max_size = max_size
        self._budget = budget
        self._chunks: list[bytes] = []
        self._taken = 0
        self._after_cr = False
        self._hopeless_at = _HOPELESS * max_size + _STUFFING
        self.size = 0
        self.refusal = refusal

    @property
    def is_hopeless(self) -> bool:
        """Whether so much was sent beyond the limit that reading on is pointless."""
        return self.size > self._hopeless_at

    def add(self, chunk: bytes) -> None:
        """Keep a piece as it came."""
        self.size += len(chunk)
        if self.refusal is not None or not chunk:
            return
        self.refusal = self._refusal_for(chunk)
        if self.refusal is not None:
            self.release()
        elif len(chunk) < _SMALL and self._chunks and len(self._chunks[-1]) < _SMALL:
            self._chunks[-1] += chunk
        else:
            self._chunks.append(chunk)

    def _refusal_for(self, chunk: bytes) -> bytes | None:
        """Why this piece spoils the message: too big for it or for the server, or lines broken by halves."""
        if self.size > self._max_size + _STUFFING:
            return replies.TOO_BIG
        if not self._budget.take(len(chunk)):
            return replies.NO_STORAGE
        self._taken += len(chunk)
        if b"\0" in chunk:
            return replies.NUL_OCTET
        return None if self._has_whole_lines(chunk) else replies.BARE_CR_LF

    def _has_whole_lines(self, chunk: bytes) -> bool:
        if self._after_cr:
            chunk = b"\r" + chunk
        self._after_cr = chunk[-1] == 13
        return has_even_line_ends(chunk[:-1] if self._after_cr else chunk)

    def take_content(self, *, is_stuffed: bool) -> bytes:
        """The whole message, and nothing is kept here any more; its octets stay reserved until `release`.

        `is_stuffed`: as DATA sends it, with the end mark and doubled dots, which are removed.
        `refusal` is set when only the whole shows that it cannot be taken.
        """
        raw = b"".join(self._chunks)
        self._chunks = []
        if self._after_cr:
            self.refusal = replies.BARE_CR_LF
        content = _unstuffed(raw) if is_stuffed else _ended(raw)
        if len(content) > self._max_size:
            self.refusal = replies.TOO_BIG
        return content

    def release(self) -> None:
        """Forget the content and return its memory to the budget."""
        self._chunks = []
        self._budget.give(self._taken)
        self._taken = 0


def _unstuffed(raw: bytes) -> bytes:
    content = raw[: -len(b".\r\n")].replace(b"\r\n.", b"\r\n")
    return content[1:] if content.startswith(b".") else content


def _ended(raw: bytes) -> bytes:
    # A message is lines; BDAT alone lets the last one lack its end.
    return raw if not raw or raw.endswith(b"\r\n") else raw + b"\r\n"


class Reader(Protocol):
    """Takes message octets out of the input until its end."""

    message: Message
    is_done: bool

    def feed(self, data: bytes, position: int) -> int:
        """Take octets from this position on; the position of the first one that is not the message's."""
        ...


class DataReader(Reader):
    """Reads after DATA, up to and with the end mark."""

    __slots__ = ("_tail", "is_done", "message")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.is_done = False
        # The CRLF of the DATA command counts as the one before the end mark: "." alone is the empty message.
        self._tail = b"\r\n"

    @override
    def feed(self, data: bytes, position: int) -> int:
        edge = (self._tail + data[position : position + 4]).find(_END)
        if edge >= 0:
            end = position + edge - len(self._tail) + len(_END)
        else:
            found = data.find(_END, position)
            end = found + len(_END) if found >= 0 else -1
        self.is_done = end >= 0
        if not self.is_done:
            self._tail = (self._tail + data[max(position, len(data) - 4) :])[-4:]
            end = len(data)
        self.message.add(data[position:end])
        return end


class ChunkReader(Reader):
    """Reads the octets of one BDAT chunk."""

    __slots__ = ("_left", "is_done", "is_last", "message", "size")

    def __init__(self, message: Message, size: int, *, is_last: bool) -> None:
        self.message = message
        self.size = size
        self.is_last = is_last
        self._left = size
        self.is_done = size == 0

    @override
    def feed(self, data: bytes, position: int) -> int:
        chunk = data[position : position + self._left]
        self._left -= len(chunk)
        self.is_done = self._left == 0
        self.message.add(chunk)
        return position + len(chunk)
