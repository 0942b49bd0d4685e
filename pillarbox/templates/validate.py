"""Trying a template out: what is wrong with it, what it asks for, how it looks. Pure. Source: spec templates 5."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pillarbox.errors import Problem, Refused
from pillarbox.mustachio.infer import infer, merge
from pillarbox.mustachio.model import Template as Parsed
from pillarbox.mustachio.model import TemplateError
from pillarbox.mustachio.parse import parse
from pillarbox.mustachio.render import Budget, RenderError
from pillarbox.templates import fill
from pillarbox.templates.check import check_lengths, places
from pillarbox.templates.fill import Model
from pillarbox.templates.model import Template, TemplateDraft, TemplateType, parse_type

_PLACEHOLDER = "The layout content placeholder must be present in the layout HTML and/or Text body exactly once."


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What to try out: texts, the values given, and the type as it was named."""

    subject: str | None
    html: str | None
    text: str | None
    model: Model
    inlines_css: bool
    type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a part; line and position are None when only rendering shows it."""

    message: str
    line: int | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one part."""

    faults: tuple[Fault, ...] = ()
    rendered: str | None = None

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The verdict of each part that was given, and a model that fits all of them."""

    subject: Verdict | None
    html: Verdict | None
    text: Verdict | None
    model: dict[str, Any]

    @property
    def is_valid(self) -> bool:
        """Whether all parts are valid."""
        return all(part.is_valid for part in (self.subject, self.html, self.text) if part)


def validate(trial: Trial, layout: Template | None) -> Validation:
    """Try texts out, bodies inside a layout if there is one. A layout is tried without another around it.

    Refuses TEMPLATE_TYPE_INVALID, TEMPLATE_BODY_REQUIRED, TEMPLATE_FIELD_TOO_LONG.
    """
    kind = _check(trial)
    outer: tuple[Parsed | None, Parsed | None] = None, None
    if layout is not None and kind is TemplateType.STANDARD:
        outer = _parse(layout.html), _parse(layout.text)
    html = _read(trial.html, places(kind))
    text = _read(trial.text, places(kind))
    subject = _read(trial.subject, 0)
    used = [part for part in (html, text, subject, *outer) if isinstance(part, Parsed)]
    model = merge(infer(used), trial.model)
    budget = Budget()

    def render_html(parsed: Parsed) -> str | None:
        part = fill.part(parsed, outer[0])
        return fill.render_html(part, model, budget, inlines_css=trial.inlines_css)

    return Validation(
        html=_judge(html, render_html),
        text=_judge(
            text, lambda parsed: fill.render_text(fill.part(parsed, outer[1]), model, budget)
        ),
        subject=_judge(subject, lambda parsed: fill.render_subject(parsed, model, budget)),
        model=model,
    )


def _check(trial: Trial) -> TemplateType:
    kind = TemplateType.STANDARD if trial.type is None else parse_type(trial.type)
    if kind is None:
        raise Refused(Problem.TEMPLATE_TYPE_INVALID)
    if not (trial.subject or trial.html or trial.text):
        raise Refused(Problem.TEMPLATE_BODY_REQUIRED)
    check_lengths(TemplateDraft(subject=trial.subject, html=trial.html, text=trial.text))
    return kind


def _read(text: str | None, wanted_places: int) -> Parsed | Verdict | None:
    """A part parsed, or what is wrong with it; None when it was not given."""
    if not text:
        return None
    parsed = parse(text)
    if parsed.template is None:
        return Verdict(faults=tuple(_fault(error) for error in parsed.errors))
    if parsed.template.placeholders != wanted_places:
        return Verdict(faults=(Fault(message=_PLACEHOLDER, line=1, position=1),))
    return parsed.template


def _judge(part: Parsed | Verdict | None, render: Callable[[Parsed], str | None]) -> Verdict | None:
    if part is None or isinstance(part, Verdict):
        return part
    try:
        return Verdict(rendered=render(part))
    except RenderError as problem:
        return Verdict(faults=(Fault(message=str(problem)),))


def _parse(text: str | None) -> Parsed | None:
    return parse(text).template if text else None


def _fault(error: TemplateError) -> Fault:
    return Fault(message=error.message, line=error.line, position=error.position)
