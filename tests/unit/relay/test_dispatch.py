"""How often the dispatcher looks for mail that nobody told it of."""

import pytest

from pillarbox.relay.dispatch import pause_after_look


@pytest.mark.parametrize(
    ("took_s", "alone_s", "beside_others_s"),
    [(0.0005, 5.0, 5.0), (0.05, 10.0, 5.0), (3.0, 30.0, 5.0)],
)
def test_a_short_queue_is_looked_at_within_seconds(took_s, alone_s, beside_others_s) -> None:
    assert pause_after_look(took_s, is_alone=True) == alone_s
    assert pause_after_look(took_s, is_alone=False) == beside_others_s
