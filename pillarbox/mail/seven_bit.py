"""Making a message fit for any receiver: 8-bit and over-long body lines are encoded where they stand.

Everything else in the message keeps its bytes, so that only what had to change is changed.
"""

from pillarbox.mail import mime_tree, transfer
from pillarbox.mail.mime_tree import Node, Splitter

_FIELD = b"Content-Transfer-Encoding: %b\r\n"


def to_seven_bit(raw: bytes) -> bytes:
    """The message with every leaf body in 7 bit and lines of at most 998 octets.

    Only leaves that need it are encoded, as quoted-printable or base64; the parts of a
    multipart/signed are never touched, nor are headers. A message without 8-bit octets, NULs and
    long lines is returned as it is. Source: RFC 6152 section 3, RFC 2045 section 6.
    """
    if transfer.is_seven_bit(raw):
        return raw
    root = Splitter(raw, has_inner_messages=True).message()
    pieces: list[bytes] = []
    rewriter = _Rewriter(raw, pieces)
    rewriter.mark(root)
    pieces.append(raw[rewriter.rewrite(root, 0) :])
    return b"".join(pieces)


class _Rewriter:
    """Copies a message into pieces, from front to back, replacing what needs it."""

    def __init__(self, raw: bytes, pieces: list[bytes]) -> None:
        self._raw = raw
        self._pieces = pieces
        self._unfit: set[int] = set()

    def mark(self, node: Node) -> bool:
        """Note which nodes need a change, for themselves or for something in them."""
        if node.is_opaque or node.content_type == "multipart/signed":
            return False
        if node.children:
            marked = [self.mark(child) for child in node.children]
            is_unfit = True in marked
        else:
            is_unfit = not transfer.is_seven_bit(self._raw[node.body : node.end])
        if is_unfit:
            self._unfit.add(id(node))
        return is_unfit

    def rewrite(self, node: Node, written: int) -> int:
        """Write everything up to some offset in this node; give back that offset."""
        if id(node) not in self._unfit:
            return written
        if not node.children:
            return self._encode(node, written)
        if mime_tree.encoding_of(self._raw, node) in ("8bit", "binary") and not _has_frozen(node):
            written = self._head(node, b"7bit", written)
        for child in node.children:
            written = self.rewrite(child, written)
        return written

    def _encode(self, node: Node, written: int) -> int:
        body = self._raw[node.body : node.end]
        content = transfer.decode(body, mime_tree.encoding_of(self._raw, node))
        if node.content_type.startswith("text/") and transfer.has_even_line_ends(content):
            name, text = transfer.encode_text(content)
        else:
            name, text = b"base64", transfer.encode_base64(content)
        self._head(node, name, written)
        self._pieces.append(text)
        if node.end == len(self._raw) and not text.endswith(b"\n"):
            self._pieces.append(b"\r\n")
        return node.end

    def _head(self, node: Node, encoding: bytes, written: int) -> int:
        """Write up to the body of the node, with one Content-Transfer-Encoding in its head."""
        self._pieces.append(self._raw[written : node.start])
        fields_end = node.fields[-1].end if node.fields else node.start
        for found in node.fields:
            if found.key != "content-transfer-encoding":
                self._pieces.append(self._raw[found.start : found.end])
        self._pieces.append(_FIELD % encoding)
        self._pieces.append(self._raw[fields_end : node.body] or b"\r\n")
        return node.body


def _has_frozen(node: Node) -> bool:
    """Whether something in this node keeps its 8-bit octets."""
    is_frozen = node.is_opaque or node.content_type == "multipart/signed"
    return is_frozen or any(map(_has_frozen, node.children))
