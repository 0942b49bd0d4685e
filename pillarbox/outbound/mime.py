"""From a message submitted by SMTP to one ready to be kept. Pure but for the ids it draws.

The caller's MIME body is kept as it is (signatures and odd structures survive); only the header is rewritten:
control headers leave, the server's own come in. Source: spec sending 9.4 and 9.5.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct

from pillarbox.errors import Problem, Refused
from pillarbox.ids import message_id
from pillarbox.mail import headers, trace
from pillarbox.mail.address import Address, AddressError, parse_list, parse_one
from pillarbox.mail.parse import Header, parse, to_seven_bit
from pillarbox.mail.parse import Message as Parsed
from pillarbox.outbound import check
from pillarbox.outbound.compose import (
    Stamp,
    is_control,
    own_message_id,
    sender_line,
    server_lines,
)
from pillarbox.outbound.model import Prepared, Recipients
from pillarbox.outbound.personal import effective_links, unsubscribe_link
from pillarbox.outbound.prepare import Surroundings, choose_stream
from pillarbox.servers.model import Server
from pillarbox.tracking.personal import tracked_urls

MAX_RECEIVED = 100
MAX_LINE = 998
_REPLACED = frozenset("from bcc received return-path dkim-signature x-pm-message-id".split())
# May occur once (RFC 5322 section 3.6); the first is the one that was read, and receivers refuse a second.
_ONCE = frozenset("date sender reply-to subject message-id in-reply-to references".split())


class Submitted(Struct, frozen=True, kw_only=True, gc=False):
    """A message as it came by SMTP; `stream` is set by credentials that belong to one stream."""

    helo: str
    ip: str
    protocol: str
    recipients: Sequence[str]
    data: bytes
    stream: str | None = None


@dataclass(slots=True, kw_only=True)
class Controls:
    """What X-PM-* headers ask for."""

    stream: str | None = None
    tag: str | None = None
    metadata: dict[str, str]
    track_opens: bool | None = None
    track_links: str | None = None
    keeps_id: bool = False
    bounce_type: str | None = None


def prepare_mime(server: Server, submitted: Submitted, surroundings: Surroundings) -> Prepared:
    """Check a submitted message and rewrite its header.

    Refuses what the API would refuse of the same message, in the same order.
    """
    parsed = parse(submitted.data)
    controls = read_controls(parsed)
    stream = choose_stream(server, submitted.stream or controls.stream)
    sender_text = parsed.header("From")
    sender = check.read_sender(_value(parsed, "From"), shown=sender_text)
    recipients = sort_recipients(parsed, submitted.recipients)
    check.read_addresses("Reply-To", _value(parsed, "Reply-To"))
    check.count_recipients(recipients)
    _check_content(parsed)
    subject = check.read_subject(parsed.header("Subject"))
    tag = check.read_tag(controls.tag)
    links = effective_links(server, check.read_track_links(controls.track_links))
    metadata = check.check_metadata(controls.metadata)
    key = surroundings.keys.next()
    stamp = Stamp(message_id=message_id(key), at=surroundings.at, host=surroundings.host)
    return Prepared(
        key=key,
        message_id=stamp.message_id,
        server=server,
        stream=stream,
        received_at=surroundings.at,
        sender=sender,
        sender_text=sender_text or "",
        recipients=recipients,
        subject=subject,
        tag=tag,
        metadata=metadata,
        attachments=[attachment.name for attachment in parsed.attachments],
        track_opens=bool(controls.track_opens) or server.track_opens,
        track_links=links,
        links=len(tracked_urls(parsed.html, parsed.text, links, surroundings.own_hosts)),
        unsubscribe=unsubscribe_link(stream, parsed.html, parsed.text),
        bounce_type=controls.bounce_type,
        body_form=0,
        raw=_rewrite(
            submitted, parsed, sender, stamp, server_lines(stamp, tag), keeps_id=controls.keeps_id
        ),
    )


def _value(parsed: Parsed, name: str) -> str | None:
    """The first header of this name, undecoded: what an encoded word holds is never structure."""
    for header in parsed.headers_named(name):
        return header.value
    return None


def read_controls(parsed: Parsed) -> Controls:
    """The X-PM-* headers of a message, names in any case. A repeated metadata key gets a number."""
    controls = Controls(metadata={})
    for header in parsed.headers:
        if not header.key.startswith("x-pm-"):
            continue
        if header.key.startswith("x-pm-metadata-"):
            key = _free_key(controls.metadata, header.name[len("x-pm-metadata-") :])
            controls.metadata[key] = header.decoded.strip()
        elif is_control(header.key):
            _set_control(controls, header.key, header.decoded.strip())
    return controls


def _set_control(controls: Controls, name: str, value: str) -> None:
    match name:
        case "x-pm-message-stream":
            controls.stream = value or None
        case "x-pm-tag":
            controls.tag = value or None
        case "x-pm-trackopens" | "x-pm-track-opens":
            controls.track_opens = value.lower() == "true"
        case "x-pm-tracklinks" | "x-pm-track-links":
            controls.track_links = value or None
        case "x-pm-keepid":
            controls.keeps_id = value.lower() == "true"
        case "x-pm-bounce-type":
            controls.bounce_type = value[:40] or None
        case _:
            pass


def _free_key(metadata: dict[str, str], key: str) -> str:
    """The key, or with the first number behind it that makes it new."""
    taken = {known.lower() for known in metadata}
    number, free = 0, key
    while free.lower() in taken:
        number += 1
        free = f"{key}{number}"
    return free


def sort_recipients(parsed: Parsed, envelope: Sequence[str]) -> Recipients:
    """The envelope's recipients as To, Cc and Bcc: those named in the header by their place there, the rest Bcc.

    Refuses ADDRESS_INVALID for an envelope address that the API would not take.
    """
    named = {field: _addresses(parsed, field) for field in ("To", "Cc")}
    recipients = Recipients(to=[], cc=[], bcc=[])
    for text in envelope:
        address = _envelope_address(text)
        if address.key in named["To"]:
            recipients.to.append(named["To"][address.key])
        elif address.key in named["Cc"]:
            recipients.cc.append(named["Cc"][address.key])
        else:
            recipients.bcc.append(address)
    return recipients


def _envelope_address(text: str) -> Address:
    try:
        return parse_one(text)
    except AddressError:
        raise Refused(Problem.ADDRESS_INVALID, field="To", address=text, part=text) from None


def _addresses(parsed: Parsed, field: str) -> dict[str, Address]:
    """The addresses of all headers of this name by key; what cannot be read is left out."""
    found: dict[str, Address] = {}
    for header in parsed.headers_named(field):
        try:
            found.update((address.key, address) for address in parse_list(header.value))
        except AddressError:
            continue
    return found


def _check_content(parsed: Parsed) -> None:
    if not parsed.text and not parsed.html:
        raise Refused(Problem.NO_BODY)
    if len(parsed.headers_named("Received")) > MAX_RECEIVED:
        raise Refused(Problem.BAD_HEADER)
    for attachment in parsed.attachments:
        if attachment.has_name:  # what is made up ends in .bin, which is forbidden
            check.check_file_name(attachment.name)
    # The limit is on base64 text: four characters for every three octets.
    check.check_total_size(sum((len(a.content) + 2) // 3 * 4 for a in parsed.attachments))


def _rewrite(
    submitted: Submitted,
    parsed: Parsed,
    sender: Address,
    stamp: Stamp,
    own: list[bytes],
    *,
    keeps_id: bool,
) -> bytes:
    """The message with its header rewritten and its body untouched, in seven bits."""
    names = {header.key for header in parsed.headers}
    body = submitted.data[parsed.body_at :]
    lines = [
        trace.received(
            from_helo=submitted.helo,
            from_ip=submitted.ip,
            by=stamp.host,
            protocol=submitted.protocol,
            message_id=stamp.message_id,
            at=stamp.at,
        )
    ]
    if "date" not in names:
        lines.append(f"Date: {trace.date(stamp.at)}\r\n".encode())
    # Written anew: what is delivered is who was checked, however others read the original.
    lines.append(sender_line(sender))
    keeps_id = keeps_id and "message-id" in names
    written: set[str] = set()
    for header in parsed.headers:
        key = header.key
        if _stays(key, keeps_id=keeps_id) and not (key in _ONCE and key in written):
            written.add(key)
            lines.append(header.raw if _is_fit(header.raw) else _fit_field(header))
    if not keeps_id:
        lines.append(own_message_id(stamp))
    if "mime-version" not in names:
        lines += _mime_lines(body, is_typed="content-type" in names)
    lines += own
    return to_seven_bit(b"".join(lines) + b"\r\n" + body)


def _mime_lines(body: bytes, *, is_typed: bool) -> list[bytes]:
    """What makes a message without MIME one with it: its text may have to be encoded, and then needs a charset."""
    lines = [b"MIME-Version: 1.0\r\n"]
    if not is_typed and not body.isascii():
        lines.append(f"Content-Type: text/plain; charset={_guessed_charset(body)}\r\n".encode())
    return lines


def _guessed_charset(body: bytes) -> str:
    """As charsets.decode guesses: one good longer character says UTF-8."""
    return "iso-8859-1" if body.decode("utf-8", "ignore").isascii() else "utf-8"


def _stays(name: str, *, keeps_id: bool) -> bool:
    if name == "message-id":
        return keeps_id
    return name not in _REPLACED and not is_control(name)


def _fit_field(header: Header) -> bytes:
    """A header field written anew, because its octets or lines are not fit for every server.

    What has no value, or a name that is none, does not go out at all.
    """
    name = header.name
    if not headers.is_token(name) or not header.value:
        return b""
    if header.key in ("to", "cc", "reply-to", "sender"):
        try:
            addresses = parse_list(header.value)
        except AddressError:
            addresses = []
        if addresses:
            return headers.address_line(name, addresses)
    if header.raw.isascii():
        return headers.line(name, header.value)
    return headers.line(name, "".join(c for c in header.decoded if c.isprintable()))


def _is_fit(raw: bytes) -> bool:
    """ASCII, and no line is over-long (RFC 5322) or blank, which some take for the end of the header."""
    if not raw.isascii():
        return False
    if len(raw) <= MAX_LINE and raw.count(b"\n") == 1:
        return True  # nearly all
    lines = raw.removesuffix(b"\r\n").split(b"\r\n")
    return all(len(line) <= MAX_LINE and line.strip() for line in lines)
