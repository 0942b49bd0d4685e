"""The tables of cases: one file a table, one entry a row."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from pillarbox.mustachio.model import Template
from pillarbox.mustachio.parse import parse


def cases(table: str) -> list[Any]:
    text = Path(__file__).with_name(f"{table}.toml").read_text("utf-8")
    return [pytest.param(case, id=case["id"]) for case in tomllib.loads(text)["case"]]


def template(text: str) -> Template:
    parsed = parse(text)
    assert parsed.template is not None, parsed.errors
    return parsed.template
