"""Bulk requests: as handed in, and how far they are. Source: spec sending 5."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pillarbox.ids import ServerId
from pillarbox.outbound.model import Attachment, Draft
from pillarbox.templates.fill import Filling, Source, of_templates, of_texts
from pillarbox.templates.model import Reference, Template

Header = tuple[str | None, str | None]


class Status(StrEnum):
    """How far a request is."""

    ACCEPTED = "Accepted"
    PROCESSING = "Processing"
    COMPLETED = "Completed"


@dataclass(slots=True, kw_only=True)
class Content:
    """What all messages of a request share, as handed in; subject and bodies are not filled in yet."""

    sender: str | None = None
    reply_to: str | None = None
    subject: str | None = None
    html: str | None = None
    text: str | None = None
    tag: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    stream: str | None = None
    track_opens: bool | None = None
    track_links: str | None = None
    headers: list[Header] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    wanted: Reference | None = None
    """The template that the texts come from; as it is now, it is kept in the next two."""
    template: Template | None = None
    layout: Template | None = None
    inlines_css: bool = True


@dataclass(slots=True, kw_only=True)
class Entry:
    """One message of a request: who it goes to and what is its own."""

    to: str | None = None
    cc: str | None = None
    bcc: str | None = None
    model: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    headers: list[Header] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that was taken in."""

    key: int
    id: str
    server_id: ServerId
    submitted_at: datetime
    subject: str | None
    total: int
    released: int = 0
    failed: int = 0

    @property
    def done(self) -> int:
        """How many of its messages are dealt with: the first so many."""
        return self.released + self.failed

    @property
    def status(self) -> Status:
        """How far it is."""
        if self.done == self.total:
            return Status.COMPLETED
        return Status.PROCESSING if self.done else Status.ACCEPTED

    @property
    def percentage(self) -> float:
        """How much of it is done, with two decimals; 100 only when all is."""
        if self.done == self.total:
            return 100
        return min(round(100 * self.done / self.total, 2), 99.99)


def source_of(content: Content) -> Source:
    """What the messages are filled from, parsed. Refuses what a template may not hold."""
    if content.template is not None:
        return of_templates(content.template, content.layout)
    return of_texts(subject=content.subject, html=content.html, text=content.text)


def draft_of(content: Content, source: Source, entry: Entry) -> Draft:
    """The message of one entry; its own metadata and headers come before the shared ones."""
    return Draft(
        sender=content.sender,
        to=entry.to,
        cc=entry.cc,
        bcc=entry.bcc,
        reply_to=content.reply_to,
        tag=content.tag,
        headers=merge_headers(content.headers, entry.headers),
        track_opens=content.track_opens,
        track_links=content.track_links,
        metadata=merge_metadata(content.metadata, entry.metadata),
        attachments=content.attachments,
        stream=content.stream,
        template=Filling(source=source, model=entry.model, inlines_css=content.inlines_css),
    )


def merge_metadata(shared: dict[str, str], own: dict[str, str]) -> dict[str, str]:
    """Metadata of both levels; of a name that both have, in any case, the message's own."""
    if not own:
        return shared
    names = {name.lower() for name in own}
    return {name: value for name, value in shared.items() if name.lower() not in names} | own


def merge_headers(shared: list[Header], own: list[Header]) -> list[Header]:
    """Headers of both levels; of a name that both have, in any case, only the message's own."""
    if not own:
        return shared
    names = {(name or "").lower() for name, _ in own}
    return [header for header in shared if (header[0] or "").lower() not in names] + own
