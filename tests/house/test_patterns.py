"""Regular expressions must mean the same to every Python that runs Pillarbox.

Before 3.11.5 (Debian 12 has 3.11.2) possessive groups such as `(?:ab?)*+`, and atomic ones, match wrongly: a try
that fails half-way is not taken back. Possessive quantifiers of a single character are right everywhere.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import pillarbox

_ONE_CHARACTER = (_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN)


def modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(pillarbox.__path__, "pillarbox."):
        if not found.name.endswith("__main__") and ".migrations" not in found.name:
            yield importlib.import_module(found.name)


def patterns(value: object) -> Iterator[re.Pattern[Any]]:
    owner = getattr(value, "__self__", value)
    if isinstance(owner, re.Pattern):
        yield owner
    elif isinstance(value, dict):
        yield from (one for part in value.values() for one in patterns(part))
    elif isinstance(value, list | tuple):
        yield from (one for part in value for one in patterns(part))


def unsafe(parsed: Iterable[tuple[Any, Any]]) -> Iterator[str]:
    for kind, what in parsed:
        if kind is _constants.ATOMIC_GROUP:
            yield "an atomic group"
        if kind is _constants.POSSESSIVE_REPEAT:
            inner = list(what[2])
            if len(inner) != 1 or inner[0][0] not in _ONE_CHARACTER:
                yield "a possessive group"
        for part in _parts(what):
            yield from unsafe(part)


def _parts(what: Any) -> Iterator[Any]:
    if isinstance(what, _parser.SubPattern):
        yield what
    elif isinstance(what, list | tuple):
        for one in what:
            yield from _parts(one)


def found_unsafe(pattern: re.Pattern[Any]) -> list[str]:
    return list(unsafe(_parser.parse(pattern.pattern, pattern.flags)))


def test_no_pattern_has_possessive_groups() -> None:
    found = {
        (module.__name__, pattern.pattern): problems
        for module in modules()
        for value in vars(module).values()
        for pattern in patterns(value)
        if (problems := found_unsafe(pattern))
    }
    assert not found


@pytest.mark.parametrize("pattern", ["(?:ab?)*+", "x(?:(a|bc)++)?", "(?>a|b)", "(?=(?:ab){2,3}+)"])
def test_a_possessive_group_is_found(pattern: str) -> None:
    assert found_unsafe(re.compile(pattern))


@pytest.mark.parametrize("pattern", ["[ab]*+", "(?:a)++", ".?+x", "(?:ab)*", r"\d{1,3}+"])
def test_a_possessive_character_is_not(pattern: str) -> None:
    assert not found_unsafe(re.compile(pattern))
