"""Reading received messages: headers, bodies, attachments. Total: whatever arrives, a Message comes out.

What was wrong is listed in `defects`; nothing raises. Where parts begin and end is decided in
mime_tree.py, at once; a value or a part is decoded when it is first asked for, because submission asks for few.
Source: RFC 5322, 2045 to 2047; spec inbound 3; limits of the design's quality page.
"""

from dataclasses import dataclass

from msgspec import Struct

from pillarbox.mail import charsets, headers, mime_tree, parameters, seven_bit, transfer
from pillarbox.mail.mime_tree import MAX_HEADERS, Node, Splitter

to_seven_bit = seven_bit.to_seven_bit

_EXTENSIONS = {
    "text/plain": "txt",
    "text/html": "html",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/rfc822-headers": "txt",
    "message/delivery-status": "txt",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/pgp-signature": "asc",
    "application/pkcs7-signature": "p7s",
}


class Header(Struct, frozen=True, gc=False):
    """One header field; `raw` is all of it, from its name to its line end, `key` its name in lower case."""

    name: str
    key: str
    raw: bytes

    @property
    def value(self) -> str:
        """The value, unfolded and without CR, LF and NUL, but not decoded."""
        return mime_tree.unfolded(self.raw.partition(b":")[2])

    @property
    def decoded(self) -> str:
        """The value with its encoded words decoded."""
        return headers.decode(self.value)


@dataclass(slots=True)
class Attachment:
    """A part that is no body. `name` is never empty and has no path; `content_id` has no brackets.

    `has_name` is false when the name was made up here. Inline is what its sender wanted shown with the
    HTML: said so, or has a content id and did not say attachment.
    """

    name: str
    content_type: str
    content: bytes
    content_id: str | None
    is_inline: bool
    has_name: bool


def parse(raw: bytes) -> "Message":
    """Read a message; never raises.

    The text is the first text/plain that is no attachment (in an alternative the last; several in a
    mixed one after the other), the HTML the first text/html. All other leaves, messages in the
    message included, are attachments.
    """
    return Message(raw)


def split_head(raw: bytes) -> tuple[list[tuple[str, bytes]], int]:
    """The top header fields, each with its complete bytes up to its line end, and the body's offset.

    The blank line belongs to neither. A line that is no header field begins the body. Fields beyond
    1000 are left out, and the body still begins after the blank line.
    """
    head = Splitter(raw).head(0, len(raw), limit=MAX_HEADERS)
    return [(found.name, raw[found.start : found.end]) for found in head.fields], head.body


class Message:
    """A message as read. Bodies keep the line ends they came with.

    `headers` and `body_at` are the fields and the offset of `split_head`; an mbox line before them is left out.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._splitter = Splitter(raw)
        self._root = self._splitter.message()
        self.headers = [Header(at.name, at.key, raw[at.start : at.end]) for at in self._root.fields]
        self.body_at = self._root.body
        # What is read once it is asked for. Not cached_property: it takes a lock each time.
        self._nodes: tuple[list[Node], Node | None] | None = None
        self._texts: tuple[str | None, str | None] | None = None
        self._attachments: list[Attachment] | None = None

    def header(self, name: str) -> str | None:
        """The decoded value of the first header of this name, in any case."""
        for header in self.headers_named(name):
            return header.decoded
        return None

    def headers_named(self, name: str) -> list[Header]:
        """All headers of this name, in any case and in order."""
        key = name.lower()
        return [header for header in self.headers if header.key == key]

    @property
    def text(self) -> str | None:
        """The text body, None when there is none."""
        return self._read_texts()[0]

    @property
    def html(self) -> str | None:
        """The HTML body, None when there is none."""
        return self._read_texts()[1]

    @property
    def attachments(self) -> list[Attachment]:
        """All leaves that are no body."""
        if self._attachments is None:
            self._attachments = []
            texts, html = self._bodies()
            bodies = {id(node) for node in [*texts, html]}
            self._attach(self._root, bodies, self._attachments)
        return self._attachments

    @property
    def defects(self) -> list[str]:
        """What was wrong with the message, in words; everything is read to find out."""
        _ = self.text, self.html, self.attachments
        return self._splitter.defects

    def _bodies(self) -> tuple[list[Node], Node | None]:
        if self._nodes is None:
            self._nodes = self._choose(self._root)
        return self._nodes

    def _read_texts(self) -> tuple[str | None, str | None]:
        if self._texts is None:
            texts, html = self._bodies()
            self._texts = (
                _together([self._text(node) for node in texts]) if texts else None,
                None if html is None else self._text(html),
            )
        return self._texts

    def _choose(self, node: Node) -> tuple[list[Node], Node | None]:
        """The leaves that make the text body and the HTML body."""
        if not node.children:
            if node.content_type == "text/plain" and not self._is_attachment(node):
                return [node], None
            if node.content_type == "text/html" and not self._is_attachment(node):
                return [], node
            return [], None
        texts: list[Node] = []
        html: Node | None = None
        for child in node.children:
            more, other = self._choose(child)
            if node.content_type == "multipart/alternative":
                texts, html = more or texts, other or html
            else:
                texts, html = texts + more, html or other
        return texts, html

    def _is_attachment(self, node: Node) -> bool:
        disposition, found = self._disposition(node)
        return disposition == "attachment" or bool(found.get("filename") or _name_in_type(node))

    def _disposition(self, node: Node) -> tuple[str, dict[str, str]]:
        value = mime_tree.value_of(self._raw, node, "content-disposition")
        return parameters.split(value) if value else ("", {})

    def _content(self, node: Node) -> bytes:
        encoding = mime_tree.encoding_of(self._raw, node)
        if not transfer.is_known(encoding):
            self._splitter.note("unknown Content-Transfer-Encoding")
        return transfer.decode(self._raw[node.body : node.end], encoding)

    def _text(self, node: Node) -> str:
        charset = node.parameters.get("charset", "us-ascii").partition(" ")[0]
        if not charsets.is_known(charset):
            self._splitter.note("unknown charset")
        return charsets.decode(self._content(node), charset)

    def _attach(self, node: Node, bodies: set[int], found: list[Attachment]) -> None:
        for child in node.children:
            self._attach(child, bodies, found)
        if not node.children and id(node) not in bodies:
            found.append(self._attachment(node, number=len(found) + 1))

    def _attachment(self, node: Node, *, number: int) -> Attachment:
        disposition, given = self._disposition(node)
        name = _file_name(given.get("filename") or _name_in_type(node))
        content_id = mime_tree.value_of(self._raw, node, "content-id").strip("<> \t") or None
        is_inline = disposition == "inline" or (not disposition and content_id is not None)
        return Attachment(
            name=name or _made_up_name(node.content_type, number),
            content_type=_shown_type(node),
            content=self._content(node),
            content_id=content_id,
            is_inline=is_inline,
            has_name=bool(name),
        )


def _together(texts: list[str]) -> str:
    """Several text parts as one text, each beginning on a line of its own."""
    pieces: list[str] = []
    for text in filter(None, texts):
        if pieces and not pieces[-1].endswith("\n"):
            pieces.append("\n")
        pieces.append(text)
    return "".join(pieces)


def _name_in_type(node: Node) -> str:
    return node.parameters.get("name", "")


def _file_name(name: str) -> str:
    """A file name without directories and control characters."""
    name = name.replace("\\", "/").rpartition("/")[2]
    return "".join([character if character.isprintable() else "_" for character in name]).strip()


def _made_up_name(content_type: str, number: int) -> str:
    if content_type == "message/rfc822":
        return "message.eml"
    return f"attachment-{number}.{_EXTENSIONS.get(content_type, 'bin')}"


def _shown_type(node: Node) -> str:
    """The media type with its parameters, except the file name and what no parameter can be called."""
    shown = [node.content_type]
    for name, value in node.parameters.items():
        if name != "name" and headers.is_token(name):
            shown.append(
                f"{name}={value}" if headers.is_token(value) else headers.parameter(name, value)
            )
    return "; ".join(shown)
