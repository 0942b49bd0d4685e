"""The structure of a received message as offsets into its bytes: nothing is copied, nothing decoded.

Total, and linear in the size of the message times its depth. What goes beyond the limits stays one
opaque leaf. Both CRLF and LF end a line; a bare CR does not.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from pillarbox.mail import charsets, headers, parameters

MAX_DEPTH = 50
MAX_PARTS = 1000
MAX_HEADERS = 1000
_MAX_PART_HEADERS = 100
_LONGEST_BOUNDARY = 1000
_OPAQUE = "application/octet-stream"
_TEXT = "text/plain"

# A name, perhaps blanks (obsolete, but sent), a colon, the value, and its continuation lines.
_field = re.compile(rb"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*)(?:\n|\Z)").match
_blank_line = re.compile(rb"\n\r?\n").search
_mbox_line = re.compile(rb"From [^\n]*+\n").match
_delimiter_end = re.compile(rb"(--)?[ \t]*+\r?(?:\n|\Z)").match
_media_type = re.compile(r"[^\s/()<>@,;:\\\"\[\]?=]+/[^\s/()<>@,;:\\\"\[\]?=]+").fullmatch


class Field(Struct, gc=False):
    """One header field: its name, the same in lower case, and where it stands.

    `value` is the offset after the colon, `end` that after the CRLF.
    """

    name: str
    key: str
    start: int
    value: int
    end: int


class Node(Struct, kw_only=True):
    """One MIME entity: head from `start`, body from `body` to `end`."""

    start: int
    body: int
    end: int
    fields: list[Field]
    content_type: str
    parameters: dict[str, str] = {}
    children: list["Node"] = []
    is_opaque: bool = False
    """Left whole because it is beyond a limit; it may hold parts of its own."""


class Head(Struct, kw_only=True, gc=False):
    """The header fields at the start of an entity, and where its body begins."""

    fields: list[Field]
    body: int


def text_of(raw: bytes, header: Field) -> str:
    """A field's value on one line, blanks at its ends removed, encoded words still encoded."""
    return unfolded(raw[header.value : header.end])


def unfolded(value: bytes) -> str:
    """What stands behind the colon of a field, as `text_of` gives it."""
    return headers.unfold(charsets.decode(value).strip(" \t\r\n"))


def value_of(raw: bytes, node: Node, name: str) -> str:
    """The value of an entity's first field of this lower-case name, as `text_of`; empty if absent."""
    for found in node.fields:
        if found.key == name:
            return text_of(raw, found)
    return ""


def encoding_of(raw: bytes, node: Node) -> str:
    """The entity's Content-Transfer-Encoding, lower case, without comments; empty if absent."""
    value = value_of(raw, node, "content-transfer-encoding")
    return value.partition(";")[0].partition("(")[0].strip().lower()


class Splitter:
    """Cuts one message into its parts; `defects` says in words what was wrong with it."""

    def __init__(self, raw: bytes, *, has_inner_messages: bool = False) -> None:
        self.raw = raw
        self.defects: list[str] = []
        self._has_inner_messages = has_inner_messages
        self._parts = 0

    def note(self, defect: str) -> None:
        """Add a defect, once."""
        if defect not in self.defects:
            self.defects.append(defect)

    def message(self) -> Node:
        """The tree of the whole message."""
        start = 0
        if found := _mbox_line(self.raw):
            self.note("mbox line before the header")
            start = found.end()
        return self._node(start, len(self.raw), depth=0, default=_TEXT)

    def _node(self, start: int, end: int, *, depth: int, default: str) -> Node:
        self._parts += 1
        head = self.head(start, end, limit=_MAX_PART_HEADERS if depth else MAX_HEADERS)
        node = Node(start=start, body=head.body, end=end, fields=head.fields, content_type=default)
        if value := value_of(self.raw, node, "content-type"):
            node.content_type, node.parameters = parameters.split(value)
            if not _media_type(node.content_type):
                self.note("bad Content-Type")
                node.content_type = _TEXT
        if node.content_type.startswith("multipart/"):
            self._split(node, depth)
        elif node.content_type == "message/rfc822" and self._has_inner_messages:
            self._split_inner(node, depth)
        return node

    def head(self, start: int, end: int, *, limit: int) -> Head:
        """The header fields between two offsets; a line that is no field begins the body."""
        raw, position = self.raw, start
        fields: list[Field] = []
        while found := _field(raw, position, end):
            if len(fields) == limit:
                self.note("too many headers")
                blank = _blank_line(raw, position, end)
                return Head(fields=fields, body=blank.end() if blank else end)
            after = found.end()
            name = found[1].decode("ascii")
            fields.append(Field(name, name.lower(), position, found.start(2), after))
            position = after
        if raw.startswith(b"\r\n", position, end):
            position += 2
        elif raw.startswith(b"\n", position, end):
            position += 1
        elif position < end:
            self.note("no blank line after the header")
        return Head(fields=fields, body=position)

    def _split(self, node: Node, depth: int) -> None:
        boundary = node.parameters.get("boundary", "").strip()
        delimiter = b"\n--" + boundary.encode("utf-8", "replace")
        if depth >= MAX_DEPTH:
            self.note("nested too deeply")
            node.content_type = _OPAQUE
            node.is_opaque = True
            return
        if not boundary or len(boundary) > _LONGEST_BOUNDARY:
            self.note("multipart without boundary")
            node.content_type = _TEXT
            return
        default = "message/rfc822" if node.content_type == "multipart/digest" else _TEXT
        self._cut(node, delimiter, depth=depth, default=default)
        if not node.children:
            self.note("boundary never found")
            node.content_type = _TEXT

    def _cut(self, node: Node, delimiter: bytes, *, depth: int, default: str) -> None:
        start = -1
        for line_start, line_end, is_last in self._delimiters(node, delimiter):
            if start >= 0:
                # An empty part has no line end of its own before the delimiter's.
                end = max(start, line_start)
                node.children.append(self._node(start, end, depth=depth + 1, default=default))
            start = line_end
            if is_last:
                return
            if self._parts >= MAX_PARTS:
                self.note("too many parts")
                node.children.append(_opaque(start, node.end))
                return
        if start >= 0:
            self.note("multipart not closed")
            node.children.append(self._node(start, node.end, depth=depth + 1, default=default))

    def _delimiters(self, node: Node, delimiter: bytes) -> Iterator[tuple[int, int, bool]]:
        """Start, end and last-ness of each delimiter line.

        The line end before it belongs to it (RFC 2046 section 5.1.1). Other text after the boundary
        makes it an ordinary line: one boundary may begin with another.
        """
        raw, end, size = self.raw, node.end, len(delimiter)
        if raw.startswith(delimiter[1:], node.body, end):
            found = _delimiter_end(raw, node.body + size - 1, end)
            if found:
                yield node.body, found.end(), found.group(1) is not None
        position = node.body
        while (position := raw.find(delimiter, position, end)) >= 0:
            found = _delimiter_end(raw, position + size, end)
            if found:
                start = position - 1 if raw[position - 1] == 0x0D else position
                yield start, found.end(), found.group(1) is not None
                # The line end after it may be the one before the next.
                position = found.end() - 1
            else:
                position += size

    def _split_inner(self, node: Node, depth: int) -> None:
        if encoding_of(self.raw, node) in ("base64", "quoted-printable"):
            return
        if depth >= MAX_DEPTH or self._parts >= MAX_PARTS:
            self.note("nested too deeply")
            node.is_opaque = True
            return
        node.children.append(self._node(node.body, node.end, depth=depth + 1, default=_TEXT))


def _opaque(start: int, end: int) -> Node:
    return Node(start=start, body=start, end=end, fields=[], content_type=_OPAQUE, is_opaque=True)
