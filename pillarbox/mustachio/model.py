"""What a template is once it is parsed, and what may be wrong with its text."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value is, seen from the context a token stands in: so many contexts up, then down by names."""

    text: str
    ups: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A value to print. name: set when the path is just one name, as nearly all are."""

    path: Path
    name: str | None
    escapes: bool


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Body:
    """The inside of a block.

    steps: what going through it once costs, blocks inside it not counted. size: characters of its literal text.
    """

    nodes: "tuple[Node, ...]"
    steps: int
    size: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Section:
    """A block rendered once, in the context of its path, if the value is truthy (inverted: falsy)."""

    path: Path
    body: Body
    inverted: bool


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Loop:
    """A block rendered once for each element of an array."""

    path: Path
    body: Body


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Where a layout takes in its content."""


Block: TypeAlias = Section | Loop | Placeholder
Node: TypeAlias = str | Value | Block


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Template:
    """A parsed text. placeholders: how many `{{{ @content }}}` it has."""

    body: Body
    placeholders: int


@dataclass(frozen=True, slots=True, order=True)
class TemplateError:
    """What is wrong at a place. line and position count from 1; position counts UTF-16 units of the line."""

    line: int
    position: int
    message: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """The outcome of parsing: a template, or at least one error in the order of the text."""

    template: Template | None
    errors: tuple[TemplateError, ...]
