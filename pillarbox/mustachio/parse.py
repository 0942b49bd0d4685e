"""Parsing: a text becomes a template, or the list of all that is wrong with it.

Takes time in proportion to the text, whatever is in it. Source: spec templates 6.1 to 6.3, 6.7.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import ClassVar

from pillarbox.mustachio.model import (
    Body,
    Loop,
    Node,
    Parsed,
    Path,
    Placeholder,
    Section,
    Template,
    TemplateError,
    Value,
)
from pillarbox.mustachio.paths import path_of
from pillarbox.mustachio.tokens import Kind, Token, tokens_of

MAX_ERRORS = 1000
"""Errors after these are not reported."""

MAX_TOKENS = 100_000
"""A text with more, counting the text between tokens too, is not parsed to its end, which is an error too."""

_PATH = "The path '%s' is not valid. Please see documentation for examples of valid paths."
_LOOP_WITHOUT_PATH = (
    "The 'each' block being opened requires a model path "
    "to be specified in the form '{#each <name>}'."
)
_MISSPELT_LOOP_END = "The syntax to close the 'each' block should be: '{/each}'."
_STRAY_LOOP_END = (
    "An 'each' block is being closed, but no corresponding opening element "
    "('{#each <name>}') was detected."
)
_MISMATCH = "It appears that open and closing elements are mismatched."
_NOT_CLOSED = (
    "A scope block to the following path was opened but not closed: '%s', "
    "please close it using the appropriate syntax."
)
_TOO_MANY_TOKENS = "The template has too many elements."

_NOWHERE = Path("", 0, ())
_PLACEHOLDER = Placeholder()
_LOOPS = (Kind.LOOP, Kind.LOOP_WITHOUT_PATH)


def parse(text: str) -> Parsed:
    """Parse one part of a template: a subject, an HTML body or a text body."""
    parser = _Parser()
    tokens = tokens_of(text)
    for token in islice(tokens, MAX_TOKENS):
        parser.take(token)
    parser.finish(next(tokens, None))
    if parser.faults:
        return Parsed(None, tuple(_errors(text, parser.faults)))
    return Parsed(Template(_body(parser.root.nodes), parser.placeholders), ())


@dataclass(slots=True)
class _Open:
    """A block that is not closed yet."""

    opener: Kind
    text: str
    path: Path
    at: int
    nodes: list[Node] = field(default_factory=list)

    def closed(self) -> Section | Loop:
        body = _body(self.nodes)
        if self.opener in _LOOPS:
            return Loop(self.path, body)
        return Section(self.path, body, self.opener is Kind.INVERTED)


@dataclass(frozen=True, slots=True)
class _Fault:
    at: int
    text: str
    hole: str | None = None

    def message(self) -> str:
        return self.text if self.hole is None else self.text % self.hole


class _Parser:
    def __init__(self) -> None:
        self.root = _Open(Kind.LITERAL, "", _NOWHERE, 0)
        self.blocks = [self.root]
        self.faults: list[_Fault] = []
        self.placeholders = 0

    def take(self, token: Token) -> None:
        self._TAKE[token.kind](self, token)

    def finish(self, following: Token | None) -> None:
        """Find what only the end of the text tells. following: a token that is one too many."""
        if following is None:
            self.faults += [_Fault(block.at, _NOT_CLOSED, block.text) for block in self.blocks[1:]]
        else:
            self.faults.append(_Fault(following.at, _TOO_MANY_TOKENS))
        self.faults.sort(key=lambda fault: fault.at)

    def _literal(self, token: Token) -> None:
        self.blocks[-1].nodes.append(token.content)

    def _comment(self, token: Token) -> None:
        """Nothing comes of it."""

    def _value(self, token: Token) -> None:
        path = self._path(token)
        name = path.names[0] if not path.ups and len(path.names) == 1 else None
        self.blocks[-1].nodes.append(Value(path, name, token.kind is Kind.VALUE))

    def _section(self, token: Token) -> None:
        # An opener with the path of the block it stands in is an "else": it closes that block.
        if self._is_innermost(token):
            self._close()
        self._open(token)

    def _end(self, token: Token) -> None:
        if self._is_innermost(token):
            self._close()
        else:
            self.faults.append(_Fault(token.at, _MISMATCH))

    def _loop_without_path(self, token: Token) -> None:
        self.faults.append(_Fault(token.at, _LOOP_WITHOUT_PATH))
        self.blocks.append(_Open(token.kind, token.content, _NOWHERE, token.at))

    def _loop_end(self, token: Token) -> None:
        if self.blocks[-1].opener in _LOOPS:
            self._close()
        else:
            self.faults.append(_Fault(token.at, _STRAY_LOOP_END))

    def _misspelt_loop_end(self, token: Token) -> None:
        self.faults.append(_Fault(token.at, _MISSPELT_LOOP_END))

    def _content(self, token: Token) -> None:
        self.placeholders += 1
        self.blocks[-1].nodes.append(_PLACEHOLDER)

    def _open(self, token: Token) -> None:
        # A block with a bad path is opened all the same, so that closing it is not a second error.
        self.blocks.append(_Open(token.kind, token.content, self._path(token), token.at))

    def _close(self) -> None:
        block = self.blocks.pop()
        self.blocks[-1].nodes.append(block.closed())

    def _is_innermost(self, token: Token) -> bool:
        """Whether the path of a token is that of the innermost section; loops are closed in another way."""
        block = self.blocks[-1]
        is_section = block.opener in (Kind.SECTION, Kind.INVERTED)
        return is_section and block.text == token.content

    def _path(self, token: Token) -> Path:
        path = path_of(token.content)
        if path is None:
            self.faults.append(_Fault(token.at, _PATH, token.content))
            return _NOWHERE
        return path

    _TAKE: ClassVar[dict[Kind, Callable[["_Parser", Token], None]]] = {
        Kind.LITERAL: _literal,
        Kind.VALUE: _value,
        Kind.RAW_VALUE: _value,
        Kind.SECTION: _section,
        Kind.INVERTED: _section,
        Kind.END: _end,
        Kind.LOOP: _open,
        Kind.LOOP_WITHOUT_PATH: _loop_without_path,
        Kind.LOOP_END: _loop_end,
        Kind.MISSPELT_LOOP_END: _misspelt_loop_end,
        Kind.CONTENT: _content,
        Kind.COMMENT: _comment,
    }


def _body(nodes: list[Node]) -> Body:
    steps, size = 1, 0
    for node in nodes:
        steps += 1
        if isinstance(node, str):
            size += len(node)
        elif not isinstance(node, Placeholder):
            steps += node.path.ups + len(node.path.names)
    return Body(tuple(nodes), steps, size)


def _errors(text: str, faults: Iterable[_Fault]) -> Iterator[TemplateError]:
    """The faults, sorted by their place, with that place in lines and UTF-16 units."""
    line, position, seen = 1, 1, 0
    for fault in islice(faults, MAX_ERRORS):
        breaks = text.count("\n", seen, fault.at)
        if breaks:
            line += breaks
            position = 1
            seen = text.rindex("\n", seen, fault.at) + 1
        position += len(text[seen : fault.at].encode("utf-16-le", "surrogatepass")) // 2
        seen = fault.at
        yield TemplateError(line, position, fault.message())
