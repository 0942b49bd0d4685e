"""From a draft to a message ready to be kept: stream, template, checks, composing. Pure but for the ids it draws.

The sender's right to send and the suppressions are asked elsewhere (submit, accept): they need the database.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct

from pillarbox.errors import Problem, Refused
from pillarbox.ids import KeyMaker, message_id
from pillarbox.mail.address import parse_list
from pillarbox.mail.build import body_forms
from pillarbox.mustachio.render import RenderError
from pillarbox.outbound.check import Checked, check
from pillarbox.outbound.compose import Stamp, compose
from pillarbox.outbound.model import Draft, Prepared
from pillarbox.outbound.personal import effective_links, unsubscribe_link
from pillarbox.servers.model import Server, Stream, StreamType
from pillarbox.templates.fill import check_model, fill, fill_quickly, subject_alone
from pillarbox.templates.model import not_found
from pillarbox.tracking.personal import tracked_urls

DEFAULT_STREAM = "outbound"


class Surroundings(Struct, frozen=True, kw_only=True, gc=False):
    """What preparing needs to know of this installation and moment."""

    keys: KeyMaker
    host: str
    at: datetime
    replies: Mapping[str, str] = MappingProxyType({})
    """Where answers to a sender go that names nobody itself: the Reply-To of its signature, by address key."""
    own_hosts: frozenset[str] = frozenset()
    """Hosts, with their ports, whose links are our own and never tracked."""


def choose_stream(server: Server, slug: str | None) -> Stream:
    """The stream a message goes out on. Refuses SEND_STREAM_UNKNOWN, SEND_STREAM_INBOUND."""
    stream = server.stream(slug or DEFAULT_STREAM)
    if stream is None:
        raise Refused(Problem.SEND_STREAM_UNKNOWN, stream=slug or DEFAULT_STREAM)
    if stream.type is StreamType.INBOUND:
        raise Refused(Problem.SEND_STREAM_INBOUND)
    return stream


def prepare(
    server: Server, draft: Draft, surroundings: Surroundings, *, is_hasty: bool = False
) -> Prepared:
    """Check and compose one message. Raises NotQuick if `is_hasty` and its template may take its time.

    Refuses what `choose_stream`, `fill_in` and `check` refuse, in the order of spec sending 2.8 and templates 7.3.
    """
    stream = choose_stream(server, draft.stream)
    draft, render_error = fill_in(draft, is_hasty=is_hasty)
    checked = check(draft)
    if not checked.reply_to and (reply_to := surroundings.replies.get(checked.sender.key)):
        checked.reply_to = parse_list(reply_to)
    links = effective_links(server, checked.track_links)
    key = surroundings.keys.next()
    stamp = Stamp(message_id=message_id(key), at=surroundings.at, host=surroundings.host)
    forms = body_forms(checked.text, checked.html)
    return Prepared(
        key=key,
        message_id=stamp.message_id,
        server=server,
        stream=stream,
        received_at=surroundings.at,
        sender=checked.sender,
        sender_text=draft.sender or "",
        recipients=checked.recipients,
        subject=checked.subject,
        tag=checked.tag,
        metadata=checked.metadata,
        attachments=[file.name for file in checked.files],
        track_opens=bool(draft.track_opens) or server.track_opens,
        track_links=links,
        links=len(tracked_urls(checked.html, checked.text, links, surroundings.own_hosts)),
        unsubscribe=unsubscribe_link(stream, checked.html, checked.text),
        bounce_type=bounce_type(checked),
        body_form=forms,
        raw=compose(checked, stamp, forms),
        render_error=render_error,
    )


def fill_in(draft: Draft, *, is_hasty: bool = False) -> tuple[Draft, str | None]:
    """The draft with the texts of its template, if it has one; or without bodies and why they could not be made.

    Raises NotQuick if `is_hasty` and that may take its time.
    Refuses CONTENT_WITH_TEMPLATE, TEMPLATE_NOT_FOUND, TEMPLATE_ALIAS_NOT_FOUND, and what `check_model` refuses.
    Source: spec templates 7.3 and 7.4.
    """
    wish = draft.template
    if wish is None:
        return draft, None
    if not draft.subject is draft.html is draft.text is None:
        raise Refused(Problem.CONTENT_WITH_TEMPLATE)
    if wish.source is None:
        raise not_found(wish.wanted)
    if is_hasty:
        filled = fill_quickly(wish.source, wish.model, inlines_css=wish.inlines_css)
        return replace(draft, subject=filled.subject, html=filled.html, text=filled.text), None
    model = check_model(wish.model)
    try:
        filled = fill(wish.source, model, inlines_css=wish.inlines_css)
    except RenderError as error:
        return replace(draft, subject=subject_alone(wish.source, model)), str(error)
    return replace(draft, subject=filled.subject, html=filled.html, text=filled.text), None


def bounce_type(checked: Checked) -> str | None:
    """What X-PM-Bounce-Type asks for, if anything. Source: spec sending 10.2."""
    for name, value in checked.headers:
        if name.lower() == "x-pm-bounce-type":
            return value.strip()[:40] or None
    return None
