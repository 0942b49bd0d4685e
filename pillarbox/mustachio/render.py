"""Rendering: a template and a model become text, within a budget.

Contexts form a chain, one link a path element and one a loop item; names are looked up in the current one only.
A block's cost is taken when it is entered, for all its rounds at once, so that what would explode ends at once.
Source: spec templates 6.2 to 6.5, 6.9.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pillarbox.mustachio.model import (
    Block,
    Body,
    Loop,
    Node,
    Path,
    Placeholder,
    Section,
    Template,
    Value,
)
from pillarbox.mustachio.text import as_html, text_of

_NOT_AN_ARRAY = (
    "'%s' is used like an array by the template, but is a scalar value or object in your model."
)
_TOO_MANY_STEPS = "The template takes too many steps to render with this model."
_TOO_LARGE = "The template renders to more text with this model than a message may have."

Scope: TypeAlias = "tuple[Any, Scope | None]"
"""A context: its value, and the context above it."""

_Rounds: TypeAlias = Iterator[Scope]
_EMPTY = Body((), 0, 0)


class RenderError(Exception):
    """A template that cannot be rendered with this model; its text is for the sender of the message."""


class BudgetExceeded(RenderError):
    """Rendering would take more work or give more text than its budget has."""


@dataclass(slots=True)
class Budget:
    """What rendering may still cost; one is shared by all parts of a message, and goes down.

    steps: tokens and path elements gone through, about a million a second. size: octets of UTF-8 made. By default
    there is room for two bodies of 5 MB and a subject. A rendering that fails takes its steps, but no size.
    """

    steps: int = 1_000_000
    size: int = 10_500_000


def render(
    template: Template,
    model: Mapping[str, Any],
    *,
    escapes: bool,
    content: Template | None = None,
    budget: Budget | None = None,
) -> str:
    """The text of a template.

    model: what a JSON decoder gives: dict, list, str, bool, int, float (or Decimal), None.
    escapes: whether values are encoded as HTML; for HtmlBody only.
    content: what stands at the placeholder of a layout, in the scope there; without it nothing does.
    budget: a new one if not given.

    Raises RenderError: a loop over what is no array; BudgetExceeded, which is one too.
    Raises ValueError: the content is a layout itself.
    """
    if content is not None and content.placeholders:
        raise ValueError("content cannot have a placeholder")
    budget = Budget() if budget is None else budget
    rendering = _Rendering(escapes, _EMPTY if content is None else content.body, budget)
    try:
        rendering.run(template.body, (model if isinstance(model, dict) else dict(model), None))
    finally:
        budget.steps = max(0, rendering.steps)
    text = "".join(rendering.out)
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > budget.size:
        raise BudgetExceeded(_TOO_LARGE)
    budget.size -= size
    return text


class _Rendering:
    """One run. room: characters that may still be written, a limit that holds before octets are counted."""

    __slots__ = ("_content", "_escapes", "_room", "out", "steps")

    def __init__(self, escapes: bool, content: Body, budget: Budget) -> None:
        self._content = content
        self._escapes = escapes
        self._room = budget.size
        self.steps = budget.steps
        self.out: list[str] = []

    def run(self, body: Body, scope: Scope) -> None:
        """Write a body and all blocks in it, with a stack of our own: templates nest as deeply as they like."""
        outer: list[tuple[Iterator[Node], Scope, tuple[Node, ...], _Rounds]] = []
        nodes, rounds = self._rounds_of(body, [scope])
        rest: Iterator[Node] = iter(())
        while True:
            block = self._write(rest, scope)
            if block is not None:
                outer.append((rest, scope, nodes, rounds))
                nodes, rounds = self._enter(block, scope)
            following = next(rounds, None)
            if following is not None:
                rest, scope = iter(nodes), following
            elif outer:
                rest, scope, nodes, rounds = outer.pop()
            else:
                return

    def _write(self, nodes: Iterator[Node], scope: Scope) -> Block | None:
        """Write what comes before the next block, and give that back."""
        out, room, escapes = self.out, self._room, self._escapes
        names = scope[0] if isinstance(scope[0], dict) else {}
        for node in nodes:
            if isinstance(node, str):
                out.append(node)
                continue
            if not isinstance(node, Value):
                self._room = room
                return node
            value = _look_up(scope, node.path)[0] if node.name is None else names.get(node.name)
            text = value if type(value) is str else text_of(value)
            if len(text) > room:
                raise BudgetExceeded(_TOO_LARGE)
            if escapes and node.escapes:
                text = as_html(text)
            room -= len(text)
            out.append(text)
        self._room = room
        return None

    def _enter(self, block: Block, scope: Scope) -> tuple[tuple[Node, ...], _Rounds]:
        """The inside of a block and the contexts to write it in, one after the other."""
        if isinstance(block, Placeholder):
            return self._rounds_of(self._content, [scope])
        inner = _look_up(scope, block.path)
        if isinstance(block, Section):
            return self._rounds_of(block.body, [] if bool(inner[0]) is block.inverted else [inner])
        return self._rounds_of(block.body, _items(block, inner))

    def _rounds_of(self, body: Body, scopes: list[Scope]) -> tuple[tuple[Node, ...], _Rounds]:
        self.steps -= body.steps * len(scopes)
        if self.steps < 0:
            raise BudgetExceeded(_TOO_MANY_STEPS)
        self._room -= body.size * len(scopes)
        if self._room < 0:
            raise BudgetExceeded(_TOO_LARGE)
        return body.nodes, iter(scopes)


def _items(loop: Loop, inner: Scope) -> list[Scope]:
    value = inner[0]
    if not value:
        return []
    if not isinstance(value, list):
        raise RenderError(_NOT_AN_ARRAY % loop.path.text)
    return [(item, inner) for item in value]


def _look_up(scope: Scope, path: Path) -> Scope:
    for _ in range(path.ups):
        if scope[1] is None:
            break
        scope = scope[1]
    for name in path.names:
        value = scope[0]
        scope = (value.get(name) if isinstance(value, dict) else None, scope)
    return scope
