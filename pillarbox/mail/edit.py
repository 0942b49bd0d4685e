"""Changing the bodies of a finished message where they stand; all other bytes stay.

Bodies are handed out one character an octet: their charset does not matter as long as it agrees with ASCII.
Parts of a multipart/signed are never handed out: changing them would break what they are there for.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pillarbox.mail import mime_tree, parameters, transfer
from pillarbox.mail.mime_tree import Node, Splitter

_FOREIGN = ("utf-16", "utf16", "utf-32", "utf32", "utf-7", "utf7", "hz", "ucs-2", "unicode-1-1")


@dataclass(slots=True)
class Body:
    """A text or HTML body that may be changed; `text` has one character for each octet."""

    is_html: bool
    text: str


def edit_bodies(raw: bytes, change: Callable[[list[Body]], None]) -> bytes:
    """The message after `change` was let loose on its bodies, in their order.

    Attachments, messages in the message and whatever is signed are none of them. What changed is encoded anew when
    it has to be; the result is as 7-bit as the message was.
    """
    nodes: list[Node] = []
    _collect(raw, Splitter(raw).message(), nodes)
    bodies = [Body(node.content_type == "text/html", _content(raw, node)) for node in nodes]
    before = [body.text for body in bodies]
    change(bodies)
    pieces: list[bytes] = []
    written = 0
    for node, body, text in zip(nodes, bodies, before, strict=True):
        if body.text != text:
            pieces.append(raw[written : node.start])
            pieces += _entity(raw, node, body.text.encode("latin-1"))
            written = node.end
    pieces.append(raw[written:])
    return b"".join(pieces)


def replace_fields(raw: bytes, names: frozenset[str], lines: list[bytes]) -> bytes:
    """The message without the fields of these lower-case names, and with these lines at the header's end."""
    head = Splitter(raw).head(0, len(raw), limit=mime_tree.MAX_HEADERS)
    pieces: list[bytes] = []
    end = 0
    for found in head.fields:
        if found.key not in names:
            pieces.append(raw[found.start : found.end])
        end = found.end
    return b"".join([*pieces, *lines, raw[end:]])


def _collect(raw: bytes, node: Node, found: list[Node]) -> None:
    if node.is_opaque or node.content_type == "multipart/signed":
        return
    for child in node.children:
        _collect(raw, child, found)
    if not node.children and node.content_type in ("text/plain", "text/html"):
        charset = node.parameters.get("charset", "").strip().lower()
        if not charset.startswith(_FOREIGN) and not _is_attachment(raw, node):
            found.append(node)


def _is_attachment(raw: bytes, node: Node) -> bool:
    value = mime_tree.value_of(raw, node, "content-disposition")
    disposition, given = parameters.split(value) if value else ("", {})
    return disposition == "attachment" or bool(given.get("filename") or node.parameters.get("name"))


def _content(raw: bytes, node: Node) -> str:
    encoding = mime_tree.encoding_of(raw, node)
    return transfer.decode(raw[node.body : node.end], encoding).decode("latin-1")


def _entity(raw: bytes, node: Node, content: bytes) -> list[bytes]:
    """The pieces of an entity with another content."""
    encoding = mime_tree.encoding_of(raw, node)
    is_last = node.end == len(raw)
    if encoding in ("", "7bit", "8bit", "binary") and transfer.is_seven_bit(content):
        return [raw[node.start : node.body], _ended(content, is_last=is_last)]
    if transfer.has_even_line_ends(content):
        name, text = transfer.encode_text(content)
    else:
        name, text = b"base64", transfer.encode_base64(content)
    pieces = [
        raw[found.start : found.end]
        for found in node.fields
        if found.key != "content-transfer-encoding"
    ]
    fields_end = node.fields[-1].end if node.fields else node.start
    pieces.append(b"Content-Transfer-Encoding: %b\r\n" % name)
    pieces.append(raw[fields_end : node.body] or b"\r\n")
    pieces.append(_ended(text, is_last=is_last))
    return pieces


def _ended(text: bytes, *, is_last: bool) -> bytes:
    return text + b"\r\n" if is_last and not text.endswith(b"\n") else text
