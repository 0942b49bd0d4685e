"""The house rules that a program can check."""

import ast
import re
from pathlib import Path

import pytest

from pillarbox import config
from pillarbox.api.groups import GROUPS
from pillarbox.errors import Problem
from pillarbox.wire.errors import CATALOG

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted(
    path for path in (ROOT / "pillarbox").rglob("*.py") if "migrations" not in path.parts
)
FLOWS = (ROOT / "docs/flows.md").read_text("utf-8")
_FILE = r"`([a-z_]+(?:/[a-z_]+)+)`"

MOST_LINES = 400
MOST_FUNCTION_LINES = 50


def module_file(name: str) -> Path | None:
    for candidate in (ROOT / f"pillarbox/{name}.py", ROOT / f"pillarbox/{name}/__init__.py"):
        if candidate.exists():
            return candidate
    return None


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize("name", sorted(set(re.findall(_FILE, FLOWS))))
def test_every_file_of_the_flows_exists(name: str) -> None:
    assert module_file(name) is not None


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (chain[i], chain[i + 1])
        for chain in (
            re.findall(_FILE, match)
            for match in re.findall(
                rf"{_FILE.replace('(', '(?:', 1)}(?:\s+→\s+{_FILE.replace('(', '(?:', 1)})+", FLOWS
            )
        )
        for i in range(len(chain) - 1)
    ],
)
def test_every_arrow_of_the_flows_is_an_import(above: str, below: str) -> None:
    path = module_file(above)
    assert path is not None
    assert f"pillarbox.{below.replace('/', '.')}" in imports(path)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MOST_FUNCTION_LINES, node.name


def test_every_problem_has_a_row_in_the_catalog() -> None:
    assert set(CATALOG) == set(Problem)


def test_every_problem_is_raised_somewhere() -> None:
    raising = [p for p in SOURCES if p.name != "errors.py" and p.parent.name != "problems"]
    code = "\n".join(p.read_text("utf-8") for p in raising)
    unused = [problem.name for problem in Problem if f"Problem.{problem.name}" not in code]
    assert unused == []


def test_every_endpoint_has_a_docstring() -> None:
    for group in GROUPS:
        for endpoint in group.endpoints:
            assert (endpoint.run.__doc__ or "").strip(), endpoint.name


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs/settings.md").read_text("utf-8")
    for name, _, _ in config.documentation():
        assert f"`{name}`" in page


def test_nothing_in_the_lock_files_names_an_index() -> None:
    locks = [*(ROOT / "requirements").glob("*.txt"), *(ROOT / "tests/clients").rglob("*-lock.json")]
    for lock in locks:
        assert not re.search(r"https?://|--index|--find-links", lock.read_text("utf-8"))
