"""Content transfer encodings of RFC 2045 section 6: base64, quoted-printable, and whether 7 bit will do.

Decoding is total: what a broken sender wrote is decoded as far as it goes.
"""

import binascii

LINE_LIMIT = 998  # octets without the line end, RFC 5322 section 2.1.1

_BASE64_LINE = 76
_BASE64_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64_ALPHABET + b"="))
_QUOTED = bytes(set(range(256)) - set(range(0x20, 0x7F)) - set(b"\t\r\n")) + b"="


def has_long_line(data: bytes) -> bool:
    """Whether a line of `data` is longer than RFC 5322 allows (998 octets without CRLF)."""
    position, size = 0, len(data)
    while size - position > LINE_LIMIT:
        line_end = data.rfind(b"\n", position, position + LINE_LIMIT + 2)
        if line_end < 0 or (line_end == position + LINE_LIMIT + 1 and data[line_end - 1] != 0x0D):
            return True
        position = line_end + 1
    return False


def is_seven_bit(data: bytes) -> bool:
    """Whether `data` may travel as it is (RFC 2045 section 2.7): ASCII, no NUL, no long line.

    Does not look for bare CR or LF.
    """
    return data.isascii() and b"\0" not in data and not has_long_line(data)


def has_even_line_ends(data: bytes) -> bool:
    """Whether every CR and every LF stands in a CRLF."""
    rest = data.replace(b"\r\n", b"")  # half of what it takes to count all three
    return b"\n" not in rest and b"\r" not in rest


def encode_base64(data: bytes) -> bytes:
    """Base64 in lines of 76 characters, CRLF between them, none at the end."""
    text = binascii.b2a_base64(data, newline=False)
    if len(text) <= _BASE64_LINE:
        return text
    return b"\r\n".join([text[at : at + _BASE64_LINE] for at in range(0, len(text), _BASE64_LINE)])


def encode_text(data: bytes) -> tuple[bytes, bytes]:
    """Name of the shorter encoding for text with CRLF line ends, and the encoded text.

    Quoted-printable or base64, decided by the number of octets that need quoting.
    """
    quoted = len(data) - len(data.translate(None, _QUOTED))
    if 2 * quoted > len(data) * 0.33 + 4:
        return b"base64", encode_base64(data)
    if data.endswith(b"\n"):
        return b"quoted-printable", binascii.b2a_qp(data)
    # b2a_qp takes the line end for its soft breaks from the first one it sees.
    return b"quoted-printable", binascii.b2a_qp(data + b"\r\n")[:-2]


def decode(data: bytes, encoding: str) -> bytes:
    """Undo a Content-Transfer-Encoding (lower case); an unknown one leaves `data` alone."""
    if encoding == "base64":
        return decode_base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    return data


def is_known(encoding: str) -> bool:
    """Whether this Content-Transfer-Encoding (lower case) is one of RFC 2045."""
    return encoding in ("", "7bit", "8bit", "binary", "base64", "quoted-printable")


def decode_base64(data: bytes) -> bytes:
    """Base64 decoded up to its padding; foreign characters are skipped, a missing end is supplied."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        text = data.translate(None, _NOT_BASE64)
    try:
        return binascii.a2b_base64(text + b"==")
    except binascii.Error:
        # One character over: it holds six bits of an octet whose rest is missing.
        return binascii.a2b_base64(text.rstrip(b"=")[:-1])
