"""Complaints: reports that a reader marked a message as spam. Pure and total.

Providers mask what names the reader, so nothing here tells reliably which copy is meant; `trail` is where a signed
return path may stand. Source: RFC 5965; spec bounce-classification 7.
"""

import re
from dataclasses import dataclass, field

from pillarbox.mail import report_fields
from pillarbox.mail.parse import Header, Message

_REPORT_PARTS = frozenset("message/feedback-report text/feedback-report".split())
_MOST_TRAIL = 400

_from_microsoft = re.compile(r"\bstaff@hotmail\.com\b", re.IGNORECASE).search
_about_message = re.compile(r"complaint about message from", re.IGNORECASE).match
_by_email = re.compile(r"e-?mail feedback report for ip", re.IGNORECASE).match


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A feedback report. `kind` is its Feedback-Type in lower case, empty when it does not say.

    `trail` holds every value in which the copy's return path may stand: the report's fields and the header of the
    message it brings along.
    """

    kind: str = ""
    user_agent: str = ""
    source_ip: str = ""
    original_mail_from: str = ""
    original_recipient: str = ""
    returned: list[Header] = field(default_factory=list)

    @property
    def trail(self) -> list[str]:
        """The values to look into, most telling first."""
        telling = [h.value for h in self.returned if h.name.lower() == "return-path"]
        others = [h.value for h in self.returned if h.name.lower() != "return-path"]
        return [self.original_mail_from, *telling, *others][:_MOST_TRAIL]


def read(message: Message) -> Feedback | None:
    """The feedback report that a message is, in the format of RFC 5965 or an older one; None when it is none."""
    found = report_fields.returned(message)
    for part in message.attachments:
        if report_fields.media_type(part) in _REPORT_PARTS:
            return _feedback(report_fields.text_of(part), found)
    if report_fields.report_type(message) == "feedback-report":
        text = message.text or ""
        start = re.search(r"^feedback-type[ \t]*:", text, re.I | re.M)
        return _feedback(text[start.start() :] if start else "", found)
    if _is_older(message):
        return Feedback(kind="abuse", returned=found)
    return None


def forwarded(message: Message) -> Feedback:
    """Other mail to the address for complaints: the message it brings along is what is complained about."""
    return Feedback(returned=report_fields.returned(message))


def _feedback(text: str, found: list[Header]) -> Feedback:
    fields: dict[str, str] = {}
    for block in report_fields.blocks(text):
        fields = block | fields
    return Feedback(
        kind=re.split(r"[\s;(]", fields.get("feedback-type", "").strip().lower(), maxsplit=1)[0],
        user_agent=fields.get("user-agent", ""),
        source_ip=fields.get("source-ip", ""),
        original_mail_from=fields.get("original-mail-from", ""),
        original_recipient=fields.get("original-rcpt-to", ""),
        returned=found,
    )


def _is_older(message: Message) -> bool:
    """Microsoft's JMRP and AOL's first reports: the message complained about, attached to a letter."""
    subject = (message.header("subject") or "").strip()
    if _about_message(subject):
        return _from_microsoft(message.header("from") or "") is not None
    return _by_email(subject) is not None
