"""RFC 2047 encoded words, both ways: how text outside ASCII travels in a header.

Not here: where a header line is folded (headers.py) and which charsets exist (charsets.py).
"""

import binascii
import re
from itertools import pairwise

from pillarbox.mail import charsets, transfer

_OVERHEAD = len("=?UTF-8?B??=")
_WORD = re.compile(r"=\?([^?\s]{1,80})\?([BbQq])\?([^?]*+)\?=")

# RFC 2047 section 5 (3): the set that is safe in a display name is safe everywhere.
_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"
_Q = [
    chr(byte) if byte in _SAFE else "_" if byte == 0x20 else f"={byte:02X}" for byte in range(256)
]
_Q_LONGEST = 400  # octets; beyond, base64 costs less time than Q saves space


def encode(text: str, *, first: int = 75, longest: int = 75) -> list[str]:
    """Encoded words (B or Q, UTF-8) that together decode to `text`.

    No word is longer than `longest` characters, the first one not longer than `first` (at least 24
    each). No character is split between words. A lone surrogate becomes a question mark.
    """
    data = text.encode("utf-8", "replace")
    plain = len(data) - len(data.translate(None, _SAFE + b" "))
    if len(data) <= _Q_LONGEST and 3 * len(data) - 2 * plain <= (len(data) + 2) // 3 * 4:
        return _encode_q(data, first - _OVERHEAD, longest - _OVERHEAD)
    return _encode_b(data, (first - _OVERHEAD) // 4 * 3, (longest - _OVERHEAD) // 4 * 3)


def _encode_b(data: bytes, room: int, longest: int) -> list[str]:
    found = []
    start, size = 0, len(data)
    while start < size:
        end = start + room
        if end < size:
            while data[end] & 0xC0 == 0x80:
                end -= 1
        chunk = binascii.b2a_base64(data[start:end], newline=False).decode("ascii")
        found.append(f"=?UTF-8?B?{chunk}?=")
        start, room = end, longest
    return found


def _encode_q(data: bytes, room: int, longest: int) -> list[str]:
    quoted = "".join([_Q[byte] for byte in data])
    found = []
    start, size = 0, len(quoted)
    while start < size:
        end = start + room
        if end < size:
            end = _character_start(quoted, end)
        found.append(f"=?UTF-8?Q?{quoted[start:end]}?=")
        start, room = end, longest
    return found


def _character_start(quoted: str, at: int) -> int:
    """The last place not after `at` where a character of Q-encoded UTF-8 begins."""
    if quoted[at - 1] == "=":
        at -= 1
    elif quoted[at - 2] == "=":
        at -= 2
    while quoted[at] == "=" and quoted[at + 1] in "89AB":
        at -= 3
    return at


def decode(text: str) -> str:
    """`text` with its encoded words decoded; never raises, and lets no new line break or NUL in.

    Blanks between two encoded words vanish (RFC 2047 section 6.2). Neighbours of one charset are
    joined before they are decoded, because many senders split characters.
    """
    if "=?" not in text:
        return text
    words = list(_WORD.finditer(text))
    if not words:
        return text
    runs = [[words[0]]]
    for before, word in pairwise(words):
        if text[before.end() : word.start()].strip() == "" and _same_charset(before, word):
            runs[-1].append(word)
        else:
            runs.append([word])
    found, position = [], 0
    for run in runs:
        between = text[position : run[0].start()]
        found.append(between if position == 0 or between.strip() else "")
        found.append(_decode_run(run))
        position = run[-1].end()
    found.append(text[position:])
    return "".join(found)


def _same_charset(one: re.Match[str], other: re.Match[str]) -> bool:
    return one.group(1).lower() == other.group(1).lower()


def _decode_run(run: list[re.Match[str]]) -> str:
    data = b"".join([_payload(word) for word in run])
    charset = run[0].group(1).partition("*")[0]  # RFC 2231 section 5: charset*language
    return charsets.decode(data, charset).translate(_BREAKS)


_BREAKS = {ord(character): " " for character in "\r\n\0"}


def _payload(word: re.Match[str]) -> bytes:
    data = word.group(3).encode("utf-8", "replace")
    if word.group(2) in "Bb":
        return transfer.decode_base64(data)
    return binascii.a2b_qp(data, header=True)
