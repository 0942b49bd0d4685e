"""Message streams: the home of a Server, a new stream, and one with its settings and how to send with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.config import Config
from pillarbox.errors import Refused
from pillarbox.servers import check, streams
from pillarbox.servers.model import MAX_STREAMS, Server, Stream, StreamType, Unsubscribe
from pillarbox.servers.store import streams as store
from pillarbox.stats import store as stats
from pillarbox.stats.model import Range, day_of
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store as suppressions
from pillarbox.web.area import Area
from pillarbox.web.forms import Form
from pillarbox.web.messages.activity import reach
from pillarbox.web.visit import Visit, words
from pillarbox.wire.streams import CreateStream, EditStream, Subscriptions

area = Area("streams")

LAST_DAYS = 7
_KINDS = (
    (StreamType.TRANSACTIONAL, "Transactional: one person’s action caused it"),
    (StreamType.BROADCASTS, "Broadcasts: the same to many at once"),
)
_UNSUBSCRIBE = {
    Unsubscribe.NONE: "None: messages have no unsubscribe link",
    Unsubscribe.POSTMARK: "Pillarbox: adds a link where there is none, and suppresses who follows it",
    Unsubscribe.CUSTOM: "Custom: you put the link in and look after the list",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A stream with what it did lately."""

    stream: Stream
    sent: int
    suppressed: int


@area.show("/ui/servers/{server}/streams")
async def list_streams(visit: Visit) -> Response:
    """All streams of a Server, those in use first."""
    server = visit.server
    cards = await visit.read(lambda tx: _cards(tx, server))
    values = {
        "server": server,
        "cards": [card for card in cards if card.stream.archived_at is None],
        "archived": [card for card in cards if card.stream.archived_at is not None],
        "is_full": len(cards) >= MAX_STREAMS,
        "most": MAX_STREAMS,
        "days": LAST_DAYS,
        "inbound": inbound_facts(visit.app.config, server),
    }
    return visit.page("sending/streams.html", values)


# Not below /streams/, where a stream may have any name.
@area.show("/ui/servers/{server}/new-stream")
async def new_stream(visit: Visit) -> Response:
    """The form for a new stream."""
    return _new(visit, Form({}))


@area.act("/ui/servers/{server}/new-stream")
async def create_stream(visit: Visit) -> Response:
    """Create a stream."""
    form, server = visit.form, visit.server
    wanted = CreateStream(
        ID=form.line("id"),
        Name=form.line("name"),
        Description=form.text("description").strip() or None,
        MessageStreamType=form.line("kind"),
    )
    may_be_custom = visit.app.config.custom_unsubscribe
    try:
        made = await visit.write(
            lambda tx: streams.create(tx, server.id, wanted.to_new(), may_be_custom=may_be_custom),
            did=f"Created the message stream “{wanted.ID}”",
        )
    except Refused as refused:
        return _new(visit, form, words(refused))
    return visit.go(url_of(server, made), f"The message stream “{made.name}” is ready.")


@area.show("/ui/servers/{server}/streams/{stream}")
async def show_stream(visit: Visit) -> Response:
    """One stream: how to send with it, its settings, and its end."""
    return await _one(visit, await _stream(visit))


@area.act("/ui/servers/{server}/streams/{stream}")
async def save_stream(visit: Visit) -> Response:
    """Change name, description and unsubscribe handling."""
    form, server, stream = visit.form, visit.server, await _stream(visit)
    wanted = EditStream(
        Name=form.line("name"),
        Description=form.text("description").strip(),
        SubscriptionManagementConfiguration=Subscriptions(form.line("unsubscribe")),
    )
    may_be_custom = visit.app.config.custom_unsubscribe
    try:
        await visit.write(
            lambda tx: streams.edit(
                tx, server.id, stream.slug, wanted.to_change(), may_be_custom=may_be_custom
            ),
            did=f"Changed the message stream “{stream.slug}”",
        )
    except Refused as refused:
        return await _one(visit, stream, words(refused), sent=form)
    return visit.go(url_of(server, stream), "Saved.")


@area.act("/ui/servers/{server}/streams/{stream}/archive")
async def archive_stream(visit: Visit) -> Response:
    """Take a stream out of use; it can be brought back until it is removed."""
    server, stream = visit.server, await _stream(visit)
    age = timedelta(seconds=visit.app.config.min_stream_age_s)
    try:
        done = await visit.write(
            lambda tx: streams.archive(tx, server.id, stream.slug, min_age=age),
            did=f"Archived the message stream “{stream.slug}”",
        )
    except Refused as refused:
        return await _one(visit, stream, words(refused))
    until = f" It is deleted on {done.purge_at:%d %B %Y}." if done.purge_at else ""
    return visit.go(_list_of(server), f"The message stream “{stream.name}” is archived.{until}")


@area.act("/ui/servers/{server}/streams/{stream}/unarchive")
async def unarchive_stream(visit: Visit) -> Response:
    """Bring an archived stream back."""
    server, stream = visit.server, await _stream(visit)
    try:
        await visit.write(
            lambda tx: streams.unarchive(tx, server.id, stream.slug),
            did=f"Brought the message stream “{stream.slug}” back",
        )
    except Refused as refused:
        return await _one(visit, stream, words(refused))
    return visit.go(url_of(server, stream), f"The message stream “{stream.name}” is back.")


def url_of(server: Server, stream: Stream) -> str:
    """The page of a stream."""
    return f"{_list_of(server)}/{stream.slug}"


def inbound_facts(config: Config, server: Server) -> dict[str, str]:
    """Where a Server takes mail in, and what the MX record of an inbound domain says."""
    return {
        "address": f"{server.inbound_hash}@{config.inbound_domain}",
        "domain": server.inbound_domain,
        "mx": f"10 {config.hostname}.",
    }


def unsubscribe_choices(kind: StreamType, *, may_be_custom: bool) -> list[tuple[str, str]]:
    """Who may handle the unsubscribes of a stream of this type."""
    return [
        (one, _UNSUBSCRIBE[one])
        for one in check.UNSUBSCRIBE[kind]
        if may_be_custom or one is not Unsubscribe.CUSTOM
    ]


def _list_of(server: Server) -> str:
    return f"/ui/servers/{server.id}/streams"


async def _stream(visit: Visit) -> Stream:
    """The stream of the path. Raises HTTPException when this Server has none of this name."""
    found = await visit.read(
        lambda tx: store.find_stream(tx, visit.server.id, visit.path("stream"))
    )
    if found is None:
        raise HTTPException(404, "gone")
    return found


def _cards(tx: Tx, server: Server) -> list[Card]:
    found = store.list_streams(tx, server.id, with_archived=True)
    held = suppressions.count(tx, [stream.key for stream in found])
    return [
        Card(stream=stream, sent=_sent(tx, stream), suppressed=held.get(stream.key, 0))
        for stream in found
    ]


def _sent(tx: Tx, stream: Stream) -> int:
    if stream.type is StreamType.INBOUND:
        return 0
    since = day_of(tx.now - timedelta(days=LAST_DAYS - 1))
    days = stats.list_sent(
        tx, Range(server_id=stream.server_id, stream_key=stream.key, since=since)
    )
    return sum(day.sent for day in days.values())


def _new(visit: Visit, form: Form, problem: str = "") -> Response:
    values = {
        "server": visit.server,
        "form": form,
        "problem_text": problem,
        "kinds": _KINDS,
        "most": MAX_STREAMS,
    }
    return visit.page("sending/stream_new.html", values, status=422 if problem else 200)


async def _one(
    visit: Visit, stream: Stream, problem: str = "", *, sent: Form | None = None
) -> Response:
    card = (await visit.read(lambda tx: _cards_of(tx, stream)))[0]
    may_be_custom = visit.app.config.custom_unsubscribe
    values: dict[str, Any] = {
        "server": visit.server,
        "stream": stream,
        "card": card,
        "days": LAST_DAYS,
        "sent": _as_sent(stream) if sent is None else _as_typed(sent),
        "problem_text": problem,
        "choices": unsubscribe_choices(stream.type, may_be_custom=may_be_custom),
        "can_archive": stream.slug not in streams.PERMANENT,
        "inbound": inbound_facts(visit.app.config, visit.server),
        "reach": reach(visit),
    }
    return visit.page("sending/stream.html", values, status=422 if problem else 200)


def _cards_of(tx: Tx, stream: Stream) -> list[Card]:
    held = suppressions.count(tx, [stream.key])
    return [Card(stream=stream, sent=_sent(tx, stream), suppressed=held.get(stream.key, 0))]


def _as_sent(stream: Stream) -> Mapping[str, str]:
    return {
        "name": stream.name,
        "description": stream.description or "",
        "unsubscribe": stream.unsubscribe,
    }


def _as_typed(form: Form) -> Mapping[str, str]:
    return {name: form.text(name) for name in ("name", "description", "unsubscribe")}
