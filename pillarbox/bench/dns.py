"""A DNS responder for the benchmark's own zone, on a loopback UDP port, in a thread of the parent process.

Every name under bench.example has an MX (mx.bench.example) and the address 127.0.0.1; TXT records, and domains
whose mail goes elsewhere, are set by the run. Not a general server: one question per query, no EDNS, no TCP,
every other zone is refused.
"""

import socket
import struct
import threading
from types import TracebackType
from typing import Self

from pillarbox.bench.model import RECIPIENT_ZONE

_A, _MX, _TXT, _ANY_CLASS_IN = 1, 15, 16, 1
_TTL_S = 3600
_MX_LABEL = "mx."
_MX_HOST = _MX_LABEL + RECIPIENT_ZONE
_FLAGS = 0x8480  # response, authoritative, recursion available
_REFUSED = 5
_NAME_OF_QUESTION = b"\xc0\x0c"  # compression pointer to the question, RFC 1035 section 4.1.4


def encode_name(name: str) -> bytes:
    """A domain name in wire form, uncompressed (RFC 1035 section 3.1)."""
    labels = name.rstrip(".").encode("ascii").split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _read_name(packet: bytes, at: int) -> tuple[str, int]:
    """The question's name, lower-cased, and where it ends."""
    labels: list[bytes] = []
    while length := packet[at]:
        labels.append(packet[at + 1 : at + 1 + length])
        at += 1 + length
    return b".".join(labels).decode("ascii").lower(), at + 1


class Zone:
    """What the responder answers. `txt` maps lower-case names to text, `elsewhere` domains to an address."""

    def __init__(self) -> None:
        self.txt: dict[str, str] = {}
        self.elsewhere: dict[str, str] = {}

    def records(self, name: str, kind: int) -> list[bytes] | None:
        """The record data for a question; None when the name is in another zone."""
        if name != RECIPIENT_ZONE and not name.endswith("." + RECIPIENT_ZONE):
            return None
        if kind == _TXT and name in self.txt:
            text = self.txt[name].encode()
            parts = [text[i : i + 255] for i in range(0, len(text), 255)]
            return [b"".join(bytes([len(part)]) + part for part in parts)]
        if kind == _A:
            domain = name.removeprefix(_MX_LABEL)
            return [socket.inet_aton(self.elsewhere.get(domain, "127.0.0.1"))]
        if kind == _MX and name != _MX_HOST:
            host = _MX_LABEL + name if name in self.elsewhere else _MX_HOST
            return [struct.pack("!H", 10) + encode_name(host)]
        return []

    def answer(self, query: bytes) -> bytes:
        """The response to one query packet. Raises IndexError, struct.error or ValueError when it is none."""
        (identifier,) = struct.unpack_from("!H", query)
        name, end = _read_name(query, 12)
        kind, _ = struct.unpack_from("!HH", query, end)
        found = self.records(name, kind)
        flags = _FLAGS | (query[2] & 1) << 8 | (_REFUSED if found is None else 0)
        head = struct.pack("!HHHHHH", identifier, flags, 1, len(found or []), 0, 0)
        body = b"".join(
            _NAME_OF_QUESTION + struct.pack("!HHIH", kind, _ANY_CLASS_IN, _TTL_S, len(data)) + data
            for data in found or []
        )
        return head + query[12 : end + 4] + body


class Responder:
    """Answers from a zone until closed. Use as a context manager."""

    def __init__(self) -> None:
        self.zone = Zone()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="bench-dns", daemon=True)

    def _run(self) -> None:
        while True:
            query, sender = self._socket.recvfrom(4096)
            if self._closing:
                return
            try:
                answer = self.zone.answer(query)
            except (IndexError, struct.error, ValueError):
                continue
            self._socket.sendto(answer, sender)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"\0", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()
