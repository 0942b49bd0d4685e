"""The parts that a message is built of, as rows of a table: types, encodings, sizes. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from pillarbox.mail import headers, mime_tree, parameters
from pillarbox.mail.mime_tree import Node, Splitter

_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One MIME entity. `number` is its place (1.2: the second part of the first), `size` its body as sent."""

    number: str
    depth: int
    content_type: str
    charset: str
    encoding: str
    disposition: str
    name: str
    content_id: str
    size: int
    parts: int


def parts(raw: bytes, *, most: int) -> tuple[list[Part], int]:
    """The first parts in the order of the message, and how many there are in all."""
    root = Splitter(raw, has_inner_messages=True).message()
    found: list[Part] = []
    total = 0
    for number, depth, node in _walk(root):
        total += 1
        if len(found) < most:
            found.append(_part(raw, node, number=number, depth=depth))
    return found, total


def _walk(root: Node) -> Iterator[tuple[str, int, Node]]:
    waiting = [("", 0, root)]
    while waiting:
        number, depth, node = waiting.pop()
        yield number or "whole", depth, node
        dot = "." if number else ""
        inner = enumerate(node.children, start=1)
        waiting += reversed([(f"{number}{dot}{at}", depth + 1, child) for at, child in inner])


def _part(raw: bytes, node: Node, *, number: str, depth: int) -> Part:
    disposition, given = parameters.split(mime_tree.value_of(raw, node, "content-disposition"))
    name = given.get("filename") or node.parameters.get("name", "")
    charset = node.parameters.get("charset", "")
    return Part(
        number=number if len(number) <= 20 else f"…{number[-20:]}",
        depth=depth,
        content_type=node.content_type[:_LONGEST],
        charset=charset[:_LONGEST],
        encoding=mime_tree.encoding_of(raw, node)[:_LONGEST],
        disposition=disposition[:_LONGEST],
        name=headers.decode(name)[:_LONGEST],
        content_id=mime_tree.value_of(raw, node, "content-id")[:_LONGEST],
        size=node.end - node.body,
        parts=len(node.children),
    )
