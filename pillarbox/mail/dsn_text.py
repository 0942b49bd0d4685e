"""Failure reports in prose, as qmail, older Exim and Exchange, Notes, Gmail and others write them. Pure and total.

No format is recognised by name. All of them name the recipient at the start of a line and give the reason below;
most quote the answer of the other server. Source: spec bounce-classification 6.2 row 11.
"""

import html
import re
from dataclasses import dataclass

from pillarbox.mail.parse import Message

LONGEST = 1000
_LOOKED_AT = 64 * 1024
_MOST_LINES = 2000
_MOST_RECIPIENTS = 100
_MOST_CONTINUED = 10

_EMAIL = r"[^\s<>@,;:\"'()\[\]*]{1,128}@[^\s<>@,;:\"'()\[\]*]{1,255}"
_LABEL = (
    r"(?:failed |final |original )?"
    r"(?:address|recipients?|e-?mail address|to|empfänger|destinataire|destinatario)"
)
# `<a@b>: host said …` and `<a@b>... User unknown`
_bracketed = re.compile(rf"[*\s]{{0,8}}<(?P<email>{_EMAIL})>(?P<rest>.{{0,4000}})", re.DOTALL).match
# `a@b`, `a@b:`, `a@b on 3/4/2026 9:15 AM`, `a@b<mailto:a@b>`, `a@b (generated from c@d)`, `Failed address: a@b`
_alone = re.compile(
    rf"[*\s]{{0,8}}(?:{_LABEL}\s{{0,3}}:\s{{0,8}})?['\"<]{{0,2}}(?P<email>{_EMAIL})['\">]{{0,2}}"
    rf"(?:\s{{0,3}}<mailto:[^>]{{0,300}}>|\s{{1,3}}on \d[^\n]{{0,40}}|\s{{1,3}}\([^\n]{{0,300}})?[\s:.*]{{0,8}}",
    re.IGNORECASE,
).fullmatch
_MEASURES = r"(?:[kmg]i?b|bytes|octets|hours?|seconds|minutes|days?|times|messages|recipients)\b"
_basic = re.compile(rf"(?<![\w.:/@-])[45][0-7]\d(?=[ -](?! ?{_MEASURES})|$)", re.IGNORECASE).search
_enhanced = re.compile(r"(?<![\w.])[45]\.\d{1,3}\.\d{1,3}(?!\.?\w)").search
_from_here = re.compile(
    r"-{2,80}+.{0,60}(?:copy of|original message|returned message|below this line|undelivered message|"
    r"unsent message|message headers?|body of message|nachricht|message d'origine|mensaje original)|"
    r"(?:return-path|received|dkim-signature|x-pm-message-id):",
    re.IGNORECASE,
).match
_ends_reply = re.compile(
    r"\s*(?:>>>|giving up on|-{3,}|={3,}|\.\.\. while talking)|.{0,60}-->", re.I
).match
_transcript = re.compile(r"\s*(?:.{0,40})?(?:<<<|<--)\s*").match
_tag = re.compile(r"<[^<>]{0,4000}>")
_line_tag = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d|p|div|tr|li)\b[^<>]{0,4000}>", re.IGNORECASE)
_unseen = re.compile(
    r"<(style|script|title)\b[^<]*+(?:<(?!/?(?:style|script|title)\b)[^<]*+)*</\1\s*+>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a report says of one recipient; `recipient` is empty when it names none.

    `reply` is the first answer of a server that it quotes, on one line, else empty. `prose` is what it says of
    this one; `context` all that it says, when it is about nobody else.
    """

    recipient: str
    reply: str
    prose: str
    context: str = ""


def body_of(message: Message) -> str:
    """What a person would read of a report: its text, else the words of its HTML."""
    if message.text and message.text.strip():
        return message.text[:_LOOKED_AT]
    markup = _unseen.sub(" ", (message.html or "")[:_LOOKED_AT])
    return html.unescape(_tag.sub(" ", _line_tag.sub("\n", markup)))


def read(text: str) -> list[Told]:
    """What a report in prose says, by recipient; one without a name when it names nobody."""
    lines = _own_lines(text)
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        email, rest = _named(line)
        if email and (email in sections or len(sections) < _MOST_RECIPIENTS):
            current = sections.setdefault(email, [])
        current.append(rest if email else line)
    everything = "\n".join(lines).strip()
    if not sections:
        sections[""] = lines
    if len(sections) == 1:
        ((email, own),) = sections.items()
        prose = "\n".join(own).strip() or everything
        reply = _first_reply(own) or _first_reply(lines)
        return [Told(recipient=email, reply=reply, prose=prose, context=everything)]
    return [
        Told(recipient=email, reply=_first_reply(own), prose="\n".join(own).strip())
        for email, own in sections.items()
    ]


def _own_lines(text: str) -> list[str]:
    """The lines before the copy of the message that is reported on."""
    lines = text[:_LOOKED_AT].splitlines()[:_MOST_LINES]
    for number, line in enumerate(lines):
        if number > 2 and _from_here(line):
            return lines[:number]
    return lines


def _named(line: str) -> tuple[str, str]:
    """The recipient whom a line is about, lower case, and what else it says."""
    if "@" not in line:
        return "", line
    if found := _bracketed(line):
        return found["email"].lower(), found["rest"].lstrip(":. \t")
    if len(line) < 800 and (found := _alone(line)):
        return found["email"].lower(), line[found.end("email") :].strip("'\">: \t")
    return "", line


def _first_reply(lines: list[str]) -> str:
    for number, line in enumerate(lines):
        basic = _basic(line[:LONGEST])
        if basic or _enhanced(line[:LONGEST]):
            start = line[basic.start() :] if basic else line
            return _continued(start, lines[number + 1 : number + _MOST_CONTINUED])
    return ""


def _continued(start: str, following: list[str]) -> str:
    """An answer with the lines that go on with it."""
    found = [start.strip()]
    for line in following:
        if not line.strip() or _ends_reply(line) or _named(line)[0]:
            break
        prefix = _transcript(line)
        found.append((line[prefix.end() :] if prefix else line).strip())
    return " ".join(" ".join(found).strip("'\"<># \t").split())[:LONGEST]
