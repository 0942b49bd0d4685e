"""Steps of what came after the delivery: opens and clicks, and the calls of webhooks. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from pillarbox.events.model import Event, EventType
from pillarbox.tracking.agent import read_agent
from pillarbox.tracking.model import ClickLocation, Hit, HitKind, Platform, Product, with_facts
from pillarbox.web.messages.story import Step
from pillarbox.web.show import count, duration
from pillarbox.webhooks.call import Call, CallState

SCANNER_WITHIN = timedelta(seconds=5)
"""Who follows a link sooner after the delivery has hardly read the message."""
_BODIES = {ClickLocation.HTML: "in the HTML body", ClickLocation.TEXT: "in the text body"}
_STATES = {
    CallState.WAITING: ("will be called", "wait"),
    CallState.TAKEN: ("was called", "good"),
    CallState.GIVEN_UP: ("was given up", "bad"),
    CallState.DROPPED: ("was not called", "mute"),
}


def of_hit(event: Event, delivered_at: Mapping[str, datetime]) -> Step:
    """An open or a click: with what, where, and whether a person did it; `delivered_at` is by recipient."""
    hit = _hit(event)
    is_click = event.type is EventType.LINK_CLICKED
    facts = [_client(hit), _place(hit), hit.place.ip, _BODIES[hit.location] if hit.location else ""]
    return Step(
        title="Link clicked" if is_click else "Opened",
        icon="link" if is_click else "eye",
        tone="info",
        at=event.at,
        recipient=event.recipient,
        text=hit.link or event.details.get("Link", ""),
        facts=[fact for fact in facts if fact],
        marks=_marks(hit, delivered_at.get(event.recipient)),
    )


def of_repeats(repeats: tuple[int, datetime | None]) -> list[Step]:
    """That it was opened again, in one step."""
    number, last = repeats
    if not number:
        return []
    text = f"{count(number, 'more open')}; this is the last."
    return [Step(title="Opened again", icon="eye", tone="info", at=last, text=text)]


def of_call(call: Call, *, now: datetime) -> Step:
    """What became of telling one URL of one event."""
    words, tone = _STATES[call.state]
    if call.state is CallState.WAITING and call.attempts:
        words, tone = "will be called again", "warn"
    last = call.attempts[-1] if call.attempts else None
    facts = []
    if last is not None:
        facts.append(f"HTTP {last.status}" if last.status else "no answer")
        facts += [f"{last.duration_ms:,} ms"]
        facts.append("1 try" if len(call.attempts) == 1 else f"{len(call.attempts)} tries")
    if call.state is CallState.WAITING:
        is_late = call.due_at > now
        facts.append(f"next try in {duration(call.due_at - now)}" if is_late else "due now")
    return Step(
        title=f"{call.trigger} webhook {words}",
        icon="hook",
        tone=tone,
        at=call.created_at if last is None else last.at,
        text="" if last is None else bare(last.url),
        facts=facts,
        url=f"/ui/servers/{call.server_id}/webhooks/calls/{call.id}",
        url_label="Request and answer",
    )


def bare(url: str) -> str:
    """A URL without what may be a secret in it: name and password, query, fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    return f"{parts.scheme}://{host}{port}{parts.path}{'?…' if parts.query else ''}"


def _hit(event: Event) -> Hit:
    bare_hit = Hit(
        kind=HitKind.CLICK if event.type is EventType.LINK_CLICKED else HitKind.OPEN,
        server_id=event.server_id,
        stream_key=event.stream_key,
        message_key=event.message_key or 0,
        message_id="",
        recipient=event.recipient,
        tag=None,
        at=event.at,
    )
    return with_facts(bare_hit, event.details.get("Hit", ""))


def _client(hit: Hit) -> str:
    """`Chrome 121 on Windows 10, desktop`, as far as it is known."""
    client, system = _known(hit.client), _known(hit.os)
    words = f"{client} on {system}" if client and system else client or system
    platform = "" if hit.platform is Platform.UNKNOWN else hit.platform.value.lower()
    return ", ".join(word for word in (words, platform) if word)


def _known(product: Product) -> str:
    return "" if product.name == "unknown" else product.name


def _place(hit: Hit) -> str:
    place = hit.place
    return ", ".join(part for part in (place.city, place.region, place.country) if part)


def _marks(hit: Hit, delivered_at: datetime | None) -> list[str]:
    agent = read_agent(hit.user_agent)
    marks = []
    if agent.is_machine and agent.is_proxy:
        marks.append("prefetched, perhaps unread")
    elif agent.is_machine:
        marks.append("a bot")
    elif agent.is_proxy:
        marks.append("through an image proxy")
    is_click = hit.kind is HitKind.CLICK
    if is_click and delivered_at is not None and hit.at - delivered_at < SCANNER_WITHIN:
        marks.append("so soon that it may be a scanner")
    return marks
