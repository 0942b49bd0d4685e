"""What a mail says, as the fields of an inbound message: addresses, texts, headers, attachments. Pure and total.

Whatever arrives becomes a message; what was wrong with it is in its defects. Source: spec inbound 3.
"""

import re
from dataclasses import dataclass, field

from msgspec.structs import replace

from pillarbox.inbound.model import (
    Correspondent,
    InboundAttachment,
    InboundContent,
    InboundMessage,
    InboundStatus,
    mail_list,
)
from pillarbox.mail import headers, trace
from pillarbox.mail.charsets import storable
from pillarbox.mail.parse import Header, Message, parse
from pillarbox.mail.received_addresses import read_addresses
from pillarbox.mail.reply_text import stripped_reply
from pillarbox.received.model import Received

EXCLUDED = frozenset(
    "from to cc bcc subject date reply-to content-type content-transfer-encoding return-path".split()
)
OF_SCANNERS = frozenset("x-spam-checker-version x-spam-status x-spam-score x-spam-tests".split())
LONGEST_ADDRESS = 320
LONGEST_TAG = 500
MOST_ADDRESSES = 1000
UNREADABLE = "not processed: the mail could not be read"

_word = re.compile(r'[^\s()"]+')
_UNQUOTED = str.maketrans("", "", ' \t"')

Headers = tuple[tuple[str, str], ...]
Group = tuple[Correspondent, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail as read: what is listed, and what the details show besides."""

    message: InboundMessage
    content: InboundContent
    attachments: tuple[bytes, ...] = field(default=(), repr=False)


def read(mail: Received, parsed: Message, *, host: str, checks: Headers = ()) -> Reading:
    """The inbound message that a mail for one recipient makes.

    `host` is this installation's name, `checks` are the header fields of its own scanners, in order.
    Its status is Queued; whether it is blocked is decided by others.
    """
    sender, to, cc, bcc = _addresses(mail, parsed)
    way = hop(mail, host)
    trusted = (_hand_over(mail, host), *checks)
    own = (*trusted, _field(way))
    message = replace(
        unread(mail).message,
        sender=sender,
        to=to,
        cc=cc,
        bcc=bcc,
        reply_to=storable(mail_list(_mailboxes(parsed, "reply-to"))),
        subject=storable(parsed.header("Subject") or ""),
        date=storable(_plain(parsed, "Date")),
        tag=storable((parsed.header("X-PM-Tag") or "").strip()[:LONGEST_TAG]),
        attachments=tuple(
            InboundAttachment(
                name=part.name,
                content_type=part.content_type,
                content_id=part.content_id or "",
                length=len(part.content),
            )
            for part in parsed.attachments
        ),
        defects=tuple(parsed.defects),
    )
    text = _text(parsed.text)
    content = InboundContent(
        raw=trace.on_top(b"".join([headers.line(*one) for one in trusted]) + way, mail.raw),
        text=text,
        html=_text(parsed.html),
        stripped_reply=stripped_reply(text) if _is_reply(parsed) else "",
        headers=_shown(mail, own, parsed, host),
    )
    return Reading(message, content, tuple([part.content for part in parsed.attachments]))


def author(parsed: Message) -> str:
    """The address of the From header, "" when there is none."""
    return next(iter(_mailboxes(parsed, "from")), Correspondent("")).email


def unread(mail: Received) -> Reading:
    """What is known of a mail without a look into it."""
    assert mail.target.server_id is not None
    assert mail.target.stream_key is not None
    message = InboundMessage(
        key=mail.key,
        message_id=mail.message_id,
        server_id=mail.target.server_id,
        stream_key=mail.target.stream_key,
        stream="",
        received_at=mail.received_at,
        status=InboundStatus.QUEUED,
        original_recipient=mail.recipient,
        sender=Correspondent(""),
        bcc=(Correspondent(mail.recipient),),
        defects=(UNREADABLE,),
    )
    headers_known = (("Return-Path", f"<{mail.mail_from}>"),)
    return Reading(message, InboundContent(raw=mail.raw, headers=headers_known))


def attachment_contents(raw: bytes) -> list[bytes]:
    """The decoded attachments of a message, in the order in which the message lists them."""
    return [part.content for part in parse(raw).attachments]


def source_text(raw: bytes) -> str:
    """A source as text with LF line ends: UTF-8, else every byte a Latin-1 character."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\r\n", "\n")


def _addresses(mail: Received, parsed: Message) -> tuple[Correspondent, Group, Group, Group]:
    """Who wrote, and To, Cc and Bcc. The recipient counts as Bcc when neither To nor Cc names it."""
    sender = next(iter(_mailboxes(parsed, "from")), Correspondent(""))
    to, cc, bcc = (_mailboxes(parsed, name) for name in ("to", "cc", "bcc"))
    recipient = mail.recipient.lower()
    others = tuple(one for one in bcc if one.email.lower() != recipient)
    if any(one.email.lower() == recipient for one in (*to, *cc)):
        return sender, to, cc, others
    return sender, to, cc, (Correspondent(mail.recipient), *others)


def _mailboxes(parsed: Message, name: str) -> tuple[Correspondent, ...]:
    found = [
        Correspondent(storable(one.email), storable(one.name))
        for header in parsed.headers_named(name)
        for one in read_addresses(header.value)
        if len(one.email) <= LONGEST_ADDRESS
    ]
    return tuple(found[:MOST_ADDRESSES])


def _plain(parsed: Message, name: str) -> str:
    return next((header.value.strip() for header in parsed.headers_named(name)), "")


def _text(text: str | None) -> str:
    return storable((text or "").replace("\r\n", "\n"))


def _is_reply(parsed: Message) -> bool:
    named = (parsed.headers_named(name) for name in ("in-reply-to", "references"))
    return bool(parsed.text) and any(named)


def _hand_over(mail: Received, host: str) -> tuple[str, str]:
    at = trace.date(mail.received_at)
    return "Received", f"by {host} (inbound) id {mail.message_id}; {at}"


def hop(mail: Received, host: str) -> bytes:
    """The Received field of the way over which a mail came to us."""
    return trace.received(
        from_helo=mail.helo,
        from_ip=mail.peer_ip,
        by=host,
        protocol=mail.protocol,
        message_id=mail.message_id,
        at=mail.received_at,
    )


def _field(line: bytes) -> tuple[str, str]:
    name, _, value = headers.unfold(line.decode("ascii")).partition(":")
    return name, value.strip()


def _shown(mail: Received, own: Headers, parsed: Message, host: str) -> Headers:
    """The list of headers: Return-Path, our own, then what has no field of its own."""
    theirs = [
        (header.name, header.decoded.strip(" \t"))
        for header in parsed.headers
        if header.name.lower() not in EXCLUDED and not _is_forged(header, host)
    ]
    return (("Return-Path", f"<{mail.mail_from}>"), *own, *theirs)


def _is_forged(header: Header, host: str) -> bool:
    """Whether a header pretends to be our own verdict (RFC 8601 section 5).

    What a scanner writes names no host: nothing would tell the sender's from ours.
    """
    name, value = header.name.lower(), header.value.lower()
    if name == "authentication-results":
        return host.lower() in _word.findall(value.partition(";")[0])
    if name == "received-spf":
        return f"receiver={host.lower()}" in value.translate(_UNQUOTED)
    return name in OF_SCANNERS
