"""Every input that is kept for fuzzing breaks no promise, and costs no more work than its size allows."""

import gc
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.fuzz.seeds import LONGEST
from tests.fuzz.targets import TARGETS, Target

# Calls of functions, Python's and C's: counted, since a clock would measure the machine.
MOST_CALLS = 30_000
MOST_CALLS_AN_OCTET = 60


def calls_of(work: Callable[[], None]) -> int:
    """How many functions a piece of work calls."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    gc.disable()  # what it would call is no work of ours
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_kept_inputs_break_no_promise(target: Target) -> None:
    inputs = target.seeds()
    assert len(inputs) >= 6
    for name, data in inputs:
        assert len(data) <= LONGEST, name
        most = MOST_CALLS + MOST_CALLS_AN_OCTET * len(data)
        work = partial(target.check, data)
        try:
            # The first time something may have to be loaded that is kept from then on.
            assert calls_of(work) <= most or calls_of(work) <= most, "too much work"
        except Exception as error:
            raise AssertionError(f"{target.name} breaks a promise for {name}") from error


def test_a_broken_promise_is_found_and_made_short() -> None:
    from tests.fuzz.run import fuzz

    def check(data: bytes) -> None:
        assert data.count(b"\xff") < 2, "two of them"

    target = Target("broken", check, lambda: [("a", b"hello \xff world"), ("b", b"x" * 50)])
    _, found = fuzz(target, seed=1, cpu_s=30)
    assert found is not None
    assert found.data == b"\xff\xff"
    assert found.problem.startswith("AssertionError: two of them")
    _, again = fuzz(target, seed=1, cpu_s=30)
    assert again is not None
    assert (again.case, again.data) == (found.case, found.data)
