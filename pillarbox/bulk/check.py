"""What may be wrong with a bulk request, all of it: any finding refuses the whole request. Pure.

The checks of one message are those of `outbound.check`; here they go on after the first that fails.
Source: spec sending 5.1.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from pillarbox.bulk.model import Content, Entry, merge_metadata
from pillarbox.errors import Problem, Refused, RefusedSeverally
from pillarbox.mail.address import Address
from pillarbox.outbound import check
from pillarbox.outbound.check import MAX_RECIPIENTS
from pillarbox.servers.model import Server, Stream, StreamType
from pillarbox.templates.check import parse_text
from pillarbox.templates.fill import check_model
from pillarbox.templates.model import Reference

DEFAULT_STREAM = "broadcast"
MOST_FINDINGS = 100

P = ParamSpec("P")
T = TypeVar("T")


class Findings:
    """What was found wrong so far, by field."""

    def __init__(self) -> None:
        self._by_field: dict[str, list[Refused]] = {}
        self._count = 0

    def attempt(
        self, field: str, read: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """What `read` returns; what it refuses is noted for the field. Raises when enough was found."""
        try:
            return read(*args, **kwargs)
        except Refused as refused:
            self.add(field, refused)
            return None

    def add(self, field: str, refused: Refused) -> None:
        """Note a refusal. Raises all there are when they are enough."""
        self._by_field.setdefault(field, []).append(refused)
        self._count += 1
        if self._count == MOST_FINDINGS:
            self.settle()

    def settle(self) -> None:
        """Raise what was found: one refusal as itself, several as BULK_SEVERAL_PROBLEMS."""
        if self._count == 1:
            (((only,)),) = self._by_field.values()
            raise only
        if self._count:
            raise RefusedSeverally(Problem.BULK_SEVERAL_PROBLEMS, self._by_field)


def choose_stream(server: Server, slug: str | None) -> Stream:
    """The stream a request goes out on. Refuses STREAM_NOT_FOUND, SEND_STREAM_INBOUND."""
    stream = server.stream(slug or DEFAULT_STREAM)
    if stream is None:
        raise Refused(Problem.STREAM_NOT_FOUND)
    if stream.type is not StreamType.BROADCASTS:
        raise Refused(Problem.SEND_STREAM_INBOUND)
    return stream


def check_content(content: Content, findings: Findings) -> Address | None:
    """Check what the messages share; the sender, if there is a usable one."""
    sender = findings.attempt("From", check.read_sender, content.sender)
    findings.attempt("ReplyTo", check.read_addresses, "Reply-To", content.reply_to)
    findings.attempt("Tag", check.read_tag, content.tag)
    findings.attempt("TrackLinks", check.read_track_links, content.track_links)
    findings.attempt("Headers", check.read_headers, content.headers)
    findings.attempt("Metadata", check.check_metadata, content.metadata)
    findings.attempt("Attachments", check.read_files, content.attachments)
    check_texts(content, findings)
    return sender


def check_texts(content: Content, findings: Findings) -> None:
    """Check subject and bodies as they stand, before they are filled in, or that a template brings them."""
    if content.wanted is not None:
        if not content.subject is content.html is content.text is None:
            findings.add(field_of(content.wanted), Refused(Problem.CONTENT_WITH_TEMPLATE))
        return
    if not content.subject:
        findings.add("Subject", Refused(Problem.BULK_FIELD_REQUIRED, field="Subject"))
    if not content.html and not content.text:
        findings.add("TextBody", Refused(Problem.NO_BODY))
    findings.attempt("Subject", check.read_subject, content.subject)
    findings.attempt("HtmlBody", check.check_body, "HtmlBody", content.html)
    findings.attempt("TextBody", check.check_body, "TextBody", content.text)
    texts = (("Subject", content.subject), ("HtmlBody", content.html), ("TextBody", content.text))
    for field, text in texts:
        findings.attempt(field, _check_language, field, text)


def field_of(wanted: Reference) -> str:
    """The field that names a template like this."""
    return "TemplateId" if isinstance(wanted, int) else "TemplateAlias"


def check_entry(content: Content, entry: Entry, findings: Findings) -> None:
    """Check one message's own part."""
    to = findings.attempt("To", check.read_addresses, "To", entry.to)
    cc = findings.attempt("Cc", check.read_addresses, "Cc", entry.cc) if entry.cc else []
    bcc = findings.attempt("Bcc", check.read_addresses, "Bcc", entry.bcc) if entry.bcc else []
    if to is not None and cc is not None and bcc is not None:
        findings.attempt("To", _count_recipients, to, len(cc) + len(bcc))
    if entry.model:
        findings.attempt("TemplateModel", check_model, entry.model)
    if entry.headers:
        findings.attempt("Headers", check.read_headers, entry.headers)
    if entry.metadata:
        merged = merge_metadata(content.metadata, entry.metadata)
        findings.attempt("Metadata", check.check_metadata, merged)


def _count_recipients(to: list[Address], others: int) -> None:
    """Refuses NO_RECIPIENTS, BULK_FIELD_REQUIRED, TOO_MANY_RECIPIENTS."""
    if not to and not others:
        raise Refused(Problem.NO_RECIPIENTS)
    if not to:
        raise Refused(Problem.BULK_FIELD_REQUIRED, field="To")
    if len(to) + others > MAX_RECIPIENTS:
        raise Refused(Problem.TOO_MANY_RECIPIENTS)


def _check_language(field: str, text: str | None) -> None:
    """Refuses TEMPLATE_SYNTAX, LAYOUT_PLACEHOLDER."""
    parsed = parse_text(field, text)
    if parsed is not None and parsed.placeholders:
        raise Refused(Problem.LAYOUT_PLACEHOLDER)
