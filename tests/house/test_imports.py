"""What a process imports is memory it keeps and time before it works: each brings only what it needs."""

import subprocess
import sys

import pytest

_IMPORTED = "import sys; import {module}; print(*sys.modules)"


def imported(module: str) -> set[str]:
    """Every module that is there in a fresh process once this one is imported."""
    command = [sys.executable, "-c", _IMPORTED.format(module=module)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("pillarbox.cli.main", {"sqlalchemy", "pillarbox.cli.bench", "pillarbox.cli.serve"}),
        (
            "pillarbox.cli.serve",
            {
                "pillarbox.bench",
                "pillarbox.doctor",
                "pillarbox.checkup.network",
                "prometheus_client",
            },
        ),
        (
            "pillarbox.relay.worker",
            {"sqlalchemy", "psycopg", "aiohttp", "starlette", "uvicorn", "alembic", "jinja2"},
        ),
    ],
)
def test_a_process_imports_no_more_than_it_needs(module: str, absent: set[str]) -> None:
    found = imported(module)
    assert module in found
    assert not found & absent
