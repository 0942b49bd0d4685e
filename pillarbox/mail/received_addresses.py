"""Addresses out of received headers: everything strangers write there, groups and comments included.

Total, and lenient where address.py is strict; never use it to decide where mail goes.
"""

import re
from collections.abc import Iterator

from pillarbox.mail import words
from pillarbox.mail.address import Address, to_ascii

_LONGEST = 320
_QUOTED = r'"([^"\\]*+(?:\\.[^"\\]*+)*)"'
_OTHER = r'<([^<>]*+)>?|([(),;:])|([^"<(),;:]++)|(")'

_with_quotes = re.compile(rf"{_QUOTED}|{_OTHER}", re.DOTALL)
_without_quotes = re.compile(rf"(\Z.)|{_OTHER}", re.DOTALL)
_escape = re.compile(r"\\(.)", re.DOTALL)
_email = re.compile(r"[^\s@<>\x00-\x20\x7f]++@[^\s@<>\x00-\x20\x7f]++").fullmatch
_blank = re.compile("[\x00-\x20\x7f\x85\u2028\u2029]+")


class _Mailbox:
    """One item of a list while it is being read."""

    __slots__ = ("comment", "email", "phrase", "plain")

    def __init__(self) -> None:
        self.plain: list[str] = []
        self.phrase: list[str] = []
        self.comment: list[str] = []
        self.email: str | None = None

    def add(self, text: str, *, is_quoted: bool = False) -> None:
        """Take the next words of the name, or of an address without brackets."""
        self.phrase.append(_escape.sub(r"\1", text) if is_quoted else text)
        self.plain.append(f'"{text}"' if is_quoted else text)

    def address(self) -> Address | None:
        """What the item means, or None if nothing in it is an address."""
        if self.email is not None:
            email = _normal(_blank.sub("", self.email))
            return Address(email, self._name()) if email else None
        pieces = "".join(self.plain).split()
        for piece in reversed(pieces):
            if email := _normal(piece[1:-1] if piece[0] == piece[-1] == '"' else piece):
                return Address(email, _text(self.comment))
        quoted = _normal("".join(self.phrase).strip())
        return Address(quoted) if quoted else None

    def _name(self) -> str:
        return _text(self.phrase) or _text(self.comment)


def read_addresses(value: str) -> list[Address]:
    """The mailboxes of an address header (not yet RFC 2047-decoded), in order.

    Groups are replaced by their members, comments dropped (one beside an unnamed address is its
    name), and whatever holds no address is skipped. Never raises; time is linear.
    """
    found = [mailbox.address() for mailbox in _mailboxes(value)]
    return [address for address in found if address is not None]


def _mailboxes(value: str) -> Iterator[_Mailbox]:
    mailbox, depth = _Mailbox(), 0
    for quoted, angle, sign, text in _tokens(value, has_comments=_is_balanced(value)):
        if depth or sign in ("(", ")"):
            depth = max(0, depth + (sign == "(") - (sign == ")"))
            if sign not in ("(", ")"):
                mailbox.comment.append(quoted or text or "")
        elif angle is not None:
            mailbox.email = angle
        elif sign == ":":
            # The name of a group ends here.
            mailbox = _Mailbox()
        elif sign:
            yield mailbox
            mailbox = _Mailbox()
        else:
            mailbox.add(quoted if quoted is not None else text, is_quoted=quoted is not None)
    yield mailbox


def _is_balanced(value: str) -> bool:
    return value.count("(") == value.count(")")


def _tokens(value: str, *, has_comments: bool) -> Iterator[tuple[str | None, str | None, str, str]]:
    """Quoted text, bracketed text, sign or other text, one of them at a time."""
    match, position, size = _with_quotes.match, 0, len(value)
    while position < size:
        found = match(value, position)
        assert found is not None  # every character begins a token
        quoted, angle, sign, text, lone_quote = found.groups()
        if lone_quote:
            # Nothing closes this quote, so no later one is an opening quote either.
            match = _without_quotes.match
        if sign in ("(", ")") and not has_comments:
            sign, text = None, sign
        yield quoted, angle, sign or "", text or ""
        position = found.end()


def _normal(email: str) -> str:
    """The address with its domain in ASCII where it has such a form; empty if this is none."""
    if len(email) > _LONGEST or not _email(email):
        return ""
    local, _, domain = email.rpartition("@")
    try:
        return f"{local}@{to_ascii(domain)}"
    except ValueError:
        return email


def _text(pieces: list[str]) -> str:
    return _blank.sub(" ", words.decode("".join(pieces))).strip()
