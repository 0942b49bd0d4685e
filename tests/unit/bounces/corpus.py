"""The mails of tests/corpus/dsn and tests/corpus/arf with what each must become."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
RETURN_PATH = "pm_bounces+aeyaqw3sakbaie@bounces.pillarbox.example"


def mails(kind: str) -> list[Any]:
    """Parameters `raw`, `expected`."""
    folder = CORPUS / kind
    expected = tomllib.loads((folder / "expected.toml").read_text("utf-8"))
    assert set(expected) == {path.stem for path in folder.glob("*.eml")}
    return [
        pytest.param((folder / f"{name}.eml").read_bytes(), wanted, id=name)
        for name, wanted in expected.items()
    ]


def raws() -> list[bytes]:
    return [param.values[0] for kind in ("dsn", "arf") for param in mails(kind)]
