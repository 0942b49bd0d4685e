"""Writing hits down: who it was, whether for the first time, and everybody who has to hear of it.

raw hits -> whose copies (outbound/store) -> program and place -> hit rows -> daily counters, events

Source: spec tracking-and-unsubscribe 1.3, 2.4 and 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.hits.model import RawHit
from pillarbox.hits.places import Places
from pillarbox.outbound.store import copies
from pillarbox.outbound.store.copies import CopyFacts
from pillarbox.stats import model as stats
from pillarbox.stats import record
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import instant
from pillarbox.tracking import store
from pillarbox.tracking.agent import Agent, read_agent
from pillarbox.tracking.model import ClickLocation, Hit, HitKind, Platform, facts_text
from pillarbox.tracking.model import Place as Whereabouts

_BODIES = {ClickLocation.HTML: "HTMLBody", ClickLocation.TEXT: "TextBody"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """How hits are recorded here."""

    places: Places
    keeps: timedelta
    """So long after its message a hit still counts."""
    ignores_machines: bool = False

    def __call__(self, tx: Tx, raw: Sequence[RawHit]) -> None:
        """Write hits down; those of messages that are gone or too old leave no trace.

        Opens are told of each time, clicks only when they are first of their recipient and link.
        """
        found = copies.facts(tx, {(one.message_key, one.position) for one in raw})
        hits = [
            hit
            for one in raw
            if (facts := found.get((one.message_key, one.position))) is not None
            and (hit := self._hit(one, facts)) is not None
        ]
        firsts = store.insert_hits(tx, hits)
        record.opened(tx, [_open(h, f) for h, f in zip(hits, firsts, strict=True) if not h.link])
        record.clicked(tx, [_click(h, f) for h, f in zip(hits, firsts, strict=True) if h.link])
        told = (_event(hit, is_first=f) for hit, f in zip(hits, firsts, strict=True))
        events.append(tx, [event for event in told if event is not None])

    def _hit(self, raw: RawHit, facts: CopyFacts) -> Hit | None:
        at = instant(raw.at)
        agent = read_agent(raw.agent)
        if at - facts.received_at > self.keeps or (self.ignores_machines and agent.is_machine):
            return None
        return Hit(
            kind=HitKind.CLICK if raw.url else HitKind.OPEN,
            server_id=facts.server_id,
            stream_key=facts.stream_key,
            message_key=raw.message_key,
            message_id=facts.message_id,
            recipient=facts.recipient,
            tag=facts.tag,
            at=at,
            platform=_platform(agent, is_click=bool(raw.url)),
            user_agent=raw.agent,
            client=agent.client,
            os=agent.os,
            place=Whereabouts() if agent.is_proxy else self.places.find(raw.address),
            link=raw.url,
            location=ClickLocation(raw.location) if raw.url else None,
        )


def _platform(agent: Agent, *, is_click: bool) -> Platform:
    """Who clicks is in a browser, never in web mail."""
    is_browser = is_click and agent.platform is Platform.WEBMAIL
    return Platform.DESKTOP if is_browser else agent.platform


def _place(hit: Hit) -> stats.Place:
    return stats.Place(server_id=hit.server_id, stream_key=hit.stream_key, tag=hit.tag)


def _known(name: str) -> str | None:
    return None if name in ("", "unknown") else name


def _open(hit: Hit, is_first: bool) -> stats.Open:
    return stats.Open(
        place=_place(hit),
        at=hit.at,
        is_first=is_first,
        platform=stats.Platform(hit.platform.value),
        client=_known(hit.client.name),
    )


def _click(hit: Hit, is_first: bool) -> stats.Click:
    assert hit.location is not None
    return stats.Click(
        place=_place(hit),
        at=hit.at,
        is_first=is_first,
        location=stats.Location(hit.location.value),
        platform=stats.Platform(hit.platform.value),
        browser=_known(hit.client.family),
    )


def _event(hit: Hit, *, is_first: bool) -> Event | None:
    """What is told of a hit; nothing of a repeated click."""
    if hit.location is not None:
        if not is_first:
            return None
        body = _BODIES[hit.location]
        kind = EventType.LINK_CLICKED
        details = {
            "Summary": f"Tracked Link '{hit.link}' was clicked from the {body}.",
            "Link": hit.link,
            "ClickLocation": hit.location.value,
        }
    elif is_first:
        kind, details = EventType.OPENED, {"Summary": f"Email opened with {hit.user_agent}"}
    else:
        kind, details = EventType.OPENED_AGAIN, {}
    return Event(
        server_id=hit.server_id,
        stream_key=hit.stream_key,
        message_key=hit.message_key,
        recipient=hit.recipient,
        type=kind,
        at=hit.at,
        details=details | {"Hit": facts_text(hit)},
    )
