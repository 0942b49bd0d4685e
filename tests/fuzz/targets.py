"""What is fuzzed: each parser of what strangers send, with the promises it makes for any input at all.

A check raises AssertionError for a broken promise; whatever else it lets through is one too.
"""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from pillarbox.bounces.classify import classify, scan
from pillarbox.bounces.judge import LONGEST_DETAILS, judge
from pillarbox.errors import Refused
from pillarbox.inbound import read as inbound_read
from pillarbox.mail import (
    address,
    arf,
    authenticity,
    dsn,
    dsn_text,
    headers,
    parameters,
    rspamd,
    spamd,
    words,
)
from pillarbox.mail.authenticity import Client
from pillarbox.mail.edit import edit_bodies
from pillarbox.mail.lookups import Lookups
from pillarbox.mail.mime_tree import MAX_HEADERS, MAX_PARTS
from pillarbox.mail.parse import parse, split_head
from pillarbox.mail.received_addresses import read_addresses
from pillarbox.mail.reply_text import stripped_reply
from pillarbox.mail.seven_bit import to_seven_bit
from pillarbox.mail.smtp_reply import ProtocolError, ReplyReader
from pillarbox.mail.transfer import is_seven_bit
from pillarbox.mail.verp import ReturnPaths
from pillarbox.mustachio.infer import infer
from pillarbox.mustachio.parse import parse as parse_template
from pillarbox.mustachio.render import Budget, RenderError, render
from pillarbox.wire.inbound import InboundDetails, hook_body
from tests.fuzz import seeds
from tests.fuzz.seeds import Seeds
from tests.fuzz.smtp_wire import OPTIONS, converse
from tests.unit.inbound.test_read import received
from tests.unit.outbound.test_mime import prepared

HOST = "mx.pillarbox.example"
PATHS = ReturnPaths(secret=b"s" * 16)
MODEL: dict[str, Any] = {
    "a": 1,
    "b": "<ü>",
    "l": [{"a": 1}, {}, [], "x"],
    "o": {"o": {"a": None}},
    "x": False,
}
_codes = re.compile(rb"^[2-5]\d\d", re.MULTILINE).findall
_line_end = re.compile(rb"\r?\n|\r")
_reply_line = re.compile(rb"[2-5]\d\d[ -][^\r\n\0]*\r\n")


@dataclass(frozen=True)
class Target:
    """One parser, or several that read the same; `others` are inputs that other tests have."""

    name: str
    check: Callable[[bytes], None]
    others: Callable[[], Seeds] = list

    def seeds(self) -> Seeds:
        """All inputs to begin with."""
        return [*seeds.own(self.name), *self.others()]


def text_of(data: bytes) -> str:
    """What a header or body of strangers is once it is text: any characters, but no lone surrogates."""
    return data.decode("utf-8", "replace")


def storable(texts: Iterable[str], *, is_line: bool = False) -> None:
    """Texts that both databases and JSON can hold; lines hold no CR, LF and NUL besides."""
    for text in texts:
        text.encode()
        assert not is_line or not set("\r\n\0") & set(text), text[:200]


def check_mime(data: bytes) -> None:
    """Nothing raises, nothing grows, and what is rewritten is still the same message."""
    found = parse(data)
    storable([found.text or "", found.html or "", *found.defects])
    assert len(found.headers) <= MAX_HEADERS
    assert len(found.attachments) <= MAX_PARTS
    assert sum(len(part.content) for part in found.attachments) <= len(data)
    assert len(found.text or "") + len(found.html or "") <= 2 * len(data) + MAX_PARTS
    for part in found.attachments:
        assert part.name
        storable([part.name, part.content_type, part.content_id or ""], is_line=True)
    for header in found.headers:
        storable([header.name, header.value, header.decoded], is_line=True)
    fields, body_at = split_head(data)
    assert len(fields) <= MAX_HEADERS
    assert 0 <= body_at <= len(data)
    assert edit_bodies(data, lambda bodies: None) == data
    again = to_seven_bit(data)
    assert to_seven_bit(again) == again
    assert is_seven_bit(data) <= (again == data)


def check_inbound(data: bytes) -> None:
    """Whatever comes in is shown and told, with its source."""
    mail = received(data)
    parsed = parse(data)
    inbound_read.author(parsed).encode()
    reading = inbound_read.read(mail, parsed, host=HOST)
    message, content = reading.message, reading.content
    assert content.raw.endswith(data)
    storable([message.subject, message.reply_to, message.date, message.tag], is_line=True)
    storable([name + value for name, value in content.headers], is_line=True)
    parts = inbound_read.attachment_contents(content.raw)
    assert [len(part) for part in parts] == [found.length for found in message.attachments]
    InboundDetails.with_content(message, content)
    hook_body(message, content, parts, inbound_read.source_text(content.raw))
    assert "\0" not in content.text + content.html + content.stripped_reply


def check_submission(data: bytes) -> None:
    """A customer's message is refused, or goes out as who was checked, under a header that every server takes."""
    lines = _line_end.sub(b"\r\n", data.replace(b"\0", b""))  # all that SMTP lets in
    try:
        message = prepared(lines + b"\r\n")
    except Refused:
        return
    head = message.raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert max(map(len, head)) <= 998
    assert all(line.isascii() and line.strip() for line in head)
    assert not _line_end.search(message.raw.replace(b"\r\n", b""))
    (sender,) = (header for header in parse(message.raw).headers if header.name.lower() == "from")
    assert [one.email for one in address.parse_list(sender.value)] == [message.sender.email]


def check_returned(data: bytes) -> None:
    """A report means one thing or nothing, in a few words."""
    message = parse(data)
    statuses = dsn.read(message)
    assert len(statuses or []) <= 100
    feedback = arf.read(message) or arf.forwarded(message)
    assert len(feedback.trail) <= 400
    for value in feedback.trail:
        PATHS.find(value)
    told = dsn_text.read(dsn_text.body_of(message))
    assert 1 <= len(told) <= 100
    for is_complaint, is_from_nobody in ((False, False), (False, True), (True, False)):
        found = judge(
            message,
            sent_to="ann@one.example",
            is_from_nobody=is_from_nobody,
            is_complaint=is_complaint,
        )
        if found is not None:
            assert len(found.details) <= LONGEST_DETAILS
            storable([found.details])


def check_reply(data: bytes) -> None:
    """Octets of another server are replies or a ProtocolError, in whatever pieces they come."""
    whole, in_pieces = _replies([data]), _replies([data[i : i + 7] for i in range(0, len(data), 7)])
    assert whole[: len(in_pieces)] == in_pieces[: len(whole)]
    for reply in (*whole, *in_pieces):
        assert len(reply.text) <= 1000
        storable([reply.text, reply.enhanced or ""], is_line=True)
        classify(reply.text)
    text = text_of(data)
    classify(text)
    scan(text)


def _replies(pieces: list[bytes]) -> list[Any]:
    reader, found = ReplyReader(), []
    try:
        for piece in pieces:
            found += reader.feed(piece)
    except ProtocolError:
        pass
    return found


def check_addresses(data: bytes) -> None:
    """A list is addresses or an AddressError, and what is accepted reads the same when written again."""
    text = text_of(data)
    try:
        found = address.parse_list(text)
    except address.AddressError as error:
        storable([error.address, error.part], is_line=True)
        assert len(error.address) <= 1000
        found = []
    for one in found:
        assert address.is_valid(one.email), one
        assert one.email.isascii()
        storable([one.name], is_line=True)
        assert address.parse_one(address.header_form(one)) == one
    lenient = read_addresses(text)
    assert len(lenient) <= text.count("@")
    for one in lenient:
        storable([one.email, one.name], is_line=True)
    address.bare_key(text)
    PATHS.read(text)
    PATHS.find(text)


def check_headers(data: bytes) -> None:
    """Values of headers, their encoded words and parameters; what is written can be read again."""
    storable([headers.decode(data)], is_line=True)
    text = text_of(data)
    storable([headers.decode(text)], is_line=True)
    storable([words.decode(text)])
    main, found = parameters.split(text)
    assert main == main.lower()
    assert len(found) <= 200
    storable([*found, *found.values()])
    line = headers.line("Subject", headers.unfold(text))
    assert line.endswith(b"\r\n")
    assert all(len(one) <= 998 for one in line.split(b"\r\n"))
    assert not re.search(rb"\r\n(?![ \t]|\Z)|(?<!\r)\n|\r(?!\n)|\0", line), line[:200]


def check_reply_text(data: bytes) -> None:
    """What is new in a reply stands in it."""
    text = text_of(data)
    found = stripped_reply(text)
    assert len(found) <= len(text)
    assert set(found.split()) <= set(text.split())
    assert len(dsn_text.read(text)) <= 100


def check_smtp(data: bytes) -> None:
    """The server says lines of SMTP, takes only what may be taken, and it does not matter how input is cut."""
    whole = asyncio.run(converse([data]))
    size = 1 + len(data) // 9
    cut = asyncio.run(converse([data[i : i + size] for i in range(0, len(data), size)]))
    said, envelopes = whole
    # Of several reasons to refuse a message, the first that is seen is told.
    assert [code[:1] for code in _codes(cut[0])] == [code[:1] for code in _codes(said)]
    assert [one.data for one in cut[1]] == [one.data for one in envelopes]
    assert b"".join(_reply_line.findall(said)) == said
    for envelope in envelopes:
        assert len(envelope.data) <= OPTIONS.max_size
        assert 1 <= len(envelope.recipients) <= OPTIONS.max_recipients
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", envelope.data)
        storable([envelope.mail_from, envelope.helo, *envelope.recipients], is_line=True)


def check_mustachio(data: bytes) -> None:
    """A text is a template or has errors; rendering keeps to its budget."""
    parsed = parse_template(text_of(data))
    assert (parsed.template is None) == bool(parsed.errors)
    if parsed.template is None:
        return
    infer([parsed.template])
    for escapes in (True, False):
        budget = Budget(steps=20_000, size=100_000)
        try:
            text = render(parsed.template, MODEL, escapes=escapes, budget=budget)
        except RenderError as error:
            storable([str(error)])
        else:
            assert len(text.encode("utf-8", "surrogatepass")) <= 100_000


def check_scan(data: bytes) -> None:
    """An answer of a spam scanner is a score or a ScanFailed."""
    for read_answer in (spamd.read_answer, rspamd.read_answer):
        try:
            found = read_answer(data)
        except spamd.ScanFailed:
            continue
        storable([name + value for name, value in found.headers()], is_line=True)


class _Records:
    """A name server at which strangers may say anything: here the policy that is fuzzed stands in the mail."""

    def __init__(self, data: bytes) -> None:
        self._text = [text_of(line) for line in data.split(b"\n\n--dns--\n")[1:]][:5]

    def expect_txt(self, names: Iterable[str]) -> None:
        storable(names, is_line=True)

    def txt(self, name: str) -> list[str]:
        return self._text if len(name) < 254 else []

    def addresses(self, name: str) -> list[str]:
        return ["198.51.100.9", "2001:db8::1"] if len(name) < 254 else []

    def mx(self, name: str) -> list[tuple[int, str]]:
        return [(10, name)] if len(name) < 254 else []

    def ptr(self, _ip: str) -> list[str]:
        return self._text[:1]


def check_authenticity(data: bytes) -> None:
    """Every mail has a verdict, whatever its signatures and the records of its domain say."""
    mail = data.partition(b"\n\n--dns--\n")[0]
    author = inbound_read.author(parse(mail))
    client = Client(ip="198.51.100.9", helo="mail.corp.example", mail_from=author)
    lookups = cast("Lookups", _Records(data))
    found = authenticity.authenticate(mail, client, author, lookups)
    assert len(found.signatures) <= authenticity.MAX_SIGNATURES
    for _, value in found.headers(HOST):
        storable([value], is_line=True)
        assert len(value) <= 6000


TARGETS = {
    target.name: target
    for target in (
        Target("mime", check_mime, seeds.mails),
        Target("inbound", check_inbound, seeds.mails),
        Target("submission", check_submission, seeds.mails),
        Target("returned", check_returned, seeds.returned),
        Target("reply", check_reply, seeds.replies),
        Target("addresses", check_addresses),
        Target("headers", check_headers),
        Target("reply_text", check_reply_text, partial(seeds.own, "returned")),
        Target("smtp", check_smtp, seeds.dialogs),
        Target("mustachio", check_mustachio, seeds.templates),
        Target("scan", check_scan),
        Target("authenticity", check_authenticity),
    )
}
