"""The newly written part of a reply, without what it quotes. Pure; time is linear in the text.

    join attributions -> cut where the quoted mail begins -> (nothing above: take what is below) -> signature off

English conventions only. Source: spec inbound 3.5.
"""

import re
from collections.abc import Sequence

_attribution = re.compile(r"[>\s]*+On .{6,400} wrote:").fullmatch
_begins_attribution = re.compile(r"[>\s]*+On .").match
_marker = re.compile(
    r"[>\s]*+-{2,}+\s*+(?:Original Message|Forwarded message|Original Appointment)\s*+-{2,}+"
    r"|\s*+-{2,}+\s*+Reply (?:above|below) this line.*+"
    r"|#{2,}+.*?(?:type|write) your reply above this line.*+",
    re.IGNORECASE,
).fullmatch
_may_cut = re.compile(r"[>\s]*+(?:On |--|_{7}|##|\*?From:)", re.IGNORECASE).match
_header = re.compile(r"[>\s]*+\*?(From|Sent|Date|To|Subject):", re.IGNORECASE).match
_rule = re.compile(r"_{7,}").fullmatch
_dashes = re.compile(r"-{7,}").fullmatch
_phone = re.compile(
    r"(?:Sent from my \S.{0,60}|Get Outlook for (?:iOS|Android).{0,60})", re.IGNORECASE
).fullmatch

_LONGEST = 200_000  # characters looked at, and lines; no person writes more
_MOST_LINES = 5000
_LONGEST_LINE = 1000  # longer ones are no lines of headers or attributions
_WITHIN = 5


def stripped_reply(text: str) -> str:
    """What a reply says by itself; "" when nothing of it is new."""
    lines = [
        line.rstrip() for line in text[:_LONGEST].replace("\r\n", "\n").split("\n", _MOST_LINES)
    ]
    lines = _joined(lines)
    cut = _cut(lines)
    if cut is None:
        first = next((line for line in lines if line), "")
        kept = _unquoted(lines) if first.startswith(">") else lines
    else:
        kept = lines[:cut]
        if not any(kept):
            kept = _below(lines, cut)
    return "\n".join(_trimmed(_unsigned(_trimmed(kept))))


def _joined(lines: Sequence[str]) -> list[str]:
    """Lines with attributions that were split over up to three of them in one."""
    found: list[str] = []
    position = 0
    while position < len(lines):
        taken = _attribution_lines(lines, position)
        found.append(" ".join(lines[position : position + taken]))
        position += taken
    return found


def _attribution_lines(lines: Sequence[str], start: int) -> int:
    if _begins_attribution(lines[start]) and not lines[start].endswith("wrote:"):
        for more in (1, 2):
            following = lines[start + more : start + more + 1]
            if following and len(following[0]) <= _LONGEST_LINE and following[0].endswith("wrote:"):
                return more + 1
    return 1


def _cut(lines: Sequence[str]) -> int | None:
    """Where the quoted mail begins, or None."""
    tail = len(lines)
    while tail and (not lines[tail - 1] or lines[tail - 1].startswith(">")):
        tail -= 1
    for number, line in enumerate(lines):
        if number >= tail and line.startswith(">"):
            return number
        if len(line) <= _LONGEST_LINE and _may_cut(line) and _is_cut(lines, number):
            return number
    return None


def _is_cut(lines: Sequence[str], number: int) -> bool:
    line = lines[number]
    if _attribution(line) or _marker(line) or _rule(line) or _is_header_block(lines, number):
        return True
    return _dashes(line) is not None and _is_header_block(lines, number + 1)


def _is_header_block(lines: Sequence[str], start: int) -> bool:
    if start >= len(lines) or _name(lines[start]) != "from":
        return False
    kinds = {_name(line) for line in lines[start + 1 : start + 1 + _WITHIN]}
    dated = bool(kinds & {"sent", "date"})
    return dated + ("to" in kinds) + ("subject" in kinds) >= 2


def _name(line: str) -> str:
    found = _header(line[:_LONGEST_LINE])
    return found.group(1).lower() if found else ""


def _below(lines: Sequence[str], cut: int) -> list[str]:
    """What stands under the quoted mail: the answer of somebody who writes at the bottom."""
    kept = []
    for number, line in enumerate(lines):
        if number == cut or (len(line) <= _LONGEST_LINE and _name(line) and number > cut):
            continue
        if not line.startswith(">"):
            kept.append(line)
    return kept


def _unquoted(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if not line.startswith(">")]


def _unsigned(lines: Sequence[str]) -> list[str]:
    """Lines without a signature at their end."""
    for number in range(len(lines) - 1, -1, -1):
        if lines[number] == "--":
            return list(lines[:number])
    if lines and _phone(lines[-1].strip()):
        return list(lines[:-1])
    return list(lines)


def _trimmed(lines: Sequence[str]) -> list[str]:
    start, end = 0, len(lines)
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return list(lines[start:end])
