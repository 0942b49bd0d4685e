"""What kind of mail came back, where it is no delivery status notification. Pure.

The knowledge is data, in `rules/answers.toml`. Source: spec bounce-classification 6.2 and 6.4.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pillarbox.mail import dsn_text
from pillarbox.mail.parse import Message

_SUBJECT_LOOKED_AT = 500
_TEXT_LOOKED_AT = 4096


class Answer:
    """A mail that came back, prepared for looking into.

    `subject`, `sender` and `text` are lowered, with blanks made one; `beginning` keeps the lines of the text.
    """

    __slots__ = ("_message", "beginning", "body", "is_from_nobody", "sender", "subject", "text")

    def __init__(self, message: Message, *, is_from_nobody: bool) -> None:
        self._message = message
        self.is_from_nobody = is_from_nobody
        self.subject = _flat((message.header("subject") or "")[:_SUBJECT_LOOKED_AT])
        self.sender = _flat((message.header("from") or "")[:_SUBJECT_LOOKED_AT])
        self.body = dsn_text.body_of(message)
        self.text = _flat(self.body[:_TEXT_LOOKED_AT])
        self.beginning = f"{self.subject}\n{self.body[:_TEXT_LOOKED_AT]}"

    def has_header(self, name: str) -> bool:
        """Whether there is a header of this name."""
        return bool(self._message.headers_named(name))

    def header(self, name: str) -> str:
        """A header's value, lowered; empty if absent."""
        return _flat(self._message.header(name) or "")

    @property
    def first_line(self) -> str:
        """The first line that says anything."""
        return next(
            (_flat(line) for line in self.body[:_TEXT_LOOKED_AT].splitlines() if line.strip()), ""
        )


def is_address_change(answer: Answer) -> bool:
    """Whether somebody tells a new address."""
    return _begins(answer.subject, "address-change") or _contains(
        answer.text, "address-change", "texts"
    )


def is_automatic(answer: Answer) -> bool:
    """Whether a mailbox answered by itself."""
    rules = _rules()["auto-reply"]
    submitted = answer.header("auto-submitted")
    precedence = answer.header("precedence")
    is_named = _begins(answer.subject, "auto-reply")
    return (
        (bool(submitted) and not submitted.startswith("no"))
        or any(answer.has_header(name) for name in rules["headers"])
        or precedence in rules["precedence"]
        or (precedence in rules["bulk_precedence"] and is_named)
        or re.search(rules["actions"], answer.header("x-apple-action")) is not None
        or is_named
    )


def is_vacation(answer: Answer) -> bool:
    """Whether the subject alone says that a mailbox answered by itself."""
    return _begins(answer.subject, "auto-reply")


def is_report(answer: Answer) -> bool:
    """Whether a mail system speaks: by its name, a header of its own or the subject."""
    return (
        _contains(answer.sender, "report", "senders")
        or any(answer.has_header(name) for name in _rules()["report"]["headers"])
        or _begins(answer.subject, "report")
        or is_delay(answer)
    )


def is_delay(answer: Answer) -> bool:
    """Whether a report says that the message is still on its way."""
    return _begins(answer.subject, "delay") or _contains(answer.text, "delay", "texts")


def is_success(answer: Answer) -> bool:
    """Whether a report says that all went well."""
    return _begins(answer.subject, "success")


def is_unsubscribe(answer: Answer) -> bool:
    """Whether the whole mail is a request to be taken off a list."""
    return _is_line(answer, "unsubscribe")


def is_subscribe(answer: Answer) -> bool:
    """Whether the whole mail is a request to be put on a list."""
    return _is_line(answer, "subscribe")


def is_relay_probe(answer: Answer) -> bool:
    """Whether this is a copy of a test for open relays: from nobody, to somebody by way of another host."""
    local = answer.header("to").rpartition("@")[0]
    return answer.is_from_nobody and ("%" in local or "!" in local)


def _is_line(answer: Answer, kind: str) -> bool:
    lines = _rules()[kind]["lines"]
    return answer.subject.strip(" .!") in lines or answer.first_line.strip(" .!") in lines


def _begins(text: str, kind: str) -> bool:
    return _pattern(kind, "subjects").match(text) is not None


def _contains(text: str, kind: str, which: str) -> bool:
    return _pattern(kind, which).search(text) is not None


def _flat(text: str) -> str:
    return " ".join(text.split()).lower()


@cache
def _rules() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "rules" / "answers.toml").read_text("utf-8"))


@cache
def _pattern(kind: str, which: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in _rules()[kind][which]))
