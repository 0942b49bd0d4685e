"""Composing the message that is sent, from a checked draft. Pure. Source: spec sending 6.

The result is complete but for the DKIM signature and the Return-Path, which belong to one attempt.
"""

from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from pillarbox.mail import build, headers, trace
from pillarbox.mail.address import Address
from pillarbox.mail.headers import HeaderError
from pillarbox.outbound.check import Checked, File

_UNIQUE = ("message-id", "list-unsubscribe")
_CONTROL = frozenset(
    (
        "x-pm-keepid x-pm-bounce-type x-pm-tag x-pm-trackopens x-pm-track-opens x-pm-tracklinks "
        "x-pm-track-links x-pm-message-stream x-pm-message-id x-pm-message-options"
    ).split()
)


class Stamp(Struct, frozen=True, kw_only=True, gc=False):
    """What the server itself writes into a message."""

    message_id: str
    at: datetime
    host: str


def is_control(name: str) -> bool:
    """Whether a header (lower-case name) is an instruction to the server, never delivered."""
    return name.startswith("x-pm-") and (name in _CONTROL or name.startswith("x-pm-metadata-"))


def compose(message: Checked, stamp: Stamp, body_forms: int) -> bytes:
    """The complete message: RFC 5322 headers, MIME body, 7-bit, CRLF; `body_forms` as in `build.Content`."""
    content = build.Content(
        headers=_header_lines(message, stamp),
        text=message.text,
        html=message.html,
        parts=[_part(file, message.html) for file in message.files],
        seed=stamp.message_id,
        forms=body_forms,
    )
    return build.build(content)


def _header_lines(message: Checked, stamp: Stamp) -> list[bytes]:
    date = trace.date(stamp.at)
    lines = [
        f"Received: by {stamp.host} with HTTP id {stamp.message_id};\r\n\t{date}\r\n".encode(),
        f"Date: {date}\r\n".encode(),
        sender_line(message.sender),
    ]
    recipients = message.recipients
    if recipients.to:
        lines.append(headers.address_line("To", recipients.to))
    if recipients.cc:
        lines.append(headers.address_line("Cc", recipients.cc))
    lines.append(headers.line("Subject", message.subject))
    if message.reply_to:
        lines.append(headers.address_line("Reply-To", message.reply_to))
    lines += _custom_lines(message.headers, stamp)
    return lines + server_lines(stamp, message.tag)


@lru_cache(1024)
def sender_line(sender: Address) -> bytes:
    """The From header: few senders send much."""
    return headers.address_line("From", [sender])


def server_lines(stamp: Stamp, tag: str | None) -> list[bytes]:
    """The headers that tie a delivered message to its record here."""
    lines = [b"X-PM-Message-Id: " + stamp.message_id.encode() + b"\r\n"]
    if tag:
        lines.append(headers.line("X-PM-Tag", _clean(tag)))
    return lines


def own_message_id(stamp: Stamp) -> bytes:
    """The Message-ID header of a message that brought none to keep."""
    return f"Message-ID: <{stamp.message_id}@{stamp.host}>\r\n".encode("ascii", "replace")


def _custom_lines(custom: list[tuple[str, str]], stamp: Stamp) -> list[bytes]:
    """The caller's headers in order; of names that must be unique the last one, Message-ID always exactly once."""
    last = {name.lower(): index for index, (name, _) in enumerate(custom)}
    lines = [own_message_id(stamp)] if "message-id" not in last else []
    for index, (name, value) in enumerate(custom):
        key = name.lower()
        if is_control(key) or (key in _UNIQUE and last[key] != index):
            continue
        lines.append(_message_id_line(value, stamp) if key == "message-id" else _line(name, value))
    return lines


def _message_id_line(value: str, stamp: Stamp) -> bytes:
    bare = value.strip().strip("<>")
    if not bare or not bare.isascii() or any(c.isspace() for c in bare):
        return own_message_id(stamp)
    return headers.line("Message-ID", f"<{bare}>")


def _line(name: str, value: str) -> bytes:
    try:
        return headers.line(name, value)
    except HeaderError:
        return headers.line(name, _clean(value))


def _clean(value: str) -> str:
    """A value without the control characters that a header cannot hold."""
    return "".join(c for c in value if c >= " " or c == "\t")


def _part(file: File, html: str | None) -> build.Part:
    """Inline only when the HTML really points to it: some clients give every attachment a content id."""
    is_inline = bool(file.content_id and html and f"cid:{file.content_id}" in html)
    return build.Part(
        name=file.name,
        content_type=file.content_type,
        content=file.content,
        content_id=file.content_id if is_inline else None,
    )
