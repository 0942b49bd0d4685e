"""Filling templates with the values of one message. Pure. Source: spec templates 6.9, 7.4 and 7.5.

Two ways lead to a `Source`, what is filled: `of_templates` from a stored template and its layout, `of_texts` from
texts that came with the request. It is parsed once and filled for as many messages as one likes:

    source = fill.of_texts(subject=..., html=..., text=...)      # Refuses TEMPLATE_SYNTAX, LAYOUT_PLACEHOLDER
    fill.check_model(model)                                      # Refuses what a TemplateModel may not hold
    filled = fill.fill(source, model, inlines_css=True)          # raises RenderError -> TemplateRenderingFailed
    filled.subject, filled.html, filled.text

A `Draft` with `template=Filling(source=source, model=model)` goes through all of this on the common way in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from pillarbox.errors import Problem, Refused
from pillarbox.mustachio.model import Template as Parsed
from pillarbox.mustachio.parse import parse
from pillarbox.mustachio.render import Budget, RenderError, render
from pillarbox.templates import inline_css as inlining
from pillarbox.templates.check import parse_text
from pillarbox.templates.model import Reference, Template

MAX_MODEL_BYTES = 10 * 1024 * 1024
QUICK_SIZE, QUICK_STEPS, QUICK_VALUES = 8192, 500, 500
"""What `fill_quickly` takes at most: characters of texts, of the model and of the result; steps; values."""
_RESERVED = ("@", "pm:")
_line_breaks = re.compile(r"[\r\n]+")

Model = Mapping[str, Any]
"""Values as a JSON decoder gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One body to render, and the same body of the layout around it."""

    content: Parsed
    layout: Parsed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is filled, parsed. `fault` says why a stored text cannot be read; `size` is that of all texts."""

    subject: Parsed | None = None
    html: Part | None = None
    text: Part | None = None
    fault: str | None = None
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The texts of one message; a body that the source has not is None, and the subject of none is empty."""

    subject: str
    html: str | None
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """The wish of one message to be filled: from the template it names, once found, or from a source of its own.

    `model` is None when it was not given, which is refused.
    """

    wanted: Reference | None = None
    source: Source | None = None
    model: Model | None = None
    inlines_css: bool = True


def of_templates(template: Template, layout: Template | None) -> Source:
    """What a stored template gives; a body that the layout lacks stays without one."""
    texts = (template.subject, template.html, template.text)
    around = (None, None) if layout is None else (layout.html, layout.text)
    parsed = [parse(text) for text in (*texts, *around) if text]
    wrong = next((part.errors[0] for part in parsed if part.errors), None)
    size = sum(len(text) for text in (*texts, *around) if text)
    if wrong is not None:
        return Source(fault=wrong.message, size=size)
    templates = iter(part.template for part in parsed)
    subject, html, text, outer_html, outer_text = (
        next(templates) if text else None for text in (*texts, *around)
    )
    return Source(
        subject=subject, html=part(html, outer_html), text=part(text, outer_text), size=size
    )


def of_texts(*, subject: str | None, html: str | None, text: str | None) -> Source:
    """What texts of a request give. Refuses TEMPLATE_SYNTAX, LAYOUT_PLACEHOLDER."""
    parsed = (
        parse_text("Subject", subject),
        parse_text("HtmlBody", html),
        parse_text("TextBody", text),
    )
    for template in parsed:
        if template is not None and template.placeholders:
            raise Refused(Problem.LAYOUT_PLACEHOLDER)
    size = sum(len(given) for given in (subject, html, text) if given)
    return Source(subject=parsed[0], html=part(parsed[1]), text=part(parsed[2]), size=size)


def part(content: Parsed | None, layout: Parsed | None = None) -> Part | None:
    """A body inside the same body of its layout; none when there is no content."""
    return None if content is None else Part(content=content, layout=layout)


def check_model(model: Model | None) -> Model:
    """The values to fill in. Refuses FIELD_REQUIRED, TEMPLATE_FIELD_TOO_LONG, RESERVED_MODEL_KEY."""
    if model is None:
        raise Refused(Problem.FIELD_REQUIRED, field="TemplateModel")
    if len(msgspec.json.encode(model)) > MAX_MODEL_BYTES:
        raise Refused(Problem.TEMPLATE_FIELD_TOO_LONG, field="TemplateModel")
    for key in model:
        if key.startswith(_RESERVED):
            raise Refused(Problem.RESERVED_MODEL_KEY, key=key)
    return model


def fill(source: Source, model: Model, *, inlines_css: bool = True) -> Filled:
    """The texts of one message.

    Raises RenderError: a loop over what is no array, more work or text than a message may cost, or a source that
    cannot be read; its text is for the sender.
    """
    if source.fault is not None:
        raise RenderError(source.fault)
    budget = Budget()
    html = render_html(source.html, model, budget, inlines_css=inlines_css)
    return Filled(
        subject=render_subject(source.subject, model, budget),
        html=html,
        text=render_text(source.text, model, budget),
    )


class NotQuick(Exception):
    """Filling may take longer than who asked can wait. Nothing else is known: it may even be refused."""


def fill_quickly(source: Source, model: Model | None, *, inlines_css: bool = True) -> Filled:
    """As `fill` after `check_model`, for the event loop: a hop into a thread costs more than what is done here.

    Refuses what `check_model` does. Raises NotQuick before it takes a millisecond, and for what cannot be filled.
    """
    if source.fault is not None or source.size > QUICK_SIZE or not is_small(model):
        raise NotQuick
    model = check_model(model)
    budget = Budget(steps=QUICK_STEPS, size=QUICK_SIZE)
    try:
        html = render_html(source.html, model, budget, inlines_css=False)
        subject = render_subject(source.subject, model, budget)
        text = render_text(source.text, model, budget)
    except RenderError:
        raise NotQuick from None
    if html is not None and inlines_css:
        if not inlining.is_quick(html):
            raise NotQuick
        html = inlining.inline_css(html)
    return Filled(subject=subject, html=html, text=text)


def is_small(model: Model | None) -> bool:
    """Whether a model has so few values and characters that anything can be done with it at once."""
    values: list[Any] = [model]
    size = 0
    for value in values:  # which grows meanwhile
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, Mapping):
            values += value.values()
            size += sum(map(len, value))
        elif isinstance(value, list):
            values += value
        elif isinstance(value, int):
            size += value.bit_length() // 3
        if size > QUICK_SIZE or len(values) > QUICK_VALUES:
            return False
    return True


def subject_alone(source: Source, model: Model) -> str:
    """The subject of a message whose bodies cannot be filled; empty when it cannot be either."""
    try:
        return render_subject(source.subject, model, Budget())
    except RenderError:
        return ""


def render_subject(subject: Parsed | None, model: Model, budget: Budget) -> str:
    """The subject on one line."""
    if subject is None:
        return ""
    return _line_breaks.sub(" ", render(subject, model, escapes=False, budget=budget))


def render_html(
    body: Part | None, model: Model, budget: Budget, *, inlines_css: bool
) -> str | None:
    """The HTML body."""
    html = _render(body, model, budget, escapes=True)
    return inlining.inline_css(html) if html is not None and inlines_css else html


def render_text(body: Part | None, model: Model, budget: Budget) -> str | None:
    """The text body."""
    return _render(body, model, budget, escapes=False)


def _render(body: Part | None, model: Model, budget: Budget, *, escapes: bool) -> str | None:
    if body is None:
        return None
    if body.layout is None:
        return render(body.content, model, escapes=escapes, budget=budget)
    return render(body.layout, model, escapes=escapes, content=body.content, budget=budget)
