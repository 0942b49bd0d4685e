"""Replies of SMTP servers: the value, and the reader that finds them in a stream of octets.

Pure. Not for the replies our own servers give, and not for judging what a refusal means.
"""

import re

from msgspec import Struct

MAX_LINE = 4096  # RFC 5321 4.5.3.1.5 says 512; real servers write longer ones
MAX_LINES = 100
_MAX_TEXT = 1000  # spec/bounce-classification.md section 3

_ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")
_ENHANCED_WITHIN = 40
_CODE = re.compile(rb"[2-5][0-9][0-9]")
# Control characters could forge lines in logs and are refused by PostgreSQL (NUL).
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], " ")


class ProtocolError(Exception):
    """What the server sent is no SMTP reply, or too much of one."""


class Reply(Struct, frozen=True, gc=False):
    """One complete reply: the code, and the text of each line without code and line end."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The reply as one line, `550 5.1.1 text of all lines`, at most 1000 characters.

        An enhanced code that every line repeats (RFC 2034) stands once.
        Source: spec/bounce-classification.md section 3.
        """
        first, *rest = self.lines or ("",)
        mark = _ENHANCED.match(first)
        if mark and rest:
            repeated = mark.group() + " "
            rest = [line.removeprefix(repeated) for line in rest]
        return " ".join(f"{self.code} {' '.join((first, *rest))}".split())[:_MAX_TEXT]

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 3463) at the beginning of the text, such as `5.1.1`."""
        mark = _ENHANCED.search(self.text)
        return mark.group() if mark and mark.end() <= _ENHANCED_WITHIN else None

    @property
    def is_positive(self) -> bool:
        """2yz: done."""
        return 200 <= self.code < 300

    @property
    def is_intermediate(self) -> bool:
        """3yz: go on."""
        return 300 <= self.code < 400

    @property
    def is_temporary(self) -> bool:
        """4yz: not now."""
        return 400 <= self.code < 500

    @property
    def is_permanent(self) -> bool:
        """5yz: no."""
        return 500 <= self.code < 600


class ReplyReader:
    """Cuts a stream of octets into replies; remembers what is incomplete.

    Tolerates bare LF line ends, text that is not UTF-8, and a final line with another code than
    the lines before it (the last one counts).
    """

    __slots__ = ("_lines", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[str] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing of an incomplete reply is waiting."""
        return not self._rest and not self._lines

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that are complete with these octets.

        Raises ProtocolError: a line over 4096 octets, a reply over 100 lines, or not a reply.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE:
            raise ProtocolError("reply line too long")
        return [reply for line in lines if (reply := self._take(line)) is not None]

    def _take(self, line: bytes) -> Reply | None:
        if len(line) > MAX_LINE:
            raise ProtocolError("reply line too long")
        line = line.rstrip(b"\r")
        mark = line[3:4]
        if not _CODE.match(line) or mark not in (b"", b" ", b"-"):
            raise ProtocolError(f"not an SMTP reply: {_readable(line[:80])!r}")
        self._lines.append(_readable(line[4:]))
        if mark == b"-":
            if len(self._lines) >= MAX_LINES:
                raise ProtocolError("too many lines in one reply")
            return None
        reply = Reply(int(line[:3]), tuple(self._lines))
        self._lines = []
        return reply


def _readable(octets: bytes) -> str:
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    return text if text.isprintable() else text.translate(_CONTROLS)
