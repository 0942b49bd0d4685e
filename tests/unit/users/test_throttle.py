"""Guessing gets slower with every failure, and nobody can keep others out."""

import pytest

from pillarbox.users import throttle
from pillarbox.users.throttle import Throttle, network


class Monotonic:
    at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def time() -> Monotonic:
    return Monotonic()


def test_an_address_waits_longer_after_each_failure(time: Monotonic) -> None:
    tries = Throttle(time)
    waits = []
    for _ in range(14):
        waits.append(tries.wait_s("192.0.2.1"))
        time.at += waits[-1]
        tries.count("192.0.2.1", "ann@one.example")
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert tries.wait_s("192.0.2.2") == 0
    time.at += throttle.FORGOTTEN_AFTER_S + 1
    assert tries.wait_s("192.0.2.1") == 0


def test_an_email_address_is_slowed_down_but_never_refused(time: Monotonic) -> None:
    tries = Throttle(time)
    for number in range(1000):
        tries.count(f"2001:db8:0:{number:x}::1", "ann@one.example")
    assert tries.pause_s("ann@one.example") == throttle.LONGEST_PAUSE_S
    assert tries.wait_s("192.0.2.9") == 0
    assert tries.pause_s("bo@one.example") == 0


def test_a_success_takes_back_itself_alone(time: Monotonic) -> None:
    tries = Throttle(time)
    for _ in range(5):
        tries.count("192.0.2.1", "victim@one.example")
    tries.count("192.0.2.1", "own@one.example")
    tries.take_back("192.0.2.1", "own@one.example")
    assert tries.wait_s("192.0.2.1") == 1


def test_memory_is_bounded(time: Monotonic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_KEYS", 100)
    tries = Throttle(time)
    for number in range(1000):
        tries.count(f"192.0.2.{number}", f"{number}@one.example")
    assert len(tries._tries) == 100


def test_a_customer_of_ipv6_is_a_network() -> None:
    assert network("2001:db8:1:2:3:4:5:6") == network("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") == "192.0.2.1"
    assert network("unknown") == "unknown"
