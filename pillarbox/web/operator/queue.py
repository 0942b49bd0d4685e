"""The queue, destination by destination: what waits and why; trying now, dropping, suspending, resuming."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.domains.names import read_destination
from pillarbox.ids import key_of
from pillarbox.outbound.accept import DELIVERY
from pillarbox.outbound.store import destinations, queue, suspensions
from pillarbox.outbound.store.destinations import Destination
from pillarbox.outbound.store.queue import Waiting
from pillarbox.storage.tx import Tx
from pillarbox.web.area import Area
from pillarbox.web.messages.waiting import UNATTENDED_AFTER, rule_of, words_of
from pillarbox.web.render import wants_piece
from pillarbox.web.show import count
from pillarbox.web.visit import Visit

area = Area("queue")

HERE = "/ui/queue"
MOST_DESTINATIONS, MOST_COPIES = 100, 100
ENDS = (
    ("", "Until it is resumed"),
    ("1", "For an hour"),
    ("6", "For 6 hours"),
    ("24", "For a day"),
)
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a destination stands, in a word, and the rule that holds its mail back."""

    text: str
    tone: str
    rule: str = ""
    why: str = ""


@area.show(HERE)
async def show_queue(visit: Visit) -> Response:
    """All destinations, or those with a text in their name; or only the table, for the page's script."""
    text = visit.query("q").lower()
    began = visit.app.monotonic()
    depth, found = await visit.read(
        lambda tx: destinations.survey(tx, domain=text, most=MOST_DESTINATIONS)
    )
    now = visit.app.clock.now()
    values = {
        "depth": depth,
        "found": [(one, state_of(one, now)) for one in found],
        "text": text,
        "most": MOST_DESTINATIONS,
        "pause": pause_after(visit.app.monotonic() - began),
    }
    return _page(visit, "queue", values)


@area.show(HERE + "/{domain}")
async def show_destination(visit: Visit) -> Response:
    """One destination, with the first of what waits for it."""
    domain = _domain(visit)
    began = visit.app.monotonic()
    one, copies = await visit.read(lambda tx: _look(tx, domain))
    now = visit.app.clock.now()
    suspended = one.suspension is not None
    values = {
        "one": one,
        "state": state_of(one, now),
        "copies": [(copy, _note(copy, now, suspended=suspended)) for copy in copies],
        "path": f"{HERE}/{domain}",
        "ends": ENDS,
        "pause": pause_after(visit.app.monotonic() - began),
        "suspended_words": words_of(one.suspension) if one.suspension else "",
    }
    return _page(visit, "destination", values)


@area.act(HERE + "/retry")
async def retry_all(visit: Visit) -> Response:
    """Make everything due now."""
    lanes = await visit.write(lambda tx: _retry(tx, None), did="Had the whole queue tried now")
    return visit.go(HERE, "Everything is tried now." if lanes else "Nothing waits for its time.")


@area.act(HERE + "/drop")
async def drop_all(visit: Visit) -> Response:
    """Take everything off the queue for good."""
    dropped = await visit.write(lambda tx: queue.drop(tx, None), did="Dropped the whole queue")
    return visit.go(HERE, _dropped(dropped))


@area.act(HERE + "/{domain}/retry")
async def retry(visit: Visit) -> Response:
    """Make what waits for a destination due now, or one message of it."""
    domain = _domain(visit)
    message_id = visit.form.line("message")
    key = key_of(message_id) if message_id else None
    if message_id and key is None:
        raise HTTPException(404, "message")
    what = f"the message {message_id}" if message_id else "all mail"
    lanes = await visit.write(
        lambda tx: _retry(tx, domain, key), did=f"Had {what} to {domain} tried now"
    )
    said = "It is tried now." if lanes else "Nothing of it waits for its time."
    return visit.go(f"{HERE}/{domain}", said)


@area.act(HERE + "/{domain}/drop")
async def drop(visit: Visit) -> Response:
    """Take what waits for a destination off the queue for good."""
    domain = _domain(visit)
    dropped = await visit.write(
        lambda tx: destinations.drop(tx, domain), did=f"Dropped all mail that waits for {domain}"
    )
    return visit.go(f"{HERE}/{domain}", _dropped(dropped))


@area.act(HERE + "/suspend")
async def suspend_named(visit: Visit) -> Response:
    """Suspend a destination for which nothing may wait yet."""
    domain = read_destination(visit.form.line("domain"))
    if domain is None:
        return visit.go(HERE, "That is no domain. Nothing was changed.")
    return await _suspend(visit, domain)


@area.act(HERE + "/{domain}/suspend")
async def suspend(visit: Visit) -> Response:
    """Deliver nothing to a destination until it is resumed."""
    return await _suspend(visit, _domain(visit))


@area.act(HERE + "/{domain}/resume")
async def resume(visit: Visit) -> Response:
    """Deliver to it again."""
    domain = _domain(visit)
    was = await visit.write(lambda tx: suspensions.resume(tx, domain), did=f"Resumed {domain}")
    return visit.go(
        f"{HERE}/{domain}", "It is delivered to again." if was else "It is not suspended."
    )


def pause_after(cost_s: float) -> int:
    """Seconds until an open page asks again: looking must stay a small part of what the machine does. Pure."""
    return max(5, min(300, round(cost_s * 20)))


def state_of(one: Destination, now: datetime) -> State:
    """Where a destination stands. Pure."""
    answer = rule_of(one.last_reply, host="Its host", domain=one.domain) if one.tries else None
    rule, why = answer or ("", "")
    if one.suspension is not None:
        return State(
            text="Suspended",
            tone="warn",
            rule="Suspended",
            why=one.suspension.reason or f"By {one.suspension.by}.",
        )
    if one.in_hand:
        return State(text="Delivering", tone="good", rule=rule, why=why)
    if not one.waiting:
        return State(text="Empty", tone="mute")
    if one.due:
        late = one.next_at is not None and now - one.next_at > UNATTENDED_AFTER
        if late:
            why = "It is due, but nothing takes it up. Is the role “delivery” running?"
            return State(text="Stuck", tone="bad", rule="Nothing delivers", why=why)
        return State(text="Due", tone="info", rule=rule, why=why)
    return State(
        text="Backing off" if rule else "Waiting",
        tone="warn" if rule else "mute",
        rule=rule,
        why=why,
    )


async def _suspend(visit: Visit, domain: str) -> Response:
    form, now = visit.form, visit.app.clock.now()
    hours = next((key for key, _ in ENDS if key and key == form.line("hours")), "")
    until = now + timedelta(hours=int(hours)) if hours else None
    reason = form.line("reason")[:_LONGEST_REASON]
    await visit.write(
        lambda tx: suspensions.suspend(tx, domain, by=visit.actor.name, reason=reason, until=until),
        did=f"Suspended {domain}",
    )
    return visit.go(f"{HERE}/{domain}", f"Nothing is delivered to {domain} until it is resumed.")


def _look(tx: Tx, domain: str) -> tuple[Destination, list[Waiting]]:
    one = destinations.look(tx, domain)
    return one, queue.list_waiting(tx, limit=MOST_COPIES, domain=domain)


def _retry(tx: Tx, domain: str | None, key: int | None = None) -> list[str]:
    lanes = queue.retry(tx, key, domain=domain)
    tx.wake(DELIVERY, *lanes)
    return lanes


def _domain(visit: Visit) -> str:
    domain = read_destination(visit.path("domain"))
    if domain is None or domain != visit.path("domain"):
        raise HTTPException(404, "gone")
    return domain


def _note(copy: Waiting, now: datetime, *, suspended: bool) -> str:
    if copy.is_in_hand and copy.due_at > now:
        return "being delivered"
    if suspended:
        return "suspended"
    return "due now" if copy.due_at <= now else ""


def _dropped(number: int) -> str:
    return f"{count(number, 'recipient')} dropped." if number else "Nothing waits any more."


def _page(visit: Visit, name: str, values: dict[str, object]) -> Response:
    """The page, or the part of it that is asked again and again; that part's element bears the same name."""
    is_piece = wants_piece(visit.request) == name
    answer = visit.page(f"operator/{name}{'_live' if is_piece else ''}.html", values)
    answer.headers["Vary"] = "HX-Request"
    return answer
