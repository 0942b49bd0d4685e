"""The words of the SMTP client: policies, limits, results, errors and the record of a dialogue.

Import them from mail.smtp_client; this file has no behaviour of its own on the network.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from msgspec import Struct

from pillarbox.mail.smtp_reply import Reply

_MAX_NOTES = 200
_MAX_NOTE_TEXT = 500
_MAX_REPLY_LINES = 50


class TlsPolicy(Enum):
    """How a connection is encrypted.

    OPPORTUNISTIC takes any certificate and goes on in the clear when TLS does not work; it keeps
    passive listeners out, no more. REQUIRED and IMPLICIT verify certificate and name and fail
    closed (CVE-2016-0772).
    """

    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What the handshake agreed on, such as `TLSv1.3` and `TLS_AES_256_GCM_SHA384`."""

    version: str
    cipher: str


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Longest waits in seconds (RFC 5321 section 4.5.3.2).

    `final_s` counts from the last progress of the message on its way out, but never beyond four
    times its length.
    """

    connect_s: float = 30
    handshake_s: float = 60
    greeting_s: float = 300
    hello_s: float = 300
    envelope_s: float = 300
    final_s: float = 600
    quit_s: float = 5


class SendResult(Struct, frozen=True, gc=False):
    """The reply that decided about a message, and the phase it answered: mail, rcpt or data."""

    reply: Reply
    phase: str


@dataclass(slots=True)
class Transcript:
    """What was said on a connection, without message bodies and secrets; bounded in size.

    clock: seconds of any origin.
    """

    clock: Callable[[], float] = time.perf_counter
    _notes: list[tuple[float, str, str | Reply]] = field(default_factory=list)
    _dropped: int = 0
    _started: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self.clock()

    def note(self, direction: str, what: str | Reply) -> None:
        """Remember one line: `C` said by us, `S` by the server, `*` a remark."""
        if len(self._notes) < _MAX_NOTES:
            self._notes.append((self.clock(), direction, what))
        else:
            self._dropped += 1

    def lines(self) -> list[tuple[float, str, str]]:
        """(milliseconds since the start, direction, text) in order; long texts are cut."""
        found: list[tuple[float, str, str]] = []
        for at, direction, what in self._notes:
            ms = round((at - self._started) * 1000, 3)
            texts = _reply_lines(what) if isinstance(what, Reply) else [what]
            found += [(ms, direction, text[:_MAX_NOTE_TEXT]) for text in texts]
        if self._dropped:
            found.append((found[-1][0], "*", f"{self._dropped} more not kept"))
        return found


def _reply_lines(reply: Reply) -> list[str]:
    *others, last = reply.lines[:_MAX_REPLY_LINES]
    return [*(f"{reply.code}-{line}" for line in others), f"{reply.code} {last}"]


class SmtpError(Exception):
    """A connection did not do what was wanted of it. Temporary unless a reply says otherwise."""


class ConnectFailed(SmtpError):
    """Nobody answers at this address."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Dropped(SmtpError):
    """The connection ended, or what came over it was no SMTP.

    after_final_dot: the message had left completely, so the server may have taken it.
    """

    def __init__(self, text: str, phase: str, after_final_dot: bool) -> None:
        super().__init__(f"{text} ({phase})")
        self.text = text
        self.phase = phase
        self.after_final_dot = after_final_dot


class TimedOut(SmtpError):
    """The server did not answer in time. after_final_dot: as in Dropped."""

    def __init__(self, phase: str, *, after_final_dot: bool = False) -> None:
        super().__init__(f"timed out waiting for the reply ({phase})")
        self.phase = phase
        self.after_final_dot = after_final_dot


class TlsFailed(SmtpError):
    """There is no TLS where it is needed, or somebody tampers with it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Rejected(SmtpError):
    """The server refused us before any message: greeting (connect), EHLO or AUTH (helo)."""

    def __init__(self, reply: Reply, phase: str) -> None:
        super().__init__(f"{reply.text} ({phase})")
        self.reply = reply
        self.phase = phase
