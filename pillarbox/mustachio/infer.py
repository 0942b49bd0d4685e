"""The model a template asks for: every path it uses, with made-up values. Source: spec templates 5, 6.8."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pillarbox.mustachio.model import Loop, Node, Path, Placeholder, Section, Template, Value

MAX_DEPTH = 30
MAX_NAMES = 10_000
"""Names that lie deeper, or come after so many others, are left out: a suggestion must fit into a request."""


def infer(templates: Iterable[Template]) -> dict[str, Any]:
    """One model for all these parts, its names in the order of their first use."""
    tree = _Tree()
    for template in templates:
        tree.add(template)
    return tree.root.children_shown()


def merge(suggested: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The given model as it is, then what is only in the suggested one; objects in both are merged likewise."""
    merged = {
        name: merge(suggested[name], value)
        if isinstance(value, dict) and isinstance(suggested.get(name), dict)
        else value
        for name, value in given.items()
    }
    return merged | {name: value for name, value in suggested.items() if name not in given}


@dataclass(slots=True, eq=False, repr=False)
class _Name:
    """A node of the tree, and how its path is used."""

    name: str
    parent: "_Name | None"
    depth: int
    children: "dict[str, _Name]" = field(default_factory=dict)
    is_printed: bool = False
    is_condition: bool = False
    is_array: bool = False

    def shown(self) -> Any:
        if self.is_array:
            if self.children:
                return [self.children_shown()]
            return [f"{self.name}_{number}" for number in (1, 2, 3)]
        if self.is_printed and not self.is_condition:
            return f"{self.name}_Value"
        return self.children_shown()

    def children_shown(self) -> dict[str, Any]:
        return {name: child.shown() for name, child in self.children.items()}


@dataclass(frozen=True, slots=True)
class _Place:
    """A node, or so many levels below a node that is too deep to be kept."""

    node: _Name
    beyond: int = 0


class _Tree:
    def __init__(self) -> None:
        self.root = _Name("", None, 0)
        self._room = MAX_NAMES

    def add(self, template: Template) -> None:
        place = _Place(self.root)
        nodes: Iterator[Node] = iter(template.body.nodes)
        outer: list[tuple[Iterator[Node], _Place]] = []
        while True:
            for node in nodes:
                if isinstance(node, str | Placeholder):
                    continue
                inner = self._go(place, node.path)
                _mark(inner, node)
                if not isinstance(node, Value):
                    outer.append((nodes, place))
                    nodes, place = iter(node.body.nodes), inner
                    break
            else:
                if not outer:
                    return
                nodes, place = outer.pop()

    def _go(self, place: _Place, path: Path) -> _Place:
        node, beyond = place.node, place.beyond
        for _ in range(path.ups):
            if beyond:
                beyond -= 1
            elif node.parent is not None:
                node = node.parent
            else:
                break
        for name in path.names:
            child = None if beyond else self._child(node, name)
            if child is None:
                beyond += 1
            else:
                node = child
        return _Place(node, beyond)

    def _child(self, node: _Name, name: str) -> _Name | None:
        child = node.children.get(name)
        if child is None and self._room and node.depth < MAX_DEPTH:
            self._room -= 1
            child = node.children[name] = _Name(name, node, node.depth + 1)
        return child


def _mark(place: _Place, node: Value | Section | Loop) -> None:
    if place.beyond:
        return
    if isinstance(node, Value):
        place.node.is_printed = True
    elif isinstance(node, Section):
        place.node.is_condition = True
    else:
        place.node.is_array = True
