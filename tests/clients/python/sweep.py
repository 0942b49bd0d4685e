"""What the sweeps of all clients share; it runs in the environment of a client, without anything of this project.

A check is a function that calls the client and asserts. Each prints one line, and so does every method of the
client that was offered but never called.
"""

import inspect
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

URL = os.environ["BASE_URL"]
SERVER_TOKEN = os.environ["SERVER_API_TOKEN"]
ACCOUNT_TOKEN = os.environ["ACCOUNT_API_TOKEN"]
SENDER = os.environ["SENDER_EMAIL_ADDRESS"]
RECIPIENT = os.environ["RECIPIENT_EMAIL_ADDRESS"]
DOMAIN = os.environ["DOMAIN_NAME"]
TAG = "test_tag"
NEVER = "00000000-0000-4000-8000-000000000000"
"""A MessageID that nothing has."""

WAIT_S = 10

Check = Callable[[], None]
checks: list[Check] = []
called: set[str] = set()


def check(function: Check) -> Check:
    """Have this run, in the order of the file."""
    checks.append(function)
    return function


class Watched:
    """Stands before an object of the client and notes which of its public methods are called."""

    def __init__(self, watched: Any, name: str) -> None:
        self._watched = watched
        self._name = name

    def __getattr__(self, name: str) -> Any:
        called.add(f"{self._name}.{name}")
        return getattr(self._watched, name)


def public(owner: Any, name: str, *, but: Iterable[str] = ()) -> set[str]:
    """Names of the methods and properties that a class offers."""
    return {
        f"{name}.{member}"
        for member, value in inspect.getmembers(owner)
        if not member.startswith("_")
        and member not in but
        and (callable(value) or isinstance(value, property))
    }


@contextmanager
def refused(kind: type[Exception], code: int | None = None, text: str = "") -> Iterator[None]:
    """The block must raise exactly this exception of the client, with this error code and text."""
    try:
        yield
    except kind as problem:
        assert type(problem) is kind, f"{type(problem).__name__}: {problem}"
        found = getattr(problem, "error_code", None)
        assert code is None or found == code, f"code {found}, not {code}: {problem}"
        assert text in str(problem), f"{text!r} is not in {problem}"
    else:
        raise AssertionError(f"{kind.__name__} was not raised")


def soon(question: Callable[[], Any]) -> Any:
    """The answer to a question once it is true; what happens after sending takes a moment."""
    end = time.monotonic() + WAIT_S
    while not (answer := question()):
        assert time.monotonic() < end, f"not within {WAIT_S} s; the answer is {answer!r}"
        time.sleep(0.05)
    return answer


def run(offered: Iterable[str] = ()) -> None:
    """Run all checks; the exit code says only that they ran."""
    wanted = set(offered)
    for one in checks:
        try:
            one()
        except Exception as problem:
            place = traceback.extract_tb(problem.__traceback__)[-1]
            steps = [
                f for f in traceback.extract_tb(problem.__traceback__) if f.name == one.__name__
            ]
            line = steps[-1].lineno if steps else place.lineno
            text = " ".join(f"{type(problem).__name__}: {problem}".split())
            print(f"FAIL {one.__name__}: line {line}: {text[:600]}")
        else:
            print(f"ok   {one.__name__}")
    for name in sorted(wanted - called):
        print(f"FAIL {name}: never called")
    for name in sorted(called & wanted):
        print(f"call {name}")
    sys.stdout.flush()
