"""Templates to start from: our own texts, in starters/*.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from pillarbox.mustachio.infer import merge

NAMES = ("welcome", "password-reset", "receipt")
LAYOUT = "basic"
"""The layout that the templates are written for."""
SAMPLE = "sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """A template to begin with, and a model that fits it as JSON. A layout has no subject."""

    title: str
    about: str
    name: str
    alias: str
    subject: str = ""
    html: str
    text: str
    model: str


def model(*names: str) -> str:
    """A model that fits several starters at once, as JSON; what two of them have is the first one's."""
    merged: dict[str, Any] = {}
    for name in names:
        merged = merge(msgspec.json.decode(starter(name).model), merged)
    return msgspec.json.format(msgspec.json.encode(merged), indent=2).decode()


@cache
def starter(name: str) -> Starter:
    """One of NAMES, LAYOUT or SAMPLE."""
    text = (files(__package__) / "starters" / f"{name}.toml").read_text("utf-8")
    return Starter(**tomllib.loads(text))
