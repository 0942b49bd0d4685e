"""Trying out what is on the screen: what it looks like, what is wrong where, what the model lacks. Pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pillarbox.errors import Refused
from pillarbox.ids import ServerId
from pillarbox.templates.model import Template, TemplateType
from pillarbox.templates.validate import Trial, Validation, Verdict, validate
from pillarbox.web.editor.starters import SAMPLE, starter
from pillarbox.web.editor.texts import Texts
from pillarbox.wire.base import Body
from pillarbox.wire.errors import describe

MAX_MODEL = 256 * 1024
"""Characters of a test model; a message may have a larger one."""
MAX_MISSING = 20
PARTS = {
    "subject": "Subject",
    "html": "HTML",
    "text": "Text",
    "model": "Test model",
    "layout": "Layout",
}

_model = Body[dict[str, Any]](dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Something wrong, and where: `field` is the name of a field of the editor, or empty for all of it."""

    field: str
    message: str
    line: int | None = None
    column: int | None = None

    @property
    def label(self) -> str:
        """The part as people call it."""
        return PARTS.get(self.field, "Template")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What came of a trial. What could not be rendered is None.

    `model` is the given one with what it lacks, as JSON text; `missing` names what it lacks.
    """

    subject: str | None = None
    html: str | None = None
    text: str | None = None
    spots: tuple[Spot, ...] = ()
    model: str = "{}"
    missing: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes when the HTML does; empty without any."""
        html = (self.html or "").encode("utf-8", "replace")
        return hashlib.sha256(html).hexdigest()[:16] if html else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What texts are tried with: the layout around a template, or the template inside a layout."""

    layout: Template | None = None
    inside: Template | None = None
    spots: tuple[Spot, ...] = field(default=())


def read_model(text: str) -> tuple[dict[str, Any], Spot | None]:
    """The test model, and what is wrong with it; an empty one is an object without members."""
    if not text.strip():
        return {}, None
    if len(text) > MAX_MODEL:
        return {}, Spot(field="model", message="The test model may have 256 KB.", line=1)
    try:
        return _model.read(text.encode("utf-8", "replace")), None
    except Refused:
        return {}, _where(text)


def look(texts: Texts, model_text: str, setting: Setting) -> Look:
    """Try everything out. It may take a second: not on the event loop."""
    model, wrong = read_model(model_text)
    spots = [*setting.spots, *([wrong] if wrong else [])]
    try:
        first = validate(_trial(texts, model), setting.layout)
        shown = _inside(texts, model, setting, first) if texts.is_layout else first
    except Refused as refused:
        spots.append(Spot(field="", message=describe(refused)[2]))
        return Look(spots=tuple(spots))
    parts = (("subject", first.subject), ("html", first.html), ("text", first.text))
    spots += [spot for name, verdict in parts for spot in _spots(name, verdict)]
    if shown is not first and first.is_valid:
        inner = (("html", shown.html), ("text", shown.text))
        spots += [spot for name, verdict in inner for spot in _spots(name, verdict)]
    return Look(
        subject=_rendered(shown.subject),
        html=_rendered(shown.html) if texts.html else None,
        text=_rendered(shown.text) if texts.text else None,
        spots=tuple(spots),
        model=pretty(shown.model),
        missing=() if wrong else _some(_missing(model, shown.model)),
    )


def pretty(model: Mapping[str, Any]) -> str:
    """A model as people write it."""
    return msgspec.json.format(msgspec.json.encode(model), indent=2).decode("utf-8", "replace")


def _inside(texts: Texts, model: dict[str, Any], setting: Setting, alone: Validation) -> Validation:
    """A layout around content; as it was tried alone when something is wrong with it."""
    if not alone.is_valid:
        return alone
    layout = texts.to_template(ServerId(0))
    sample = starter(SAMPLE)
    inside = setting.inside
    content = Trial(
        subject=inside.subject if inside else None,
        html=inside.html if inside else sample.html,
        text=inside.text if inside else sample.text,
        model=model,
        inlines_css=True,
        type=TemplateType.STANDARD.value,
    )
    return validate(content, layout)


def _trial(texts: Texts, model: dict[str, Any]) -> Trial:
    return Trial(
        subject=texts.subject or None,
        html=texts.html or None,
        text=texts.text or None,
        model=model,
        inlines_css=True,
        type=texts.kind.value,
    )


def _spots(name: str, verdict: Verdict | None) -> list[Spot]:
    if verdict is None:
        return []
    return [
        Spot(field=name, message=fault.message, line=fault.line, column=fault.position)
        for fault in verdict.faults
    ]


def _rendered(verdict: Verdict | None) -> str | None:
    return None if verdict is None else verdict.rendered


def _where(text: str) -> Spot:
    """Why a text is no JSON object, where Python's reader sees it."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as problem:
        message = f"This is not valid JSON: {problem.msg[:1].lower()}{problem.msg[1:]}."
        return Spot(field="model", message=message, line=problem.lineno, column=problem.colno)
    except (ValueError, RecursionError):
        return Spot(field="model", message="This JSON cannot be read.", line=1, column=1)
    if isinstance(value, dict):
        message = "This JSON nests too deeply, or holds a value that no message may have."
    else:
        message = "The model must be a JSON object: { … }."
    return Spot(field="model", message=message, line=1, column=1)


def _missing(given: Mapping[str, Any], asked: Mapping[str, Any], at: str = "") -> Iterator[str]:
    for name, value in asked.items():
        if name not in given:
            yield f"{at}{name}"
        elif isinstance(value, dict) and isinstance(given[name], dict):
            yield from _missing(given[name], value, f"{at}{name}.")


def _some(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(name for name, _ in zip(names, range(MAX_MISSING), strict=False))
