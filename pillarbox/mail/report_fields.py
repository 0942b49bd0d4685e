"""The parts of reports by mail systems: blocks of header-like fields, and the message a report is about.

Total and bounded. Lenient, as reports are often made by hand: a line that is no field goes on with the last one,
blank lines may be anything blank. Source: RFC 3464 section 2.1, RFC 5965 section 3.
"""

import re

from pillarbox.mail import charsets, headers
from pillarbox.mail.parse import Attachment, Header, Message, parse

MOST_BYTES = 256 * 1024
MOST_BLOCKS = 100
MOST_FIELDS = 200
LONGEST = 4000

_field = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,60})[ \t]*:(?!//)[ \t]*(.*)", re.DOTALL).match
_RETURNED = frozenset(
    "message/rfc822 message/global text/rfc822-headers message/rfc822-headers"
    " message/global-headers".split()
)

Block = dict[str, str]
"""One block: lower-case names and unfolded, decoded values; of equal names the first."""


def media_type(part: Attachment) -> str:
    """The media type of a part, without its parameters."""
    return part.content_type.partition(";")[0].strip().lower()


def report_type(message: Message) -> str:
    """The parameter `report-type` of a multipart/report, lower case; empty if this is none."""
    found = re.search(
        r'report-type\s*=\s*"?([\w-]{1,60})', message.header("content-type") or "", re.I
    )
    return found.group(1).lower() if found else ""


def text_of(part: Attachment) -> str:
    """What a part of a report says; the end of an endless one is left out."""
    return charsets.decode(part.content[:MOST_BYTES])


def blocks(text: str, *, opening: frozenset[str] = frozenset()) -> list[Block]:
    """The blocks of a text. A name in `opening` that comes a second time begins a new one, blank line or not."""
    found: list[Block] = [{}]
    last = ""
    for line in text[:MOST_BYTES].splitlines():
        if not line.strip():
            if found[-1]:
                found.append({})
            last = ""
            continue
        field = None if line[0] in " \t" and last else _field(line.strip())
        if field is None:
            _go_on(found[-1], last, line)
            continue
        last = field.group(1).lower()
        if last in opening and last in found[-1]:
            found.append({})
        if len(found) > MOST_BLOCKS:
            break
        last = _keep(found[-1], last, field.group(2))
    return [_decoded(block) for block in found[:MOST_BLOCKS] if block]


def returned(message: Message) -> list[Header]:
    """The header of the message a report is about, as far as the report brings it along."""
    for part in message.attachments:
        if media_type(part) in _RETURNED:
            fields = parse(part.content[:MOST_BYTES]).headers[:MOST_FIELDS]
            return [Header(one.name, one.key, one.raw[: len(one.name) + LONGEST]) for one in fields]
    return []


def _keep(block: Block, name: str, value: str) -> str:
    """Add a field; the name under which continuation lines go on, empty if this one does not count."""
    if name in block or len(block) >= MOST_FIELDS:
        return ""
    block[name] = value.strip()[:LONGEST]
    return name


def _go_on(block: Block, name: str, line: str) -> None:
    if name and len(block[name]) < LONGEST:
        block[name] = f"{block[name]} {line.strip()}".strip()[:LONGEST]


def _decoded(block: Block) -> Block:
    return {name: headers.decode(value) for name, value in block.items()}
