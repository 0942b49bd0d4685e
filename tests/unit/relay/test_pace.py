"""When one more connection is worth what it costs."""

import pytest

from pillarbox.relay.pace import Pace


@pytest.mark.parametrize(
    ("opening_s", "carrying_s", "waiting", "connections", "expected"),
    [
        (0.4, 0.1, 1, 1, False),  # free in 0.05 s, half of what it has in hand
        (0.4, 0.1, 4, 1, False),
        (0.4, 0.1, 5, 1, True),  # 0.05 s, and four times 0.1 s for those ahead
        (0.4, 0.1, 5, 2, False),  # two share them
        (0.1, 1.0, 1, 1, True),  # a slow receiver: nobody waits
        (0.1, 1.0, 1, 9, True),
        (0.002, 0.02, 2, 1, False),  # ten times as long as opening, and yet nothing
        (0.002, 0.02, 4, 1, True),
        (0.0, 0.0, 1, 1, False),  # nothing known yet: as if both took the same time
        (0.0, 0.0, 2, 1, True),
        (0.0, 0.0, 3, 4, False),
    ],
)
def test_a_copy_waits_as_long_as_opening_takes(
    opening_s: float, carrying_s: float, waiting: int, connections: int, *, expected: bool
) -> None:
    pace = Pace(opening_s, carrying_s)
    assert pace.is_worth_opening(waiting=waiting, connections=connections) is expected


def test_the_first_copy_gets_a_connection_in_any_case() -> None:
    pace = Pace()
    pace.opened(30)
    pace.carried(0.001)
    assert pace.is_worth_opening(waiting=1, connections=0)


def test_what_was_seen_last_counts_most() -> None:
    pace = Pace()
    pace.carried(1.0)
    assert pace.carrying_s == 1.0
    for _ in range(20):
        pace.carried(0.1)
    assert 0.1 < pace.carrying_s < 0.12


@pytest.mark.parametrize(("opening_s", "patience_s"), [(0.001, 0.25), (0.5, 1.0), (60, 2.0)])
def test_patience_ends_soon(opening_s: float, patience_s: float) -> None:
    assert Pace(opening_s).patience_s == patience_s
