"""The dispatcher's memory of lanes."""

from datetime import UTC, datetime, timedelta

from pillarbox.relay.lanes import FIRST_IN_HAND, FREE_PER_LANE, WORTH, Lanes

NOW = datetime(2026, 3, 4, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)


def test_a_lane_is_wanted_once_it_is_due() -> None:
    lanes = Lanes()
    lanes.found("one.example", SOON)
    assert lanes.wanted(NOW) == []
    assert lanes.next_due() == SOON
    assert lanes.wanted(SOON) == [("one.example", FIRST_IN_HAND)]
    assert lanes.next_due() is None


def test_an_earlier_due_time_replaces_a_later_one() -> None:
    lanes = Lanes()
    lanes.found("one.example", SOON)
    lanes.found("one.example", NOW)
    lanes.found("one.example", SOON)
    assert lanes.next_due() == NOW


def test_a_destination_with_enough_in_hand_waits_until_some_of_it_is_finished() -> None:
    lanes = Lanes()
    lanes.found("slow.example", NOW)
    asked = dict(lanes.wanted(NOW))
    lanes.took("slow.example", asked=asked["slow.example"], got=asked["slow.example"], next_due=NOW)
    assert lanes.wanted(NOW) == []
    for _ in range(FIRST_IN_HAND // WORTH - 1):
        lanes.finished("slow.example", struggled=False)
        assert lanes.wanted(NOW) == []  # not for one at a time
    lanes.finished("slow.example", struggled=False)
    ((lane, asked_then),) = lanes.wanted(NOW)
    assert (lane, asked_then >= FIRST_IN_HAND // WORTH) == ("slow.example", True)


def test_a_hundred_destinations_that_hang_leave_a_part_for_others() -> None:
    lanes = Lanes()
    for n in range(100):
        lanes.found(f"slow{n}.example", NOW)
        for lane, asked in lanes.wanted(NOW):
            lanes.took(lane, asked=asked, got=asked, next_due=None)
    lanes.found("quick.example", NOW)
    ((lane, asked),) = lanes.wanted(NOW)
    assert lane == "quick.example"
    assert asked >= 2


def test_a_destination_that_takes_its_time_gets_no_more_than_keeps_it_busy() -> None:
    lanes = Lanes()
    lanes.found("one.example", NOW)
    lanes.handed("one.example")  # what is in hand keeps what is known of the destination

    def room(*, is_slow: bool) -> int:
        for _ in range(200):
            lanes.handed("one.example")
            lanes.finished("one.example", struggled=False, is_slow=is_slow)
        ((lane, asked),) = lanes.wanted(NOW)
        lanes.took(lane, asked=asked, got=0, next_due=NOW)
        return asked

    assert room(is_slow=False) > FIRST_IN_HAND
    assert room(is_slow=True) == FIRST_IN_HAND - 1


def test_a_struggling_destination_gets_less_and_less() -> None:
    lanes = Lanes()
    for _ in range(10):
        lanes.found("dead.example", NOW)
        ((lane, asked),) = lanes.wanted(NOW)
        lanes.took(lane, asked=asked, got=1, next_due=None)
        lanes.finished("dead.example", struggled=True)
    lanes.found("dead.example", NOW)
    assert lanes.wanted(NOW) == [("dead.example", 1)]


def test_bulk_waits_behind_transactional_and_never_takes_the_whole_hand() -> None:
    lanes = Lanes(most_in_hand=50)
    for n in range(50):
        lanes.found(f"{n}.example bulk", NOW)
    lanes.found("people.example", NOW)
    asked = lanes.wanted(NOW)
    assert asked[0][0] == "people.example"
    bulk = Lanes(most_in_hand=50)
    for n in range(50):
        bulk.found(f"{n}.example bulk", NOW)
    assert sum(slots for _, slots in bulk.wanted(NOW)) == 40


def test_bulk_in_hand_takes_no_room_from_transactional_of_the_same_destination() -> None:
    lanes = Lanes()
    lanes.found("one.example bulk", NOW)
    ((lane, asked),) = lanes.wanted(NOW)
    lanes.took(lane, asked=asked, got=asked, next_due=NOW)
    assert lanes.wanted(NOW) == []  # the bulk lane is set aside
    assert lanes.has_room("one.example", NOW, promised=0, promised_in_all=0)
    lanes.found("one.example", NOW)
    assert lanes.wanted(NOW) == [("one.example", FIRST_IN_HAND)]


def test_what_was_asked_for_in_vain_is_given_back() -> None:
    lanes = Lanes(most_in_hand=FIRST_IN_HAND * FREE_PER_LANE)
    lanes.found("a.example", NOW)
    lanes.wanted(NOW)
    lanes.took("a.example", asked=FIRST_IN_HAND, got=0, next_due=None)
    lanes.found("b.example", NOW)
    assert lanes.wanted(NOW) == [("b.example", FIRST_IN_HAND)]


def test_nothing_is_taken_from_a_suspended_destination_until_it_is_resumed() -> None:
    lanes = Lanes()
    lanes.suspend(["one.example"])
    for lane in ("one.example", "one.example bulk", "two.example"):
        lanes.found(lane, NOW)
    assert [lane for lane, _ in lanes.wanted(NOW)] == ["two.example"]
    assert lanes.wanted(NOW) == []
    assert lanes.next_due() is None  # the dispatcher sleeps: there is nothing to do for it
    assert lanes.suspend([])
    assert [lane for lane, _ in lanes.wanted(NOW)] == ["one.example", "one.example bulk"]


def test_what_is_in_hand_of_a_suspended_destination_is_finished() -> None:
    lanes = Lanes()
    lanes.found("one.example", NOW)
    lanes.wanted(NOW)
    lanes.took("one.example", asked=FIRST_IN_HAND, got=1, next_due=NOW)
    assert not lanes.suspend(["one.example"])
    lanes.finished("one.example", struggled=False)
    assert lanes.wanted(NOW) == []


def test_nothing_is_taken_past_the_queue_for_a_suspended_destination() -> None:
    def has_room(lanes: Lanes) -> bool:
        return lanes.has_room("one.example", NOW, promised=0, promised_in_all=0)

    lanes = Lanes(suspended=None)
    assert not has_room(lanes)  # not known yet
    lanes.suspend(["one.example"])
    assert not has_room(lanes)
    lanes.suspend([])
    assert has_room(lanes)
