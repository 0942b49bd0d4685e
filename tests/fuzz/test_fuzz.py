"""Fuzzing for a while, from a new seed each time; what fails says the seed, and the line for the corpus."""

import logging
import os
from collections.abc import Iterator

import pytest

from tests.fuzz.run import fuzz, new_seed
from tests.fuzz.targets import TARGETS, Target

CPU_S = float(os.environ.get("FUZZ_SECONDS", "20"))
SEED = int(os.environ.get("FUZZ_SEED", "0")) or new_seed()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What goes wrong for a client of a server is logged, and is nothing to tell here."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_broken_inputs_break_no_promise(target: Target) -> None:
    count, found = fuzz(target, seed=SEED, cpu_s=CPU_S)
    assert found is None, f"input {count} of seed {SEED}\n{found}"
