"""Whose calls are made now."""

from datetime import UTC, datetime, timedelta

from pillarbox.webhook_delivery.job import Job
from pillarbox.webhook_delivery.lanes import (
    AT_HAND,
    FIRST_AT_ONCE,
    MOST_HANDED,
    MOST_OF_LANE,
    Lanes,
)
from pillarbox.webhooks.call import Target

NOW = datetime(2026, 3, 4, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def a_job(lane: str, number: int) -> Job:
    target = Target(url="https://hooks.example/")
    return Job(id=number, lease=1, lane=lane, target=target, size_bytes=2, attempts=0)


def fetch(lanes: Lanes, now: datetime = NOW) -> dict[str, int]:
    """Everybody gets all that is asked for, and has more; how many of each lane."""
    wanted = lanes.wanted(now)
    for lane, slots in wanted:
        jobs = [a_job(lane, number) for number in range(slots)]
        lanes.took(lane, jobs, asked=slots, next_due=now)
    return dict(wanted)


def started(lanes: Lanes) -> dict[str, int]:
    found: dict[str, int] = {}
    for job in lanes.start():
        found[job.lane] = found.get(job.lane, 0) + 1
    return found


def test_a_lane_waits_until_it_is_due():
    lanes = Lanes()
    lanes.found("a", LATER)
    assert fetch(lanes) == {}
    assert lanes.next_due() == LATER
    assert list(fetch(lanes, LATER)) == ["a"]


def test_some_calls_are_made_and_some_more_are_at_hand():
    lanes = Lanes()
    lanes.found("a", NOW)
    assert fetch(lanes)["a"] > FIRST_AT_ONCE
    assert started(lanes) == {"a": FIRST_AT_ONCE}
    assert started(lanes) == {}
    assert fetch(lanes) == {}, "there is enough at hand"


def test_who_answers_quickly_gets_more_up_to_a_limit():
    lanes = Lanes()
    lanes.found("a", NOW)
    calling = 0
    for _ in range(2000):
        fetch(lanes)
        calling += started(lanes).get("a", 0)
        lanes.ended("a", is_quick=True)
        calling -= 1
    fetch(lanes)
    assert calling + started(lanes).get("a", 0) == MOST_OF_LANE


def test_who_does_not_answer_gets_one():
    lanes = Lanes()
    lanes.found("a", NOW)
    fetch(lanes)
    for _ in range(started(lanes)["a"]):
        lanes.ended("a", is_quick=False)
    assert started(lanes) == {"a": 1}


def test_slow_lanes_leave_half_of_the_places_to_others():
    lanes = Lanes(most_at_once=40)
    for number in range(100):
        lanes.found(f"slow {number}", NOW)
    for _ in range(20):
        fetch(lanes)
        for lane, count in started(lanes).items():
            for _ in range(count):
                lanes.ended(lane, is_quick=False)
    fetch(lanes)
    assert sum(started(lanes).values()) == 20
    lanes.found("quick", NOW)
    fetch(lanes)
    assert started(lanes) == {"quick": FIRST_AT_ONCE}


def test_a_lane_that_recovers_earns_its_places():
    lanes = Lanes()
    lanes.found("a", NOW)
    fetch(lanes)
    for _ in range(started(lanes)["a"]):
        lanes.ended("a", is_quick=False)
    for _ in range(50):
        fetch(lanes)
        for _ in range(started(lanes).get("a", 0)):
            lanes.ended("a", is_quick=True)
    fetch(lanes)
    assert started(lanes)["a"] > FIRST_AT_ONCE


def test_what_is_at_hand_can_be_given_back():
    lanes = Lanes()
    lanes.found("a", NOW)
    asked = fetch(lanes)["a"]
    begun = started(lanes)["a"]
    assert len(lanes.empty()) == asked - begun
    assert lanes.start() == []


def test_a_call_passes_the_queue_while_there_is_room_at_hand():
    lanes = Lanes()
    assert lanes.has_room("a", NOW, promised=MOST_HANDED - 1)
    assert not lanes.has_room("a", NOW, promised=MOST_HANDED)
    for number in range(MOST_HANDED - 1):
        lanes.handed(a_job("a", number))
    assert started(lanes) == {"a": FIRST_AT_ONCE}
    assert lanes.has_room("a", NOW, promised=0)
    assert not lanes.has_room("a", NOW, promised=1)
    assert lanes.has_room("b", NOW, promised=1)


def test_no_call_passes_others_that_are_due():
    lanes = Lanes()
    lanes.found("a", LATER)
    assert lanes.has_room("a", NOW, promised=0)
    assert not lanes.has_room("a", LATER, promised=0), "one is due"
    ((_, asked),) = lanes.wanted(LATER)
    assert not lanes.has_room("a", LATER, promised=0), "some are being fetched"
    lanes.took("a", [], asked=asked, next_due=None)
    assert lanes.has_room("a", LATER, promised=0)


def test_a_slow_lane_has_little_room():
    lanes = Lanes()
    for number in range(FIRST_AT_ONCE):
        lanes.handed(a_job("a", number))
    for job in lanes.start():
        lanes.ended(job.lane, is_quick=False)
    assert lanes.has_room("a", NOW, promised=AT_HAND - 1)
    assert not lanes.has_room("a", NOW, promised=AT_HAND)
