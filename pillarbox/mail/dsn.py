"""Delivery status notifications: what a mail system reports of each recipient. Pure and total.

Source: RFC 3464, RFC 6533 (addresses in UTF-8), spec bounce-classification 6.3. Reports in prose are read by
`dsn_text`; what a report means is decided in `bounces/`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from pillarbox.mail import report_fields
from pillarbox.mail.parse import Message
from pillarbox.mail.report_fields import Block

_STATUS_PARTS = frozenset(
    "message/delivery-status message/global-delivery-status text/delivery-status".split()
)
_OPENING = frozenset({"final-recipient", "original-recipient"})
_TELLING = frozenset("action status diagnostic-code remote-mta".split())

_code = re.compile(r"\s*(?<![\w.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)").match
_typed = re.compile(r"\s*([A-Za-z][\w-]{0,40})\s*;(.*)", re.DOTALL).match
_unitext = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_smtp = re.compile(r"smtp\s*;\s*", re.IGNORECASE).match


class Action(StrEnum):
    """What became of the message for one recipient. Source: RFC 3464 section 2.3.3."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientStatus:
    """What is reported of one recipient; texts are empty when missing.

    `status` is the bare enhanced code and `comment` what stood in parentheses behind it. `diagnostic` begins with
    its type: `smtp;550 5.1.1 …`, `X-Postfix; …`.
    """

    final_recipient: str = ""
    original_recipient: str = ""
    action: Action = Action.FAILED
    status: str = ""
    comment: str = ""
    diagnostic: str = ""
    remote_mta: str = ""

    def names(self, address: str) -> bool:
        """Whether this is about an address; letter case does not matter."""
        return address.lower() in (self.final_recipient.lower(), self.original_recipient.lower())


def read(message: Message) -> list[RecipientStatus] | None:
    """The recipients a notification reports on, at most a hundred; None when this is no notification at all.

    Mail that says it is one but brings no readable status gives an empty list.
    """
    parts = [p for p in message.attachments if report_fields.media_type(p) in _STATUS_PARTS]
    if parts:
        found = [_statuses(report_fields.text_of(part)) for part in parts[:10]]
        return [status for some in found for status in some][: report_fields.MOST_BLOCKS]
    if report_fields.report_type(message) != "delivery-status":
        return None
    text = message.text or ""
    start = re.search(r"^(?:final|original)-recipient[ \t]*:", text, re.I | re.M)
    return _statuses(text[start.start() :]) if start else []


def _statuses(text: str) -> list[RecipientStatus]:
    found: list[Block] = []
    for block in report_fields.blocks(text, opening=_OPENING):
        is_named = not _OPENING.isdisjoint(block)
        tells = not _TELLING.isdisjoint(block)
        if found and tells and not is_named and _TELLING.isdisjoint(found[-1]):
            found[-1] |= block  # a blank line too many cut it in two
        elif is_named or tells:
            found.append(block)
    return [_status(block) for block in found]


def _status(block: Block) -> RecipientStatus:
    text = block.get("status", "")
    code = _code(text)
    status = code.group(1) if code else ""
    comment = (text[code.end() :] if code else text).strip(" \t()")
    return RecipientStatus(
        final_recipient=_address(block.get("final-recipient", "")),
        original_recipient=_address(block.get("original-recipient", "")),
        action=_action(block.get("action", ""), status),
        status=status,
        comment=comment,
        diagnostic=_diagnostic(block.get("diagnostic-code", "")),
        remote_mta=_value(block.get("remote-mta", "")),
    )


def _action(text: str, status: str) -> Action:
    """The word, or what the class of the status says where it is missing or unknown."""
    word = re.split(r"[\s(;,]", text.strip().lower(), maxsplit=1)[0]
    if word in set(Action):
        return Action(word)
    return {"2": Action.DELIVERED, "4": Action.DELAYED}.get(status[:1], Action.FAILED)


def _diagnostic(text: str) -> str:
    """On one line; behind the type `smtp` there is no blank, as in what is recorded of our own conversations."""
    flat = " ".join(text.split())
    kind = _smtp(flat)
    return f"smtp;{flat[kind.end() :]}" if kind else flat


def _value(text: str) -> str:
    typed = _typed(text)
    return (typed.group(2) if typed else text).strip()


def _address(text: str) -> str:
    """A typed address without its type and brackets, and without the escapes of RFC 6533 section 3."""
    value = _value(text).strip("<> \t")
    return _unitext.sub(lambda found: _character(int(found.group(1), 16)), value)


def _character(number: int) -> str:
    is_one = number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    return chr(number) if is_one else "\ufffd"
