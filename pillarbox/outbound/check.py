"""The checks of a draft that need nothing but the draft: addresses, bodies, limits, headers, attachments.

Pure. The order is that of spec sending 2.8 (8 to 14); the first failure wins.
"""

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pillarbox.errors import Problem, Refused
from pillarbox.mail import address as addresses
from pillarbox.mail.address import Address, AddressError, AddressProblem
from pillarbox.mail.headers import is_token
from pillarbox.outbound.model import Attachment, Draft, Recipients
from pillarbox.servers.model import TrackLinks

MAX_RECIPIENTS = 50
MAX_FROM = 255
MAX_SUBJECT = 2000
MAX_TAG = 1000
MAX_BODY_BYTES = 5 * 1024 * 1024
MAX_ATTACHMENTS = 10_485_760
MAX_METADATA = (10, 20, 80)

_FORBIDDEN_EXTENSIONS = frozenset(
    (
        "vbs exe bin bat chm com cpl crt hlp hta inf ins isp jse lnk mdb pcd pif reg scr sct shs "
        "vbe vba wsf wsh wsl msc msi msp mst"
    ).split()
)
_FORBIDDEN_HEADERS = frozenset(
    (
        "date reply-to from to cc bcc subject sender received content-type "
        "content-transfer-encoding mime-version dkim-signature return-path"
    ).split()
)
_LINE_BREAKS = re.compile(r"[\r\n]+")
_WHITE = re.compile(r"[ \t\r\n]+")
_ADDRESS_PROBLEMS = {
    AddressProblem.NO_AT: Problem.ADDRESS_WITHOUT_AT,
    AddressProblem.BAD_DOMAIN: Problem.ADDRESS_BAD_DOMAIN,
    AddressProblem.BAD_MAILBOX: Problem.ADDRESS_BAD_MAILBOX,
    AddressProblem.INVALID: Problem.ADDRESS_INVALID,
}
_TRACK_LINKS = {choice.value.lower(): choice for choice in TrackLinks}


@dataclass(slots=True, kw_only=True)
class File:
    """An attachment whose content is decoded."""

    name: str
    content_type: str
    content: bytes
    content_id: str | None


@dataclass(slots=True, kw_only=True)
class Checked:
    """A draft that is in order, with its texts read."""

    sender: Address
    recipients: Recipients
    reply_to: list[Address]
    subject: str
    tag: str | None
    html: str | None
    text: str | None
    headers: list[tuple[str, str]]
    track_links: TrackLinks | None
    metadata: dict[str, str]
    files: list[File]


def check(draft: Draft) -> Checked:
    """Read and check a draft.

    Refuses with the first problem of spec sending 2.8, steps 8 to 14.
    """
    sender = read_sender(draft.sender)
    recipients = Recipients(
        to=read_addresses("To", draft.to),
        cc=read_addresses("Cc", draft.cc),
        bcc=read_addresses("Bcc", draft.bcc),
    )
    reply_to = read_addresses("Reply-To", draft.reply_to)
    count_recipients(recipients)
    _check_bodies(draft)
    return Checked(
        sender=sender,
        recipients=recipients,
        reply_to=reply_to,
        subject=read_subject(draft.subject),
        tag=read_tag(draft.tag),
        html=_body(draft, draft.html),
        text=_body(draft, draft.text),
        track_links=read_track_links(draft.track_links),
        headers=read_headers(draft.headers),
        metadata=check_metadata(draft.metadata),
        files=read_files(draft.attachments),
    )


def read_sender(value: str | None, *, shown: str | None = None) -> Address:
    """The one address of From; `shown` is how people read a value with encoded words.

    Refuses FROM_MISSING, FIELD_TOO_LONG, FROM_INVALID.
    """
    if not value or not value.strip():
        raise Refused(Problem.FROM_MISSING)
    shown = value if shown is None else shown
    # Half the limit in characters cannot exceed it in UTF-16: most senders need no counting.
    if len(shown) > MAX_FROM // 2 and len(shown.encode("utf-16-le")) // 2 > MAX_FROM:
        raise Refused(Problem.FIELD_TOO_LONG, field="From", limit=str(MAX_FROM))
    try:
        return _known_sender(value) if len(value) <= MAX_FROM else addresses.parse_one(value)
    except AddressError:
        raise Refused(Problem.FROM_INVALID, value=shown) from None


_known_sender = lru_cache(1024)(addresses.parse_one)
"""Few senders send much."""


def count_recipients(recipients: Recipients) -> None:
    """Refuses NO_RECIPIENTS, TOO_MANY_RECIPIENTS; repetitions count."""
    count = len(recipients.to) + len(recipients.cc) + len(recipients.bcc)
    if count == 0:
        raise Refused(Problem.NO_RECIPIENTS)
    if count > MAX_RECIPIENTS:
        raise Refused(Problem.TOO_MANY_RECIPIENTS)


def read_subject(value: str | None) -> str:
    """The subject on one line. Refuses FIELD_TOO_LONG."""
    subject = _LINE_BREAKS.sub(" ", value or "")
    if len(subject) > MAX_SUBJECT:
        raise Refused(Problem.FIELD_TOO_LONG, field="Subject", limit=str(MAX_SUBJECT))
    return subject


def read_tag(value: str | None) -> str | None:
    """The tag on one line, None when empty. Refuses FIELD_TOO_LONG."""
    tag = _LINE_BREAKS.sub(" ", value or "")
    if len(tag) > MAX_TAG:
        raise Refused(Problem.FIELD_TOO_LONG, field="Tag", limit=str(MAX_TAG))
    return tag or None


def read_track_links(value: str | None) -> TrackLinks | None:
    """The choice in any case, None when not given. Refuses BAD_TRACK_LINKS."""
    if not value:
        return None
    choice = _TRACK_LINKS.get(value.lower())
    if choice is None:
        raise Refused(Problem.BAD_TRACK_LINKS)
    return choice


def check_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """Metadata as given. Refuses BAD_METADATA: too many, too long, or names that differ only in case."""
    if not metadata:
        return metadata
    fields, longest_name, longest_value = MAX_METADATA
    names = {name.lower() for name in metadata}
    if (
        len(metadata) > fields
        or len(names) != len(metadata)
        or any(not name or len(name) > longest_name for name in metadata)
        or any(len(value) > longest_value for value in metadata.values())
    ):
        raise Refused(Problem.BAD_METADATA)
    return metadata


def check_file_name(name: str) -> None:
    """Refuses ATTACHMENT_TYPE_FORBIDDEN by the last extension."""
    if name.rpartition(".")[2].strip().lower() in _FORBIDDEN_EXTENSIONS and "." in name:
        raise Refused(Problem.ATTACHMENT_TYPE_FORBIDDEN)


def check_total_size(encoded_bytes: int) -> None:
    """Refuses ATTACHMENTS_TOO_BIG; the size is that of the base64 text."""
    if encoded_bytes > MAX_ATTACHMENTS:
        raise Refused(Problem.ATTACHMENTS_TOO_BIG)


def read_addresses(field: str, value: str | None) -> list[Address]:
    """The addresses of a list. Refuses ADDRESS_INVALID and its kin, naming the field."""
    if not value:
        return []
    try:
        return addresses.parse_list(value)
    except AddressError as error:
        problem = _ADDRESS_PROBLEMS[error.problem]
        raise Refused(problem, field=field, address=error.address, part=error.part) from None


def check_body(field: str, body: str | None) -> None:
    """Refuses BODY_FIELD_TOO_LONG."""
    # A quarter of the limit in characters cannot exceed it in bytes: most bodies need no counting.
    if body and len(body) > MAX_BODY_BYTES // 4 and len(body.encode()) > MAX_BODY_BYTES:
        raise Refused(Problem.BODY_FIELD_TOO_LONG, field=field)


def _body(draft: Draft, body: str | None) -> str | None:
    """A body; an empty one is none unless a template came out empty."""
    return body or (None if draft.template is None else body)


def _check_bodies(draft: Draft) -> None:
    if not draft.text and not draft.html and draft.template is None:
        raise Refused(Problem.NO_BODY)
    check_body("HtmlBody", draft.html)
    check_body("TextBody", draft.text)


def read_headers(headers: Sequence[tuple[str | None, str | None]]) -> list[tuple[str, str]]:
    """Custom headers, values on one line. Refuses BAD_HEADER, HEADER_NOT_ALLOWED."""
    read = []
    for name, value in headers:
        if not name or not is_token(name):
            raise Refused(Problem.BAD_HEADER)
        if name.lower() in _FORBIDDEN_HEADERS:
            raise Refused(Problem.HEADER_NOT_ALLOWED, name=name)
        read.append((name, _LINE_BREAKS.sub("", value or "")))
    return read


def read_files(attachments: Sequence[Attachment]) -> list[File]:
    """Attachments, decoded. Refuses ATTACHMENT_TYPE_FORBIDDEN, ATTACHMENTS_TOO_BIG, BAD_ATTACHMENT."""
    if not attachments:
        return []
    for attachment in attachments:
        check_file_name(attachment.name or "")
    check_total_size(sum(len(attachment.content or "") for attachment in attachments))
    return [_read_file(attachment) for attachment in attachments]


def _read_file(attachment: Attachment) -> File:
    name = attachment.name or ""
    if not name or attachment.content is None:
        raise Refused(Problem.BAD_ATTACHMENT, name=name)
    content_id = (attachment.content_id or "").strip().strip("<>")
    return File(
        name=name,
        content_type=attachment.content_type or "application/octet-stream",
        content=_read_base64(name, attachment.content),
        content_id=content_id.removeprefix("cid:").strip("<>") or None,
    )


def _read_base64(name: str, text: str) -> bytes:
    """Decode base64 that may be wrapped; anything but the standard alphabet and right padding is refused."""
    try:
        return binascii.a2b_base64(_WHITE.sub("", text), strict_mode=True)
    except (binascii.Error, ValueError):
        raise Refused(Problem.BAD_ATTACHMENT, name=name) from None
