"""Trace fields of RFC 5321 section 4.4, and the date form of RFC 5322 section 3.3."""

import re
from datetime import datetime

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONGEST_HELO = 255

_mbox_line = re.compile(rb"From [^\n]*+\n(?![ \t])").match
_not_a_name = re.compile(r"[^A-Za-z0-9.:\[\]_\-]")


def received(
    *, from_helo: str, from_ip: str, by: str, protocol: str, message_id: str, at: datetime
) -> bytes:
    """One complete Received header.

    Characters no host name has are replaced in `from_helo`, which is whatever a client said.
    `protocol` is a keyword of RFC 3848 (ESMTPSA), `at` is aware.
    """
    helo = _not_a_name.sub("?", from_helo[:_LONGEST_HELO]) or "unknown"
    literal = f"IPv6:{from_ip}" if ":" in from_ip else from_ip
    return (
        f"Received: from {helo} ([{literal}])\r\n by {by} with {protocol}\r\n"
        f" id {message_id}; {date(at)}\r\n"
    ).encode("ascii", "replace")


def on_top(fields: bytes, raw: bytes) -> bytes:
    """A message with more header fields before its own; what it is read as does not change.

    An mbox line, no header any more once it is not the first line, becomes the value of one. A blank at the
    beginning, of the message or of what follows that line, must not go on with our last field.
    """
    if _mbox_line(raw):
        return b"%bX-Mailbox-Line: %b" % (fields, raw)
    if raw.startswith((b" ", b"\t", b"From ")):
        return b"%b\r\n%b" % (fields, raw)
    return fields + raw


def date(at: datetime) -> str:
    """`Tue, 06 Oct 2026 19:02:11 +0000`. Raises ValueError for a time without a zone."""
    offset = at.utcoffset()
    if offset is None:
        raise ValueError("a date in mail needs a zone")
    text = at.isoformat(" ", "seconds")  # numbers that are formatted one by one take twice the time
    return (
        f"{_DAYS[at.weekday()]}, {text[8:10]} {_MONTHS[at.month - 1]} {text[:4]} "
        f"{text[11:19]} {text[19:22]}{text[23:25]}"
    )
