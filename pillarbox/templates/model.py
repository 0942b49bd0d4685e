"""Templates as kept, and what a caller wants of them. Source: spec templates 1."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pillarbox.errors import Problem, Refused
from pillarbox.ids import ServerId

RESERVED_ALIASES = frozenset({"validate", "push"})
"""Words that are routes and so can never name a template."""

Reference = int | str
"""What names a template: its id, or its alias in any case."""


class TemplateType(StrEnum):
    """What a template is for: a layout wraps others and cannot be sent."""

    STANDARD = "Standard"
    LAYOUT = "Layout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A template without its texts; `layout` is the alias of the layout around it."""

    id: int
    name: str
    alias: str | None
    type: TemplateType
    is_active: bool
    layout_id: int | None
    layout: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Summary):
    """A template as people look for it; `changed_at` is when it was last written."""

    subject: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Template(Summary):
    """A template of one Server. A layout has no subject; a text that was never given is None."""

    server_id: ServerId
    subject: str | None
    html: str | None
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateDraft:
    """A new template as handed in, or an edit: None is what was not given."""

    name: str | None = None
    subject: str | None = None
    html: str | None = None
    text: str | None = None
    alias: str | None = None
    type: str | None = None
    layout: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What is stored of a template, checked."""

    name: str
    subject: str | None
    html: str | None
    text: str | None
    alias: str | None
    layout_id: int | None


def reference(text: str) -> Reference:
    """What a path names: digits are an id, anything else an alias."""
    return int(text) if text.isascii() and text.isdigit() else text


def not_found(wanted: Reference | None) -> Refused:
    """The refusal of a reference that leads nowhere, or of none at all."""
    if isinstance(wanted, str):
        return Refused(Problem.TEMPLATE_ALIAS_NOT_FOUND)
    return Refused(Problem.TEMPLATE_NOT_FOUND)


def parse_type(text: str) -> TemplateType | None:
    """The type of this name, in any case."""
    return _BY_NAME.get(text.lower())


_BY_NAME = {kind.value.lower(): kind for kind in TemplateType}
