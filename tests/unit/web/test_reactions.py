"""Opens, clicks and webhook calls as steps of the story."""

from datetime import UTC, datetime, timedelta

from pillarbox.events.model import Event, EventType
from pillarbox.web.messages.reactions import bare, of_call, of_hit, of_repeats
from pillarbox.webhooks.call import Call, CallState
from pillarbox.webhooks.model import Trigger

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def an_event(kind: EventType, **details: str) -> Event:
    return Event(
        server_id=1001,
        stream_key=1,
        message_key=1,
        recipient="ann@one.example",
        type=kind,
        at=NOW,
        details=details,
    )


def test_an_erased_hit_says_only_that_it_happened() -> None:
    step = of_hit(an_event(EventType.LINK_CLICKED, Link="", Hit=""), {})
    assert (step.title, step.text, step.facts, step.marks) == ("Link clicked", "", [], [])


def test_a_click_right_after_the_delivery_may_be_a_scanner() -> None:
    click = an_event(EventType.LINK_CLICKED, Link="https://shop.example/", Hit="")
    soon = of_hit(click, {"ann@one.example": NOW - timedelta(seconds=2)})
    assert soon.marks == ["so soon that it may be a scanner"]
    assert of_hit(click, {"ann@one.example": NOW - timedelta(minutes=2)}).marks == []


def test_a_url_is_shown_without_its_secrets() -> None:
    assert bare("https://ann:secret@hooks.example:8443/in?token=x#y") == (
        "https://hooks.example:8443/in?…"
    )
    assert bare("https://[bad") == ""


def test_a_call_that_was_never_made_has_no_url() -> None:
    call = Call(
        id=1,
        trigger=Trigger.OPEN,
        server_id=1001,
        webhook_id=None,
        state=CallState.WAITING,
        created_at=NOW,
        due_at=NOW,
        body="",
    )
    step = of_call(call, now=NOW)
    assert (step.title, step.text, step.facts) == ("Open webhook will be called", "", ["due now"])
    assert step.url == f"/ui/servers/{call.server_id}/webhooks/calls/{call.id}"


def test_repeated_opens_are_one_step() -> None:
    assert of_repeats((0, None)) == []
    assert of_repeats((3, NOW))[0].text == "3 more opens; this is the last."
